"""The members on each core that `cores` says members share, and mistakes in that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from serfsim.network.host import SLOW
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.cores import Cores
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import name_problems


class SharedCore(NamedTuple):
    """A core: what sending a datagram takes of it in seconds, and the numbers of its members."""

    send: float
    members: list[int]


def shared_cores(cluster: Cluster, roster: Roster) -> list[SharedCore]:
    """Return the cores that members share."""
    found: list[SharedCore] = []
    for _, cores, members in _scopes(cluster, roster):
        if cores.placement is not None:
            found += [SharedCore(cores.send, roster.named(names)) for names in cores.placement]
        elif cores.share is not None:
            order = sorted(members, key=lambda number: (roster.members[number].name, number))
            step = cores.share
            parts = [order[first : first + step] for first in range(0, len(order), step)]
            found += [SharedCore(cores.send, sorted(part)) for part in parts]
    return found


def _scopes(cluster: Cluster, roster: Roster) -> Iterator[tuple[Path, Cores, list[int]]]:
    """Yield each `cores` with its path and the members that it is about."""
    left = dict.fromkeys(roster.present)
    for name, group in cluster.groups.items():
        if group.cores is not None:
            members = [number for number in roster.groups[name] if number in left]
            for number in members:
                del left[number]
            yield ("cluster", "groups", name, "cores"), group.cores, members
    if cluster.cores is not None:
        yield ("cluster", "cores"), cluster.cores, list(left)


def core_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Yield unknown members, members on two cores or elsewhere, and cores on which nothing takes time."""
    for path, cores, members in _scopes(cluster, roster):
        unknown = False
        taken: set[int] = set()
        for core, names in enumerate(cores.placement or ()):
            for position, name in enumerate(names):
                place: Path = (*path, "placement", core, position)
                problems = list(name_problems(name, roster, place))
                yield from problems
                unknown = unknown or bool(problems)
                numbers = [] if problems else roster.named([name])
                if taken.intersection(numbers):
                    yield Problem(place, found_expected(f"'{name}' on two cores", "each member once"))
                elif not set(members).issuperset(numbers):
                    found = f"'{name}', which these cores are not for"
                    yield Problem(place, found_expected(found, "members that no other `cores` is about"))
                taken.update(numbers)
        works = [roster.members[number] for number in members]
        idle = all(
            one.read_cost.packet == one.read_cost.message == 0.0 and one.processing_delay < SLOW
            for one in works
        )
        if not unknown and idle and cores.send == 0.0:
            found = "cores whose members take no time over anything"
            yield Problem(path, found_expected(found, "a `read_cost` of these members, or `send`"))
