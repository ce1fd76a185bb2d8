"""Releases of memberlist and Serf: their names, and which rules hold in each.

Two layers with releases of their own, as applications pin them. A release's name in a scenario is

* one of Serf, in full or short ("0.10.2", "0.10"), with the memberlist that its go.mod names;
* a product ("nomad-1.11") or "latest", which stand for a release of each layer;
* both: "0.10.2 with memberlist 0.6.0".

A node follows its own release. What it expects of a peer depends on the highest protocol version that the
peer announces: 3 answers TCP pings, 4 sends nacks, 5 understands a CRC and relays responses.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.rules import GRAFANA, MEMBERLIST, MEMBERLIST_RELEASES, RULES, SERF, SERF_RELEASES, Rule

# Names from before the layers were apart, and the only short ones that do not stand for the newest patch.
ALIASES: Final[dict[str, str]] = {"0.6": "0.6.4", "0.7": "0.7.0", "0.8": "0.8.0", "0.9": "0.9.4"}
RELEASES: Final = ("0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest")  # one for each era
BASELINE: Final = "0.9"
LATEST: Final = "latest"

# Serf's go.mod, or before 0.8.2 the commit that it vendored (spec versions.md section 1).
PINNED: Final[dict[str, str]] = {
    "0.6.4": "9a1e242",
    "0.7.0": "9888dc5",
    "0.8.0": "b2053e3",
    "0.8.1": "9800c50",
    "0.8.2": "0.1.3",
    "0.8.3": "0.1.3",
    "0.8.4": "0.1.3",
    "0.8.5": "0.1.3",
    "0.8.6": "0.1.3",
    "0.9.0": "0.2.0",
    "0.9.1": "0.2.2",
    "0.9.2": "0.2.2",
    "0.9.3": "0.2.2",
    "0.9.4": "0.2.2",
    "0.9.5": "0.2.2",
    "0.9.6": "0.3.0",
    "0.9.7": "0.3.0",
    "0.9.8": "0.3.0",
    "0.10.0": "0.4.0",
    "0.10.1": "0.5.0",
    "0.10.2": "0.5.2",
}

# What stands for a release of each layer: (Serf, memberlist).
PRODUCTS: Final[dict[str, tuple[str, str]]] = {
    "consul-1.14": ("0.10.1", "0.5.0"),
    "consul-1.16": ("0.10.1", "0.5.0"),
    "consul-1.22": ("0.10.1", "0.5.0"),
    "consul-2.0": ("0.10.2", "0.6.0"),
    "nomad-1.11": ("0.10.2", "0.5.4"),
    "docker-28": ("0.8.5", "0.4.0"),
    "moby-master": ("0.10.2", "0.5.4"),
    "mimir-3": ("0.10.2", GRAFANA),
}
PRODUCT_SOURCES: Final[dict[str, str]] = {
    "consul-1.14": "consul PR#14873 (2022-10-04) set both",
    "consul-1.16": "consul's go.mod at 44e6848 (api 1.22.0-rc1)",
    "consul-1.22": "derived: consul PR#14873 set both, PR#22080 that was to renew them was closed (2025-01),"
    " PR#23635 renewed them in 2026-06, after 1.22.0 (2025-10-28); no go.mod of 1.22 was read",
    "consul-2.0": "consul PR#23716 (2026-07-07, release/2.0.x): memberlist 0.5.4 to 0.6.0; Serf derived:"
    " PR#23675 needs the metrics that 0.10.2 brought",
    "nomad-1.11": "nomad PR#27296 (release/1.11.x): memberlist 0.5.3 to 0.5.4; Serf derived:"
    " go.mod at c4127ca had a commit of 0.10.2 already",
    "docker-28": "moby PR#51049 (2025-09 to 2026-04) names what it replaces; vendor.mod at 8e83d28 has both."
    " Of Serf only the Lamport clock is used",
    "moby-master": "moby PR#51049 (2026-04), in no release 28. Of Serf only the Lamport clock is used",
    "mimir-3": "grafana/memberlist at 6f9f62a (2025-11-26), dskit's settings as of mimir PR#13664 and"
    " its defaults since Mimir 2.17. There is no Serf in it: members here run that of 0.10.2 on top",
}

# Serf's lowest protocol version, and memberlist's, in all releases.
DELEGATE_MIN: Final = 2
PROTOCOL_MIN: Final = 1

RULE_OF: Final[dict[str, Rule]] = {rule.name: rule for rule in RULES}

# What a peer understands from which of its highest protocol versions on (spec memberlist.md section 11).
TCP_PING_VERSION: Final = 3
NACK_VERSION: Final = 4
CRC_VERSION: Final = 5
RELAY_VERSION: Final = 5

_WITH: Final = " with memberlist "


def releases_of(layer: str) -> tuple[str, ...]:
    """Return the releases of a layer in order."""
    return MEMBERLIST_RELEASES if layer == MEMBERLIST else SERF_RELEASES


def is_release(name: str, layer: str) -> bool:
    """Return whether a name is one of a layer's, in full or short."""
    releases = releases_of(layer)
    is_short = name.count(".") == 1
    return name in releases or (is_short and any(one.startswith(name + ".") for one in releases))


def full_name(name: str, layer: str) -> str:
    """Return the full name of a layer's release: of a short one that of its newest patch, but for ALIASES.

    Raises ValueError where no such release is known.
    """
    if layer == SERF and name in ALIASES:
        return ALIASES[name]
    releases = releases_of(layer)
    if name in releases:
        return name
    if not is_release(name, layer):
        raise ValueError(f"release: found '{name}'; expected a release of {layer} such as {releases[-1]}")
    found = name
    for release in releases:
        if release.startswith(name + "."):
            found = release
    return found


def layers_of(name: str) -> tuple[str, str]:
    """Return the full names of Serf's and memberlist's releases that a name stands for.

    Raises ValueError where no such release is known.
    """
    serf, _, memberlist = name.partition(_WITH)
    if serf == LATEST:
        found = (SERF_RELEASES[-1], MEMBERLIST_RELEASES[-1])
    elif serf in PRODUCTS:
        found = PRODUCTS[serf]
    else:
        full = full_name(serf, SERF)
        found = (full, PINNED[full])
    return found if not memberlist else (found[0], full_name(memberlist, MEMBERLIST))


def combined(name: str, memberlist: str) -> str:
    """Return the name of a release with another memberlist; "" keeps its own."""
    if not memberlist:
        return name
    serf, own = layers_of(name)
    full = full_name(memberlist, MEMBERLIST)
    return name if full == own else f"{serf}{_WITH}{full}" if PINNED[serf] != full else serf


def written_out(name: str) -> str:
    """Return what a name stands for: 'Serf 0.10.2 with memberlist 0.6.0'."""
    serf, memberlist = layers_of(name)
    return f"Serf {serf}{_WITH}{memberlist}"


def cannot_pair(serf: str, memberlist: str) -> str:
    """Return why a release of Serf never runs on one of memberlist, in full names; "" where it can."""
    needed = PINNED[serf]
    if MEMBERLIST_RELEASES.index(memberlist) >= MEMBERLIST_RELEASES.index(needed):
        return ""
    return f"Serf {serf} pins memberlist {needed}, and no build of it takes an older one"


def reaches(release: str, first: str, layer: str) -> bool:
    """Return whether a layer of the release is no older than `first`."""
    serf, memberlist = layers_of(release)
    own, releases = memberlist if layer == MEMBERLIST else serf, releases_of(layer)
    return first in releases and releases.index(own) >= releases.index(first)


def rule_value(rule: Rule, release: str) -> int:
    """Return a rule's value in a release of its layer, in full: 0 before its first."""
    releases = releases_of(rule.layer)
    at = releases.index(release)
    found = 0
    for first, value in rule.steps:
        if first in releases and at >= releases.index(first):
            found = value
    return found


def value_in(name: str, release: str) -> int:
    """Return the value of a rule in what a release's name stands for; ValueError as of `layers_of`."""
    rule = RULE_OF[name]
    serf, memberlist = layers_of(release)
    return rule_value(rule, serf if rule.layer == SERF else memberlist)


def release_with(name: str) -> str:
    """Return the first release with a rule, or Grafana's: 'memberlist 0.1.1 or later, as in Serf 0.8.2'."""
    rule = RULE_OF[name]
    if rule.layer == SERF:
        return f"Serf {rule.first} or later"
    if rule.first == GRAFANA:
        products = [product for product, (_, memberlist) in PRODUCTS.items() if memberlist == GRAFANA]
        return f"memberlist {rule.first}, as in product {products[0]}"
    with_it = [serf for serf in SERF_RELEASES if reaches(serf, rule.first, MEMBERLIST)]
    if "." not in rule.first:
        return f"Serf {with_it[0]} or later"
    return f"memberlist {rule.first} or later" + (f", as in Serf {with_it[0]}" if with_it else "")


class ReleaseFeatures:
    """Rules of one release, never changed once made; raise ValueError for a name unknown to `layers_of`."""

    def __init__(self, release: str = BASELINE) -> None:
        self.release = release
        self.serf, self.memberlist = layers_of(release)

        # Versions announced and spoken.
        self.protocol_max: i64 = self._value("protocol_max")
        self.delegate_max: i64 = self._value("delegate_max")

        # Probing.
        self.tcp_pings: bool = self._has("tcp_pings")
        self.nacks: bool = self._has("nacks")
        self.nack_penalty: i64 = self._value("nack_penalty")
        self.ping_source: bool = self._has("ping_source")
        self.exhaustive_choice: bool = self._has("exhaustive_choice")
        self.counts_refused_pings: bool = self._has("counts_refused_pings")

        # Suspicion.
        self.suspicion_growth: i64 = self._value("suspicion_growth")
        self.refutes_by_address: bool = self._has("refutes_by_address")

        # Gossip.
        self.crc: bool = self._has("crc")
        self.gossip_to_suspects: bool = self._has("gossip_to_suspects")
        self.gossip_to_the_dead: bool = self._has("gossip_to_the_dead")
        self.bare_message: bool = self._has("bare_message")
        self.longest_first: bool = self._has("longest_first")
        self.two_handoff_queues: bool = self._has("two_handoff_queues")
        self.caps_push_pulls: bool = self._has("caps_push_pulls")
        self.splits_compounds: bool = self._has("splits_compounds")
        self.splits_all: bool = self._has("splits_all")
        self.signed_integers: bool = self._has("signed_integers")

        # Members and streams.
        self.purge_waits: bool = self._has("purge_waits")
        self.checks_versions: bool = self._has("checks_versions")
        self.reclaims_names: bool = self._has("reclaims_names")
        self.left_state: bool = self._has("left_state")
        self.allow_list: bool = self._has("allow_list")
        self.purges_left: bool = self._has("purges_left")
        self.labels: bool = self._has("labels")
        self.ignores_labels: bool = self._has("ignores_labels")
        self.warns_of_large_states: bool = self._has("warns_of_large_states")
        self.names_ports: bool = self._has("names_ports")
        self.lower_case_errors: bool = self._has("lower_case_errors")

        # Serf.
        self.coordinates: bool = self._has("coordinates")
        self.checks_coordinates: bool = self._has("checks_coordinates")
        self.tells_forced_leave: bool = self._has("tells_forced_leave")
        self.intents_by_name: bool = self._has("intents_by_name")
        self.relay: bool = self._has("relay")
        self.left_are_newer: bool = self._has("left_are_newer")
        self.checks_encoded_size: bool = self._has("checks_encoded_size")
        self.truncates_key_lists: bool = self._has("truncates_key_lists")
        self.bounds_key_lists: bool = self._has("bounds_key_lists")
        self.prune: bool = self._has("prune")
        self.second_leaves: i64 = self._value("second_leaves")
        self.names_in_queries: bool = self._has("names_in_queries")
        self.name_validation: bool = self._has("name_validation")
        self.overrides_reconnect_timeout: bool = self._has("overrides_reconnect_timeout")
        self.serf_signed_integers: bool = self._has("serf_signed_integers")

    def _value(self, name: str) -> i64:
        return value_in(name, self.release)

    def _has(self, name: str) -> bool:
        return self._value(name) != 0


_MADE: Final[dict[str, ReleaseFeatures]] = {}


def features_of(release: str) -> ReleaseFeatures:
    """Return the rules of a release, which all that run it share; ValueError as of `ReleaseFeatures`."""
    found = _MADE.get(release)
    if found is None:
        found = ReleaseFeatures(release)
        _MADE[release] = found
    return found
