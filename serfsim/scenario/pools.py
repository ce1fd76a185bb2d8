"""The members of pools: agents beside the cluster's own on the same hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from serfsim.scenario.cluster import DEFAULT_POOL, Cluster, Pool
from serfsim.scenario.faults import Departure, Fault
from serfsim.scenario.names import is_name
from serfsim.scenario.patterns import is_pattern
from serfsim.scenario.places import NOT_BEHIND
from serfsim.scenario.problems import Path, Problem, found_expected, unknown_name
from serfsim.scenario.roster import Member, Roster, protocol_problems
from serfsim.scenario.selection import name_problems
from serfsim.scenario.settings import Settings, complete, overridden
from serfsim.scenario.start import JOIN_WORDS

ADDRESSES_BESIDE_POOLS = found_expected(
    "pools beside members with addresses of their own", "either; agents of pools have no such words"
)


@dataclass(frozen=True)
class PoolRoster(Roster):
    """The members of a pool. Its index has the names of their nodes too; `places`: each member's node."""

    places: list[int] = field(default_factory=list)

    @cached_property
    def numbers(self) -> Mapping[int, int]:
        """The number of each node's agent in the pool."""
        return {place: number for number, place in enumerate(self.places)}


def pool_rosters(cluster: Cluster, roster: Roster) -> dict[str, PoolRoster]:
    """Return the members of each pool, in the order of their nodes."""
    return {name: _pool_roster(name, pool, roster) for name, pool in cluster.pools.items()}


def _pool_roster(name: str, pool: Pool, roster: Roster) -> PoolRoster:
    everybody = list(range(len(roster.members)))
    places = everybody if pool.members == "all" else roster.named(roster.known(pool.members))
    config: dict[str, Settings] = {}  # members of one release share it
    members: list[Member] = []
    for number, place in enumerate(places):
        node = roster.members[place]
        if node.version not in config:
            whole = complete(pool.profile, Settings(), node.version)
            config[node.version] = overridden(whole, pool.config)
        members.append(
            replace(
                node,
                index=number,
                name=pool.names.format(node=node.name, group=node.group, pool=name),
                tags={**node.tags, **pool.tags},
                config=config[node.version],
                given=frozenset(pool.config),
                profile=pool.profile,
                join=pool.join,
                rejoin=pool.rejoin if pool.rejoin is not None and pool.rejoin.every > 0.0 else None,
                address=number,
                advertised=number,
                outside=NOT_BEHIND,
                zone="",
            )
        )
    numbers = {place: number for number, place in enumerate(places)}
    index = {node: numbers[place] for node, place in roster.index.items() if place in numbers}
    index.update({member.name: member.index for member in members})
    groups = {
        group: [numbers[place] for place in found if place in numbers]
        for group, found in roster.groups.items()
    }
    return PoolRoster(members, index, groups, places=places)


def roster_of(pool: str | None, roster: Roster, pools: Mapping[str, PoolRoster]) -> Roster | None:
    """Return the members of the pool that an entry names; None for one that does not exist."""
    return roster if pool is None or pool == DEFAULT_POOL else pools.get(pool)


def unknown_pool(name: str, cluster: Cluster, path: Path) -> Problem:
    """Return the problem of a pool that `cluster.pools` does not have."""
    return Problem(path, unknown_name(name, "a pool of cluster.pools", [DEFAULT_POOL, *cluster.pools]))


def pool_problems(cluster: Cluster, roster: Roster) -> Iterator[Problem]:
    """Yield unknown members, names that agents would refuse, and joins of nobody."""
    for position, one in enumerate(cluster.members if isinstance(cluster.members, tuple) else ()):
        yield from name_problems(one, roster, ("cluster", "members", position))
    if roster.absent and cluster.start.converged:
        expected = "`converged` only where every node is a member"
        yield Problem(("cluster", "members"), found_expected("`members` beside `start.converged`", expected))
    own_places = any(
        (m.address, m.advertised, m.outside) != (m.index, m.index, NOT_BEHIND) for m in roster.members
    )
    if cluster.pools and own_places:
        yield Problem(("cluster", "pools"), ADDRESSES_BESIDE_POOLS)
    for name, pool in cluster.pools.items():
        path: Path = ("cluster", "pools", name)
        unknown: list[Problem] = []
        for position, one in enumerate(pool.members if isinstance(pool.members, tuple) else ()):
            unknown += name_problems(one, roster, (*path, "members", position))
        yield from unknown
        if unknown:
            continue
        own = _pool_roster(name, pool, roster)
        if not own.members:
            yield Problem((*path, "members"), found_expected("no node", "at least one"))
        yield from _name_problems(own, path)
        yield from _join_problems(pool, own, (*path, "join"))
        yield from rejoin_problems(own.members, own, partial(_path_of_pool, path))
        yield from protocol_problems(own.members, (*path, "config", "protocol_version"))


def moves_beside_pools(cluster: Cluster, faults: Sequence[Fault]) -> Iterator[Problem]:
    """Yield the addresses that faults give members, which a cluster with pools cannot have."""
    for position, fault in enumerate(faults if cluster.pools else ()):
        if isinstance(fault, Departure):
            for key in ("address", "advertise"):
                if getattr(fault, key) is not None:
                    yield Problem(("faults", position, key), ADDRESSES_BESIDE_POOLS)


def rejoin_problems(
    members: Sequence[Member], roster: Roster, path_of: Callable[[Member], Path]
) -> Iterator[Problem]:
    """Yield unknown seeds, once each, and periodic joins of nobody; `path_of` a member's words."""
    seen: set[Path] = set()
    for member in members:
        path = (*path_of(member), "rejoin")
        if member.rejoin is None or path in seen:
            continue
        seen.add(path)
        if member.rejoin.seeds is None and member.join == "none":
            yield Problem(path, found_expected("no seeds beside `join: none`", "`seeds`, whom it joins"))
        for position, name in enumerate(member.rejoin.seeds or ()):
            yield from name_problems(name, roster, (*path, "seeds", position))


def _path_of_pool(path: Path, member: Member) -> Path:
    return path


def _name_problems(own: PoolRoster, path: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    for member in own.members:
        if not is_name(member.name):
            expected = "letters, digits, '-', '.' and '_', at most 128"
            yield Problem((*path, "names"), found_expected(f"'{member.name}' for a member", expected))
            return
        if member.name in seen:
            yield Problem((*path, "names"), found_expected(f"'{member.name}' twice", "a name for each"))
            return
        seen.add(member.name)


def _join_problems(pool: Pool, own: PoolRoster, path: Path) -> Iterator[Problem]:
    is_list = isinstance(pool.join, tuple)
    for name in pool.join if is_list else (pool.join,):
        if name in JOIN_WORDS and not is_list:
            continue
        if is_pattern(name):
            yield from name_problems(name, own, path)
        elif name not in own.index and name not in own.groups:
            words = "a member of the pool" if is_list else f"{', '.join(JOIN_WORDS)}, or a member of the pool"
            yield Problem(path, unknown_name(name, words, [*own.groups, *own.index]))
