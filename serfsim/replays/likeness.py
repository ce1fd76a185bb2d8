"""The situation of the library that real agents' events look like, without knowing the truth.

First the lines that only one situation explains; then the signs of events: who fails to ping whom, what TCP
saves, who is suspected, refutes and flaps. What fits no sign is called none. The bounds were chosen on runs
of the shipped situations and tested on runs with other seeds (docs/howto/replay.md has the figures).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from serfsim.protocol import events
from serfsim.replays.observed import Observed

NOTHING: Final = "looks like none of the situations clearly"
SAID: Final = {
    "Name conflict for": ("two_of_one_name",),
    "Node name conflicts with another node": ("two_of_one_name",),
    "Conflicting address for": ("new_address",),
    "No installed keys could decrypt": ("old_key", "outsider"),
    "Failed push/pull merge": ("merge_refused",),
    "discarding stream with unacceptable label": ("merge_by_address",),
    "Failed to send ping": ("no_route",),
    "Failed to send UDP ping": ("no_route",),
    "Too many pending push/pull": ("mass_join",),
    "handler queue full": ("handoff_burst",),
    "zone-aware routing is skipped": ("zones_without_bridge",),
}
"""Parts of messages, and the situations that explain them; the first that is found decides."""
PUSH_PULL_FAILED: Final = "Push/Pull with"
FEW: Final = 5  # events of a kind that count as a sign
MOST: Final = 0.85  # share that counts as nearly all
SOME: Final = 0.2  # share of the members that counts as few


@dataclass(frozen=True)
class Likeness:
    """Situations that fit equally, none where nothing is clear. `why`: the sign, in words."""

    names: tuple[str, ...]
    why: str


class _Signs:
    """Counts of the events of a cluster, each over pairs of observer and subject."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.size = len(observed.members)
        self.pairs: dict[int, Counter[tuple[int, int]]] = {}
        for _, observer, subject, kind, _ in observed.events:
            self.pairs.setdefault(kind, Counter())[observer, subject] += 1

    def count(self, kind: int) -> int:
        return sum(self.pairs.get(kind, {}).values())

    def of(self, kind: int) -> Counter[tuple[int, int]]:
        return self.pairs.get(kind, Counter())

    def subjects(self, kind: int) -> int:
        return len({subject for _, subject in self.of(kind)})

    def touched(self, kind: int) -> list[tuple[int, int]]:
        """Return members with the events of which they are observer or subject, greedily, the most first."""
        left = Counter(self.of(kind))
        found = []
        while left:
            touching: Counter[int] = Counter()
            for (observer, subject), count in left.items():
                touching[observer] += count
                touching[subject] += count
            member = max(touching, key=lambda one: (touching[one], -one))
            found.append((member, touching[member]))
            left = Counter({pair: count for pair, count in left.items() if member not in pair})
        return found

    def hub_share(self, kind: int) -> float:
        """Return the share of the events that one member has part in."""
        total = self.count(kind)
        return self.touched(kind)[0][1] / total if total else 0.0

    def hubs(self, kind: int) -> int:
        """Return how many members have part in nearly all events of a kind."""
        total, seen = self.count(kind), 0
        for number, (_, count) in enumerate(self.touched(kind), 1):
            seen += count
            if seen >= MOST * total:
                return number
        return 0

    def accuser_share(self, kind: int) -> float:
        """Return the share of the events that the member with part in most of them observes."""
        if not self.count(kind):
            return 0.0
        hub = self.touched(kind)[0][0]
        return sum(count for (one, _), count in self.of(kind).items() if one == hub) / self.count(kind)

    def pair_share(self, kind: int) -> float:
        """Return the share of the two members that most events are between."""
        both: Counter[tuple[int, int]] = Counter()
        for (one, other), count in self.of(kind).items():
            both[min(one, other), max(one, other)] += count
        return both.most_common(1)[0][1] / both.total() if both else 0.0

    @cached_property
    def flaps(self) -> Counter[tuple[str, str]]:
        return self.observed.flaps()

    @property
    def failures(self) -> int:
        return self.count(events.FAILED)

    @property
    def suspicions(self) -> int:
        return self.count(events.SUSPECT)

    @property
    def missed(self) -> int:
        return self.count(events.FAILED_PING)

    @property
    def saved(self) -> int:
        return self.count(events.TCP_FALLBACK_OK)

    @property
    def refuted(self) -> int:
        return self.count(events.REFUTE_SUSPECT)


def _one_udp(s: _Signs) -> bool:
    return s.saved >= FEW and s.saved > s.missed / 2 and s.hub_share(events.TCP_FALLBACK_OK) >= MOST


def _some_udp(s: _Signs) -> bool:
    few = s.hubs(events.TCP_FALLBACK_OK) <= max(2, SOME * s.size)
    return s.saved >= FEW and s.saved > s.missed / 2 and few


def _loss(s: _Signs) -> bool:
    return s.saved >= FEW and s.hub_share(events.TCP_FALLBACK_OK) < 0.5 and s.failures == 0


def _in_turns(s: _Signs) -> bool:
    return s.saved >= FEW and s.hub_share(events.TCP_FALLBACK_OK) < 0.5 and s.failures > 0


def _heavy_loss(s: _Signs) -> bool:
    lossy = FEW <= s.saved <= s.missed / 2 and s.hub_share(events.FAILED_PING) >= MOST
    return lossy and s.suspicions >= FEW


def _restarts(s: _Signs) -> bool:
    return len({member for _, member in s.observed.starts}) >= SOME * s.size


def _forged(s: _Signs) -> bool:
    return s.failures > 0 and s.suspicions == 0 and s.count(events.REFUTE_DEAD) > 0 and s.flaps.total() > 0


def _dead_link(s: _Signs) -> bool:
    return s.missed >= FEW and s.suspicions == 0 and s.pair_share(events.FAILED_PING) >= MOST


def _halves(s: _Signs) -> bool:
    spread = s.subjects(events.FAILED) >= 0.8 * s.size
    return spread and len(s.of(events.FAILED)) >= 0.3 * s.size * (s.size - 1) and s.saved == 0


def _no_tcp(s: _Signs) -> bool:
    refused = sum(PUSH_PULL_FAILED in text for text in s.observed.texts)
    return refused >= FEW and refused > s.suspicions


def _leaving(s: _Signs) -> bool:
    return s.count(events.LEFT) > 2 * s.failures and s.count(events.LEFT) >= s.size and s.failures > 0


def _crashed(s: _Signs) -> bool:
    few = 0 < s.subjects(events.FAILED) <= max(1, SOME * s.size)
    return few and s.saved == 0 and not s.flaps and s.refuted == 0 and s.suspicions > 0


def _one_way(s: _Signs) -> bool:
    hub = s.hub_share(events.SUSPECT) >= MOST and s.accuser_share(events.SUSPECT) >= 0.1
    return hub and s.saved == 0 and s.failures > 0 and s.flaps.total() > 0


def _slow(s: _Signs) -> bool:
    few = 1 < s.subjects(events.SUSPECT) <= max(2, SOME * s.size)
    return few and s.saved == 0 and s.flaps.total() > 0


def _half_seen(s: _Signs) -> bool:
    mutual = s.accuser_share(events.FAILED_PING) >= 0.3 and s.hub_share(events.FAILED_PING) >= 0.75
    return mutual and s.suspicions >= FEW and s.refuted >= FEW and s.failures == 0 and s.saved == 0


def _star(s: _Signs) -> bool:
    many = 2 <= s.hubs(events.FAILED_PING) <= max(4, 0.5 * s.size)
    dense = s.missed >= 10 * s.size and s.refuted >= FEW
    return many and dense and s.failures == 0 and s.saved == 0


def _refuting(s: _Signs) -> bool:
    return s.subjects(events.SUSPECT) == 1 and s.refuted >= FEW and s.failures == 0 and s.saved == 0


def _freezing(s: _Signs) -> bool:
    few = 2 <= s.subjects(events.SUSPECT) <= max(2, 0.25 * s.size)
    return few and s.refuted > 0 and s.failures == 0 and s.saved == 0


def _throttled(s: _Signs) -> bool:
    one = s.subjects(events.FAILED_PING) == 1
    return one and s.missed >= FEW and s.suspicions == 0 and s.failures == 0 and s.saved == 0


SIGNS: Final[tuple[tuple[Callable[[_Signs], bool], tuple[str, ...], str], ...]] = (
    (_restarts, ("mass_restart",), "many members start within the log"),
    (_one_udp, ("udp_blocked", "udp_blocked_direction"), "only TCP reaches one member, or it the others"),
    (_some_udp, ("udp_blocked_share",), "only TCP reaches a few members, or they the others"),
    (_heavy_loss, ("rapid_80pct_loss",), "pings of one member, or to it, are lost, and TCP saves only some"),
    (_loss, ("packet_loss",), "TCP saves probes between members of all kinds, and nobody fails"),
    (_in_turns, ("flapping_link",), "TCP saves probes between members of all kinds, and members fail"),
    (_forged, ("forged",), "a member is declared dead, and refutes, though nobody suspects it"),
    (_dead_link, ("single_link_dead",), "pings fail between two members only, and nobody is suspected"),
    (_no_tcp, ("tcp_blocked",), "push/pulls fail more often than members are suspected"),
    (_leaving, ("scale_in",), "members leave, and some fail meanwhile"),
    (_halves, ("partition_heal",), "most members fail in the eyes of many"),
    (_crashed, ("crash",), "few members fail, without a refutation, and stay so"),
    (_one_way, ("one_way", "udp_blocked_no_fallback"), "one member flaps, and suspects the others itself"),
    (_slow, ("slow_nodes",), "few members are suspected again and again, and flap"),
    (
        _half_seen,
        ("semi_detached",),
        "one member's pings fail in both directions; it refutes and never fails",
    ),
    (_star, ("star",), "pings fail between some members only, which refute and never fail"),
    (_refuting, ("refuting",), "one member is suspected, and refutes in time"),
    (_freezing, ("vm_freeze",), "a few members are suspected, and refute in time"),
    (_throttled, ("throttled",), "pings to one member are late, and nobody suspects it"),
)
"""Signs in the order in which they are tried, with the situations that show them and the sign in words."""


def likely_situation(observed: Observed) -> Likeness:
    """Return the situations of the library that fit what some members of a real cluster saw."""
    for part, names in SAID.items():
        if any(part in text for text in observed.texts):
            return Likeness(names, f"the agents say '{part}'")
    signs = _Signs(observed)
    for shows, names, why in SIGNS:
        if shows(signs):
            return Likeness(names, why)
    return Likeness((), "")


def likeness(observed: Observed) -> str:
    """Return the likeness in words, with the command that answers."""
    found = likely_situation(observed)
    if not found.names:
        return NOTHING
    return f"looks like {' or '.join(found.names)}: {found.why} (serfsim answer {found.names[0]})"
