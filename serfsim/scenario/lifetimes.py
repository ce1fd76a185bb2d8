"""Addresses that two members would have at the same time.

A member's times follow from its start and from the faults that name it. Where a fault picks members at
random, or the warm-up ends once settled, they are known only in the run, which then stops with the same
message.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from serfsim.scenario.addresses import text_of
from serfsim.scenario.faults import Departure
from serfsim.scenario.phrases import format_duration
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.sections import Sections


class Stay(NamedTuple):
    """A member at an address, from `start` to before `end` in seconds; `path` says where it is written."""

    realm: str
    address: int
    start: float
    end: float
    member: Member
    path: Path


def double_use_problems(scenario: Sections, roster: Roster) -> Iterator[Problem]:
    """Yield the first address that two members certainly have at the same time."""
    stays = sorted(_stays(scenario, roster), key=lambda stay: (stay.realm, stay.address, stay.start))
    for one, other in itertools.pairwise(stays):
        same = one.realm == other.realm and one.address == other.address
        if same and one.member is not other.member and other.start < one.end:
            yield Problem(other.path, double_use(one.member, other.member, one.address, other.start))
            return


def double_use(holder: Member, newcomer: Member, address: int, t: float) -> str:
    """Return the message for a member that starts at another's address."""
    when = "" if t == -math.inf else f" at {format_duration(t)}" if t >= 0.0 else " before the warm-up ends"
    found = f"{text_of(address)} for {newcomer.name}{when}, where {holder.name} runs"
    return found_expected(found, "an address that no running member has")


def _stays(scenario: Sections, roster: Roster) -> Iterator[Stay]:
    moves = _departures(scenario, roster)
    is_plain = all(member.address == member.index for member in roster.members)
    if is_plain and not any(change.address is not None for changes in moves.values() for change in changes):
        return
    for member in roster.members:
        changes = moves.get(member.index, [])
        start = _start(scenario, member)
        if start is None or any(change.is_random for change in changes):
            continue
        yield from _stays_of(scenario, member, start, changes)


class Change(NamedTuple):
    """A member ends at `t` and starts again at `back`, perhaps at another address."""

    t: float
    back: float
    address: int | None
    path: Path
    is_random: bool = False


def _departures(scenario: Sections, roster: Roster) -> dict[int, list[Change]]:
    """Return the departures of each member by time; random ones count for whomever they may hit."""
    found: dict[int, list[Change]] = {}
    everybody = range(len(roster.members))
    for position, fault in enumerate(scenario.faults):
        path: Path = ("faults", position)
        if not isinstance(fault, Departure):
            continue
        named: Sequence[int] = everybody
        if isinstance(fault.selector, tuple):
            named = roster.named(roster.known(fault.selector))
        is_random = not isinstance(fault.selector, tuple) and fault.selector != "all"
        addresses = {} if is_random else fault.new_addresses(roster, named)
        times = [(0.0, None)] if is_random else fault.occurrences(scenario.duration)
        for node in named:
            bound = addresses[node].bound if node in addresses else None
            where: Path = (*path, "address") if bound is not None else path
            for t, back in times:
                change = Change(t, math.inf if back is None else back, bound, where, is_random)
                found.setdefault(node, []).append(change)
    return {node: sorted(changes, key=lambda change: change.t) for node, changes in found.items()}


def _start(scenario: Sections, member: Member) -> float | None:
    """Return when a member starts on the scenario's clock, -inf for with the cluster; None if unknown."""
    at = scenario.cluster.start.at
    after = member.start if at is None else at[member.index]
    if after is None or after <= 0.0:
        return -math.inf
    return None if isinstance(scenario.warm_up, str) else after - scenario.warm_up


def _stays_of(scenario: Sections, member: Member, start: float, changes: Sequence[Change]) -> Iterator[Stay]:
    realm = member.group if member.outside >= 0 else ""
    path: Path = ("cluster",)
    if not isinstance(scenario.cluster.nodes, int):
        path = ("cluster", "nodes", member.index)
    elif member.group and member.group in scenario.cluster.groups:
        path = ("cluster", "groups", member.group)
    address = member.address
    for change in changes:
        if change.t < start:
            continue
        yield Stay(realm, address, start, change.t, member, path)
        start = change.back
        if change.address is not None:
            address, path = change.address, change.path
    if start < math.inf:
        yield Stay(realm, address, start, math.inf, member, path)
