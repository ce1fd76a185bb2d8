"""Settings that a member's release knows nothing of: refused, with the release that brought what they change.

A row's `needs` names the rule of `protocol.rules` behind a setting. A value other than the release's default
is refused where none of the releases that the member ever runs has that rule, since no run could obey it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from serfsim.protocol.versions import RULE_OF, release_with, value_in
from serfsim.scenario.cluster import DEFAULT_POOL, Cluster
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults.reconfigure import Reconfigure
from serfsim.scenario.faults.upgrade import Upgrade
from serfsim.scenario.pools import PoolRoster, roster_of
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.settings import SETTINGS, written_value

WITH_NEEDS: Final = tuple(name for name, row in SETTINGS.items() if row.needs)


def need_problems(
    cluster: Cluster,
    roster: Roster,
    pools: Mapping[str, PoolRoster],
    entries: Sequence[tuple[Path, Entry]],
) -> Iterator[Problem]:
    """Yield each place that gives a member, of the cluster or of a pool, a setting without effect."""
    for pool, members in [(DEFAULT_POOL, roster), *pools.items()]:
        own = [(path, entry) for path, entry in entries if roster_of(entry.pool, roster, pools) is members]
        seen: set[Path] = set()
        for member in members.members:
            releases = [member.version]
            wanted = [
                ((*_path_of(cluster, member, pool, name), "config", name), name, getattr(member.config, name))
                for name in WITH_NEEDS
                if name in member.given
            ]
            for path, entry in own:
                if isinstance(entry, Upgrade) and _touches(entry.upgrade, member, members):
                    releases.append(entry.release_after(releases[-1]))
                if isinstance(entry, Reconfigure) and _touches(entry.reconfigure, member, members):
                    wanted += [((*path, "config", name), name, value) for name, value in entry.config.items()]
            for place, name, value in wanted:
                if place not in seen and _is_unknown(name, value, releases):
                    seen.add(place)
                    yield Problem(place, _message(name, value, member, releases))


def _is_unknown(name: str, value: Any, releases: Sequence[str]) -> bool:
    """Return whether a value is not the default, and no release has what the setting changes."""
    row = SETTINGS[name]
    if not row.needs or value == row.default:
        return False
    return not any(value_in(row.needs, release) for release in releases)


def _message(name: str, value: Any, member: Member, releases: Sequence[str]) -> str:
    row = SETTINGS[name]
    runs = " and then ".join(dict.fromkeys(releases))
    found = f"{name}: {written_value(name, value)} for {member.name}, which runs {runs}"
    what = f"{release_with(row.needs)}, which brought what it changes: {RULE_OF[row.needs].meaning}"
    return found_expected(found, f"{written_value(name, row.default)}, or {what}")


def _touches(chosen: Any, member: Member, roster: Roster) -> bool:
    """Return whether a fault may hit a member: a number or a share of members may hit any."""
    return not isinstance(chosen, tuple) or member.index in roster.named(roster.known(chosen))


def _path_of(cluster: Cluster, member: Member, pool: str, name: str) -> Path:
    """Return the path of the part whose `config` gives a member a setting, the nearest to it."""
    if pool != DEFAULT_POOL:
        return ("cluster", "pools", pool)
    if not isinstance(cluster.nodes, int) and name in cluster.nodes[member.index].config:
        return ("cluster", "nodes", member.index)
    if member.group in cluster.groups and name in cluster.groups[member.group].config:
        return ("cluster", "groups", member.group)
    return ("cluster",)
