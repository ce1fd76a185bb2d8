"""Releases and settings that drawn clusters have: from the tables, within what their rows allow."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from serfsim.protocol.settings import MODELLED, Setting
from serfsim.protocol.versions import LATEST, PRODUCTS, cannot_pair, features_of, layers_of, value_in
from serfsim.scenario import units
from serfsim.scenario.jitter import JITTERS
from serfsim.scenario.releases import MEMBERLIST_NAMES, SERF_NAMES, replaced
from serfsim.scenario.rivals import OF_SERF as OF_SERF
from serfsim.scenario.settings import SETTINGS
from serfsim.study.swarm.values import KEYS, Values, parts

PRIMARY: Final = KEYS[:2]
STRANGE: Final = KEYS[2]

NOT_DRAWN: Final[dict[str, str]] = {
    "memberlist_protocol_version": "all releases speak 2",
    "protocol_version": "an agent of an older release does not start with a newer version",
    "encrypt_key": "`keyring` gives the keys",
    "encryption_overhead": "the keys of `keyring` have their own",
    "cidrs_allowed": "a list without the members' own network empties the cluster",
    "zone_aware_routing": "needs zones, which the section `cluster` draws with it",
    "reconnect_timeout_tag": "the name of a tag; a setting of memory, not of the protocol",
    "skip_inbound_label_check": "lets in strangers, whom the checks look for",
    "gossip_verify_incoming": "lets in strangers, whom the checks look for",
    "gossip_verify_outgoing": "sends what strangers may read",
    "retry_join": "`start` says what joins do again",
    "retry_interval": "`start` says what joins do again",
    "retry_max_attempts": "`start` says what joins do again",
}
"""Settings that the swarm leaves at their defaults, and why."""

OF_ALL: Final = ("dimensionality", "packet_transport", "udp_buffer_size")
"""Settings that all members of a cluster share, since they speak past each other otherwise."""

FACTORS: Final = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
LEAST_S: Final = 0.02
MOST_S: Final = 300.0


@cache
def software() -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return all that a cluster, a group or a node may say about its releases: pairs of key and name."""
    found: list[tuple[tuple[str, str], ...]] = [(("version", name),) for name in (*SERF_NAMES, LATEST)]
    found += [(("product", name),) for name in PRODUCTS]
    found += [
        (("serf", serf), ("memberlist", memberlist))
        for serf in SERF_NAMES
        for memberlist in MEMBERLIST_NAMES
        if not cannot_pair(layers_of(serf)[0], layers_of(f"{serf} with memberlist {memberlist}")[1])
    ]
    return tuple(found)


def release_name(words: Sequence[tuple[str, str]]) -> str:
    """Return the release that such words stand for, by its name."""
    given = dict(words)
    name = given.get("product") or given.get("serf") or given.get("version") or ""
    return replaced("", name, given.get("memberlist", "")) if name else ""


def draw_software(rng: random.Random) -> tuple[tuple[str, str], ...]:
    """Draw releases: products and single names as often as pairs, of which there are many more."""
    pairs = [words for words in software() if len(words) == 2]
    single = [words for words in software() if len(words) == 1]
    return rng.choice(pairs if rng.random() < 0.3 else single)


@cache
def software_of(key: str, releases: tuple[str, ...], labelled: bool) -> tuple[str, ...]:
    """Return the names that a key of an upgrade may have for members of all these releases."""
    names = {
        "to": (*SERF_NAMES, LATEST, *PRODUCTS),
        "serf": SERF_NAMES,
        "product": tuple(PRODUCTS),
        "memberlist": MEMBERLIST_NAMES,
    }[key]

    def fits(name: str) -> bool:
        for release in releases:
            after = replaced(
                release, "" if key == "memberlist" else name, name if key == "memberlist" else ""
            )
            if cannot_pair(*layers_of(after)):
                return False
            if labelled and not features_of(after).labels:
                return False
        return True

    return tuple(name for name in names if fits(name))


def _draw_lognormal(values: Values) -> dict[str, Any]:
    """Draw a lognormal jitter, with one of its two scales."""
    scale = {"median": values.duration()} if values.rng.random() < 0.5 else {"fraction": values.share()}
    return {"model": "lognormal", **scale, "sigma": values.rng.choice((0.2, 0.5, 1.0))}


def _draw_uniform(values: Values) -> dict[str, Any]:
    """Draw a uniform jitter, its ends in order."""
    low, high = sorted((values.duration(), values.duration()), key=units.read_duration)
    return {"model": "uniform", "low": low, "high": high}


def _draw_plain(name: str, part: str) -> Callable[[Values], dict[str, Any]]:
    """Return what draws a jitter whose keys do not depend on each other, without exceptions for pairs."""
    without = frozenset(("model", "pairs"))
    return lambda values: {"model": name, **values.keys_of(parts()[part], without)}


JITTER_RULES: Final[dict[str, Callable[[Values], dict[str, Any]]]] = {
    **{model.__name__: _draw_plain(name, model.__name__) for name, model in JITTERS.items()},
    "LognormalJitter": _draw_lognormal,
    "UniformJitter": _draw_uniform,
}
"""What draws each model of jitter, by the name of its part."""


def draw_settings(
    rng: random.Random, profile: str, releases: Sequence[str], of: str, least: int = 0
) -> dict[str, Any]:
    """Draw settings other than their defaults, which all these releases have.

    `of`: cluster, or member, whose settings may differ from the cluster's.
    """
    able = [row for row in SETTINGS.values() if _is_drawn(row, releases)]
    if of == "member":
        able = [row for row in able if row.name not in OF_ALL]
    count = max(least, rng.choice((0, 1, 1, 2, 3, 6) if of == "cluster" else (1, 1, 2)))
    rows = sorted(rng.sample(able, count), key=lambda row: row.name)
    return {row.name: value for row in rows if (value := draw_setting(rng, row, profile)) is not None}


def _is_drawn(row: Setting, releases: Sequence[str]) -> bool:
    return row.modelled == MODELLED and row.name not in NOT_DRAWN and is_known(row, releases)


def is_known(row: Setting, releases: Sequence[str]) -> bool:
    """Return whether all these releases have what a setting changes."""
    return not row.needs or all(value_in(row.needs, release) for release in releases)


def draw_setting(rng: random.Random, row: Setting, profile: str) -> Any:
    """Draw a value of a setting, as a scenario file has it, near its default and within its bounds."""
    kind, default = row.kind, row.default_in(profile)
    if kind.type == "switch":
        return not default
    if kind.type == "choice":
        return rng.choice(kind.options)
    low = 0.0 if kind.low is None else kind.low
    high = float("inf") if kind.high is None else kind.high
    if kind.type == "duration":
        base = float(default) if default else 1.0
        value = min(max(base * rng.choice(FACTORS), low, min(LEAST_S, base)), high, MOST_S)
        return units.write_duration(float(f"{value:.2g}"))
    if kind.type == "number":
        value = min(max(float(default or 1.0) * rng.choice(FACTORS), low), high)
        return float(f"{value:.3g}")
    if kind.type == "size":
        value = min(max(float(default or 1.0) * rng.choice((0.5, 1.0, 2.0)), low), high)
        return f"{int(value)}B"
    base = int(default) if default is not None else rng.choice((1, 2, 5))
    return int(min(max(rng.choice((base // 2, base - 1, base + 1, base * 2, 1)), low), high))
