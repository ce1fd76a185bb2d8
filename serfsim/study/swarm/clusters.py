"""The members of a drawn scenario: number, groups, releases, settings, keys, zones, pools and start."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from serfsim.protocol.memberlist.config import TCP
from serfsim.protocol.versions import BASELINE, features_of
from serfsim.scenario import units
from serfsim.scenario.places import node_names
from serfsim.scenario.settings import SETTINGS
from serfsim.study.swarm import choices
from serfsim.study.swarm.entries import Stage
from serfsim.study.swarm.values import TAGS, Cast, Values

LISTED_NAMES: Final = ("alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
GROUPS: Final = ("red", "green")
ZONES: Final = ("zone-a", "zone-b")
POOL: Final = "wan"

_STRANGERS: Final = "members of other keys or labels are a cluster of their own, which `forge` stands for"
_ZONES: Final = "`zones` deals the members to zones"
_ADDRESSES: Final = "a NAT or an advertised address that leads nowhere is a cluster that cannot form"
_OWN: Final[dict[str, str]] = {
    "merge": "a merge delegate may refuse members for good, so that views cannot agree",
    "join": "`start` says whom members join",
    "keyring": _STRANGERS,
    "label": _STRANGERS,
    "zone": _ZONES,
    "role": _ZONES,
    "advertise": _ADDRESSES,
}
NOT_DRAWN: Final[dict[str, dict[str, str]]] = {
    "Cluster": {
        "merge": _OWN["merge"],
        "rival": "settings of a rival protocol, for which the checks of memberlist and Serf do not hold",
        "coordinates": "rivals of Serf's coordinates, which change nothing else and have tests of their own",
        "coordinate_settings": "settings of such a rival",
        "members": "hosts without an agent of the cluster: `pools` have agents on all of them",
    },
    "Group": {**_OWN, "address": "nodes that are listed have addresses", "nat": _ADDRESSES},
    "Node": {
        **_OWN,
        "group": "groups count their nodes",
        "start": "`start.at` gives the members their times",
    },
}
"""Keys of the cluster, its groups and nodes that the swarm leaves at their defaults, and why."""


HASTY: Final = {"push_pull_interval": "1s", "reconnect_interval": "1s"}
TIGHT: Final[Mapping[str, Sequence[Any]]] = {
    "awareness_max_multiplier": (1, 2, 3),
    "broadcast_timeout": ("1ms", "100ms"),
    "event_buffer": (1, 4),
    "gossip_to_the_dead_time": ("1s", "5s"),
    "query_buffer": (1, 4),
    "reap_interval": ("1s", "3s"),
    "reconnect_timeout": ("2s", "8s"),
    "tombstone_timeout": ("2s", "8s"),
}
"""Settings so low that a short run comes to their limits."""


class Drawn(NamedTuple):
    """The section `cluster`, and the stage that it makes for faults."""

    section: dict[str, Any]
    stage: Stage


class Builder:
    """Draws the section key by key; later keys depend on earlier ones."""

    def __init__(self, rng: random.Random, nodes: int, chaos_s: float, hasty: float = 0.1) -> None:
        self.rng = rng
        self.nodes = nodes
        self.chaos_s = chaos_s
        self.hasty = hasty
        self.section: dict[str, Any] = {"nodes": nodes}
        self.names = tuple(node_names(nodes))
        self.groups: dict[str, dict[str, Any]] = {}
        self.has_addresses = False

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def draw(self) -> Drawn:
        section = self.section
        speaks = "memberlist" if self.chance(0.08) else "serf"
        if speaks == "memberlist":
            section["protocol"] = speaks
        profile = self.rng.choice(("lan", "lan", "lan", "local", "local", "wan"))
        if profile != "lan":
            section["profile"] = profile
        words = choices.draw_software(self.rng) if self.chance(0.7) else ()
        section |= dict(words)
        releases = [choices.release_name(words) or BASELINE]
        releases += self._list_members(profile)
        if self.nodes >= 3 and self.chance(0.4):
            releases += self._draw_groups(profile)
        labelled = all(features_of(release).labels for release in releases) and self.chance(0.15)
        if labelled:
            section["label"] = "blue"
        keys = self.chance(0.2)
        if keys:
            section["keyring"] = list(choices.PRIMARY)[: self.rng.randint(1, 2)]
            if self.groups and self.chance(0.3):  # strangers
                self.groups[GROUPS[0]]["keyring"] = [choices.STRANGE]
        config = choices.draw_settings(self.rng, profile, releases, "cluster")
        if self.chance(self.hasty):  # so that views agree within a short calm
            config |= HASTY
        if self.chance(0.15):
            config |= self._draw_tight(releases)
        if self.chance(0.04):
            config["packet_transport"] = TCP
        self._draw_zones(config, releases)
        if config:
            section["config"] = config
        pools = speaks == "serf" and not self.has_addresses and self.chance(0.07)
        if pools:
            section["pools"] = {POOL: self._draw_pool()}
        self._draw_costs()
        self._draw_start()
        if self.groups:
            section["groups"] = self.groups
        return Drawn(
            section,
            Stage(
                Cast(self.names, tuple(self.groups)),
                self.chaos_s,
                tuple(dict.fromkeys(releases)),
                speaks,
                profile,
                config.get("snapshot", False),
                keys,
                labelled,
                pools,
                self.has_addresses,
            ),
        )

    def _list_members(self, profile: str) -> list[str]:
        """List a few clusters' members by name, some of them set differently; return releases of theirs."""
        if self.nodes > len(LISTED_NAMES) or not self.chance(0.15):
            return []
        self.names = LISTED_NAMES[: self.nodes]
        listed: list[Any] = []
        releases: list[str] = []
        self.has_addresses = self.chance(0.4)
        for number, name in enumerate(self.names):
            node: dict[str, Any] = {"name": name}
            if self.has_addresses:
                node["address"] = f"10.1.0.{number + 1}"
            if self.chance(0.3):
                node |= self._own_words()
            if self.chance(0.2):
                words = choices.draw_software(self.rng)
                releases.append(choices.release_name(words))
                config = choices.draw_settings(self.rng, profile, releases[-1:], "member", least=1)
                node |= {**dict(words), "config": config}
            if self.chance(0.1):
                node["profile"] = self.rng.choice(("lan", "wan", "local"))
            listed.append(node if len(node) > 1 else name)
        self.section["nodes"] = listed
        return releases

    def _own_words(self) -> dict[str, Any]:
        """Draw the keys of a member or a group, besides releases and settings."""
        values = Values(self.rng, Cast(self.names), (1e-3, 0.05))
        own: dict[str, Any] = {}
        draws: dict[str, Callable[[], Any]] = {
            "tags": lambda: {"role": self.rng.choice(TAGS["role"])},
            "processing_delay": values.duration,
            "clock_rate": lambda: self.rng.choice((0.98, 0.999, 1.001, 1.02)),
            "bandwidth": lambda: self.rng.choice(("512kbit", "10mbit")),
            "jitter": lambda: {"model": "exponential", "mean": values.duration()},
            "read_cost": lambda: {"packet": "200us", "message": "50us"},
            "rejoin": self._draw_rejoin,
        }
        for key in sorted(draws):
            if self.chance(0.2):
                own[key] = draws[key]()
        return own

    def _draw_rejoin(self) -> dict[str, Any]:
        return {
            "every": self.rng.choice(("10s", "30s")),
            "jitter": self.rng.choice(("0%", "50%")),
            "seeds": [self.names[0], self.names[-1]],
        }

    def _draw_groups(self, profile: str) -> list[str]:
        """Draw one or two groups, and return the releases that they run."""
        releases = []
        left = self.nodes
        for name in GROUPS[: self.rng.randint(1, 2)]:
            count = self.rng.randint(1, max(1, left // 2))
            group: dict[str, Any] = {"nodes": count}
            left -= count
            if self.chance(0.7):
                words = choices.draw_software(self.rng)
                group |= dict(words)
                releases.append(choices.release_name(words))
            group |= self._own_words()
            if self.chance(0.1):
                group["cores"] = {"share": 2, "send": "20us"}
            if self.chance(0.1):
                group["profile"] = self.rng.choice(("lan", "wan", "local"))
            if self.chance(0.3):
                own = [releases[-1]] if "serf" in group or "version" in group or "product" in group else []
                config = choices.draw_settings(self.rng, profile, own or ["0.6"], "member")
                if config:
                    group["config"] = config
            self.groups[name] = group
            if left < 2:
                break
        return releases

    def _draw_tight(self, releases: list[str]) -> dict[str, Any]:
        return {
            name: self.rng.choice(values)
            for name, values in TIGHT.items()
            if choices.is_known(SETTINGS[name], releases) and self.chance(0.5)
        }

    def _draw_zones(self, config: dict[str, Any], releases: list[str]) -> None:
        if self.nodes < 4 or not self.chance(0.06):
            return
        self.section["zones"] = {"names": list(ZONES), "bridges": self.rng.randint(1, 2)}
        if choices.is_known(SETTINGS["zone_aware_routing"], releases):
            config["zone_aware_routing"] = True
        if self.chance(0.3):
            config["packet_transport"] = TCP

    def _draw_pool(self) -> dict[str, Any]:
        pool: dict[str, Any] = {"profile": self.rng.choice(("lan", "wan"))}
        if self.chance(0.5):
            pool["names"] = "{node}.{pool}"
        if self.chance(0.3):
            pool["rejoin"] = {"every": "20s"}
        return pool

    def _draw_costs(self) -> None:
        draws: dict[str, Any] = {
            "tags": lambda: {"role": self.rng.choice(TAGS["role"])},
            "rejoin": self._draw_rejoin,
            "processing_delay": lambda: self.rng.choice(("0s", "100us", "5ms", "30ms")),
            "clock_rate": lambda: self.rng.choice((0.98, 1.02)),
            "push_pull_time": lambda: self.rng.choice(("0s", "50ms")),
            "push_pull_time_per_kb": lambda: self.rng.choice(("0s", "20ms")),
            "read_cost": lambda: {"packet": "200us", "message": "50us"},
            "cores": lambda: {"share": self.rng.randint(2, 4), "send": "50us"},
        }
        for key in sorted(draws):
            if self.chance(0.08):
                self.section[key] = draws[key]()

    def _draw_start(self) -> None:
        if self.chance(0.35):
            self.section["start"] = {"converged": True}
            return
        start: dict[str, Any] = {}
        if self.chance(0.5):
            some = [self.names[0], self.names[-1]]
            start["join"] = self.rng.choice(
                ("first", "random", "all", self.names[-1], some, f"{some[0][:-1]}*")
            )
        if self.chance(0.2):
            start["at"] = [units.write_duration(-round(self.rng.uniform(0.0, 2.0), 1)) for _ in self.names]
        elif self.chance(0.5):
            start["spread"] = self.rng.choice(("0s", "100ms", "2s"))
        if self.chance(0.2):
            start["retry_interval"] = self.rng.choice(("2s", "10s"))
        if self.chance(0.1):
            start["tries"] = self.rng.randint(2, 5)
        if start:
            self.section["start"] = start
