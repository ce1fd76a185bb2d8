"""Views of a finished run's nodes at a time, read from the tables of the result.

    members       every event at the node about a member, from the start of its process
    tags          the tags the member announced when the node last heard of it
    versions      the release of the member's process at that time
    coordinates   the last sample of each node

The tables do not record that a paused node announced its tags late. The counts of
`serf info` are in no table: for these the run is repeated up to the time.
"""

from __future__ import annotations

import bisect
import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from serfsim.base.english import nearest
from serfsim.base.errors import ResultError, SerfsimError
from serfsim.engine.streams import stream
from serfsim.live.views import MemberView, Stats, stats_of
from serfsim.protocol import events
from serfsim.protocol.directory import ipv4_bytes, ipv4_port
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.versions import DELEGATE_MIN, PROTOCOL_MIN, features_of
from serfsim.results.places import places_of, system_of
from serfsim.results.run_result import RunResult
from serfsim.scenario.faults import Departure, Upgrade
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import select
from serfsim.scenario.units import read_signed_duration, write_duration
from serfsim.scenario.workload import SetTags

AT_ONCE = 1e-6  # seconds between two accounts of one restart
AFTER = {
    events.JOIN: "alive",
    events.FAILED: "failed",
    events.LEFT: "left",
    events.LEFT_FORCED: "left",
    events.LEAVING: "leaving",
}


class TagChange(NamedTuple):
    """A change of tags: at `t` a member sets `tags` and removes those of `delete`."""

    t: float
    tags: dict[str, str]
    delete: tuple[str, ...]


class NoCoordinateError(SerfsimError):
    """There is no sample of a node's coordinate; its text is the node's name."""


class FinishedRun:
    """Answers queries about a run as its agents would have.

    Raises ResultError for an unknown node, one that was down, or a time outside the run.
    """

    def __init__(self, result: RunResult) -> None:
        self.result = result
        self.truth = result.truth
        self.names = result.truth.names

    @cached_property
    def scenario(self) -> Scenario:
        try:
            return loads(self.result.scenario_yaml, "scenario.yaml", kept=True)
        except SerfsimError as error:
            raise ResultError(f"the scenario of the result cannot be read: {error}") from None

    @cached_property
    def roster(self) -> Roster:
        return self.scenario.roster()

    # Node and time -------------------------------------------------------------------------------

    def number(self, name: str | None, where: str) -> int:
        """Return a node's number, the first for None; `where` names the argument in the message."""
        if name is None:
            return 0
        if name not in self.names:
            # As in a scenario, node-03 is node-003 where there are a thousand.
            if name in self.roster.index:
                return self.roster.index[name]
            message = found_expected(f"'{name}'", "the name of a node", nearest(name, self.names))
            raise ResultError(f"{where}: {message}")
        return self.names.index(name)

    def time(self, text: str | None) -> float:
        """Read '95s', '-10s' or '2m' as seconds; None means the end of the run."""
        end = self.truth.end_s
        if text is None:
            return end
        try:
            t = read_signed_duration(text)
        except ValueError as error:
            raise ResultError(f"--at: {error}") from None
        first = min(self._starts(node)[0] for node in range(len(self.names)))
        if not first <= t <= end:
            span = f"a time of the run, {format_time(math.ceil(first * 1e3) / 1e3)} to {format_time(end)}"
            raise ResultError(f"--at: {found_expected(f'{text!r}', span)}")
        return t

    def _starts(self, node: int) -> list[float]:
        """Return the start times of the node's processes, in order."""
        ends = sorted(down.end for down in self.truth.down[node] if down.end < math.inf)
        return ends or [math.inf]

    def life_start(self, node: int, t: float) -> float:
        """Return the start of the process that ran at `t`.

        Raises ResultError if none ran.
        """
        for down in self.truth.down[node]:
            if down.start <= t < down.end:
                raise ResultError(
                    f"{self.names[node]} did not run at {format_time(t)}; expected a time when it did:"
                    " before its agent starts and after it ends there is no agent to query"
                )
        starts = self._starts(node)
        return starts[bisect.bisect_right(starts, t) - 1]

    # Members -------------------------------------------------------------------------------------

    def members(self, node: int, t: float) -> list[MemberView]:
        """Return the members known to the node at `t`, in the order of their numbers."""
        start = self.life_start(node, t)
        table = self.result.events
        rows = np.flatnonzero((table.observer == node) & (table.t >= start) & (table.t <= t))
        status, heard = self._beginning(node, start)
        seen_at: dict[int, int] = {}
        columns = (table.t, table.subject, table.kind, table.detail)
        for at, subject, kind, detail in zip(*(column[rows].tolist() for column in columns), strict=True):
            if kind == events.REAP:
                status.pop(subject, None)
            elif kind == events.STATUS:
                status[subject] = STATUS_NAMES[detail]
            elif kind in AFTER:
                status[subject] = AFTER[kind]
            if kind in (events.JOIN, events.UPDATE):
                heard[subject] = at
            if kind == events.JOIN:
                seen_at[subject] = detail - 1
                for other in self._namesakes(subject):
                    status.pop(other, None)
        return [
            self._view(member, status[member], heard[member], seen_at.get(member, -1))
            for member in sorted(status)
        ]

    def _namesakes(self, member: int) -> list[int]:
        """Return the other members that bear a member's name, of whom a view has one."""
        sharing = self.roster.shared.get(self.roster.members[member].agent, []) if self.roster.shared else []
        return [other for other in sharing if other != member]

    def _beginning(self, node: int, start: float) -> tuple[dict[int, str], dict[int, float]]:
        """Return the members known to the process from its start: all of a converged start, else none."""
        if not self.truth.converged_start or start != self._starts(node)[0]:
            return {}, {}
        everybody = range(len(self.names))
        return dict.fromkeys(everybody, "alive"), dict.fromkeys(everybody, start)

    def _view(self, member: int, status: str, heard: float, address: int) -> MemberView:
        """Return a member as last heard of, at its first address where `address` is below 0."""
        starts = self._starts(member)
        began = starts[max(0, bisect.bisect_right(starts, heard) - 1)]
        who = self.roster.members[member].at_release(self._release(member, began))
        features = features_of(who.version)
        number = who.advertised if address < 0 else address
        return MemberView(
            who.agent,
            ipv4_bytes(number),
            int(ipv4_port(number)),
            self._tags(member, began, heard),
            status,
            (PROTOCOL_MIN, int(features.protocol_max), who.config.memberlist_protocol_version),
            (DELEGATE_MIN, int(features.delegate_max), who.config.protocol_version),
        )

    def _tags(self, member: int, began: float, t: float) -> dict[str, str]:
        """Return the tags announced by `t` by the process started at `began`."""
        tags = dict(self.roster.members[member].tags)
        for restart, other in self._restart_tags.get(member, ()):
            if restart <= began + AT_ONCE:
                tags = dict(other)
        for change in self._tag_changes.get(member, ()):
            if began <= change.t <= t:
                kept = {key: value for key, value in tags.items() if key not in change.delete}
                tags = {**kept, **change.tags}
        return tags

    @cached_property
    def _restart_tags(self) -> dict[int, list[tuple[float, dict[str, str]]]]:
        """The other tags that members restart with, by member: (seconds, tags) in order of time."""
        found: dict[int, list[tuple[float, dict[str, str]]]] = {}
        for position, fault in enumerate(self.scenario.faults):
            if isinstance(fault, Departure) and fault.tags is not None:
                rng = stream(self.scenario.seed, f"faults/{position}")
                ends = [end for _, end in fault.occurrences(self.scenario.duration) if end is not None]
                for member in fault.prepare(self.roster, rng):
                    found.setdefault(member, []).extend((end, fault.tags) for end in ends)
        return {member: sorted(changes, key=lambda change: change[0]) for member, changes in found.items()}

    @cached_property
    def _tag_changes(self) -> dict[int, list[TagChange]]:
        found: dict[int, list[TagChange]] = {}
        for position, work in enumerate(self.scenario.workload):
            if isinstance(work, SetTags):
                rng = stream(self.scenario.seed, f"workload/{position}")
                times = [start for start, _ in work.occurrences(self.scenario.duration)]
                for member in select(work.nodes, self.roster, rng):
                    changes = [TagChange(t, work.tags, work.delete) for t in times]
                    found.setdefault(member, []).extend(changes)
        return {member: sorted(changes, key=lambda change: change.t) for member, changes in found.items()}

    def _release(self, member: int, began: float) -> str:
        """Return the Serf release of the process started at `began`."""
        release = self.roster.members[member].version
        for t, upgrade in self._upgrades.get(member, ()):
            if t <= began:
                release = upgrade.release_after(release)
        return release

    @cached_property
    def _upgrades(self) -> dict[int, list[tuple[float, Upgrade]]]:
        found: dict[int, list[tuple[float, Upgrade]]] = {}
        for position, fault in enumerate(self.scenario.faults):
            if isinstance(fault, Upgrade):
                rng = stream(self.scenario.seed, f"faults/{position}")
                for turn, member in enumerate(select(fault.upgrade, self.roster, rng)):
                    found.setdefault(member, []).append((fault.at + turn * fault.apart, fault))
        return {member: sorted(those, key=lambda one: one[0]) for member, those in found.items()}

    # Coordinates ---------------------------------------------------------------------------------

    def estimate(self, a: int, b: int, t: float) -> float | None:
        """Return the round-trip time in seconds that `a` expects to `b` as of the last samples by `t`.

        None where the coordinate system has no estimate for the pair. Raises NoCoordinateError for a node of
        which there is no sample by then.
        """
        table = self.result.coordinates
        known, places = places_of(table[table["t_s"] <= t], len(self.names))
        for node in (a, b):
            if node not in known:
                raise NoCoordinateError(self.names[node])
        ends = [np.array([node], dtype=np.int64) for node in (a, b)]
        found = float(system_of(self.result.summary).estimate(places, *ends)[0, 0])
        return None if np.isnan(found) else found

    # Stats ---------------------------------------------------------------------------------------

    def stats(self, node: int, t: float) -> Stats:
        """Return the statistics of the node's agent, by repeating the run up to `t`.

        Raises ResultError if the repeated run differs, as under another version of serfsim.
        """
        # start-up: they import simpy, which only this method needs
        from serfsim.engine.environment import no_garbage_collection
        from serfsim.simulation.recorder import as_array
        from serfsim.simulation.simulation import Simulation

        self.life_start(node, t)
        sim = Simulation(self.scenario)
        with no_garbage_collection():
            sim.env.run(until=t)
        times = self.result.events.t
        before = int(np.searchsorted(times, t)) - int(np.searchsorted(times, min(0.0, t)))
        again = as_array(sim.trace.events.trim().t, np.float64)
        if before != int((again < t).sum() - (again < min(0.0, t)).sum()) or sim.nodes[node] is None:
            raise ResultError(
                "the run cannot be repeated exactly: the result is of another version of serfsim"
                " or of an experiment; expected one that `serfsim run` made with this version"
            )
        return stats_of(sim.nodes[node])


def format_time(t: float) -> str:
    """Write a time as --at takes it."""
    return f"-{write_duration(-t)}" if t < 0.0 else write_duration(t)
