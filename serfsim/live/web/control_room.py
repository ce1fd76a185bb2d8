"""The control room: what is done to a running simulation by hand becomes an entry of its scenario.

An action happens at a moment of its own, a whole microsecond at which nothing else of the scenario happens.
There the entry of a scenario file with that moment as its `at` is carried out by the code that carries out
scheduled ones, and draws from the streams of its place in the list. The scenario with these entries, which
ends when it is saved, is therefore the same run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.engine.streams import stream
from serfsim.scenario.faults import FAULTS, OnNodes
from serfsim.scenario.phrases import format_names
from serfsim.scenario.problems import ScenarioProblems, found_expected, listed, path_text, quoted
from serfsim.scenario.units import write_duration
from serfsim.scenario.workload import WORKLOAD
from serfsim.scenario.writing import dumps

if TYPE_CHECKING:
    from serfsim.live.rpc.simulated_agent import SimulatedAgent
    from serfsim.scenario.faults import Fault
    from serfsim.scenario.model import Scenario

LONGEST_S: Final = 6 * 3600.0  # simulated
TICKS: Final = 1_000_000  # moments a second
INVALID: Final = 422  # statuses of HTTP
CONFLICT: Final = 409
TIMES: Final = ("at", "every", "times")
# Commands of clients that change nothing in the cluster.
READING: Final = frozenset(
    ("members", "members-filtered", "stats", "get-coordinate", "stream", "monitor", "stop")
)


class Refused(SerfsimError):
    """An action that cannot be; `status` is that of HTTP."""

    def __init__(self, message: str, status: int = INVALID) -> None:
        super().__init__(message)
        self.status = status


class Deed(NamedTuple):
    """Something done by hand at `at` seconds. `position` is its place in the list of faults or workload."""

    at: float
    what: str
    verb: str
    position: int


def live_scenario(given: Scenario) -> Scenario:
    """Return the scenario to simulate for a control room: with what repeats in it repeating for hours.

    Where that would be too often, it ends when the given one does.
    """
    # Claims are about the run that was planned; packets are kept by the page itself.
    changes: dict[str, Any] = {"claims": [], "record.packets": "counts", "record.replay": False}
    try:
        return given.with_settings({**changes, "duration": write_duration(max(LONGEST_S, given.duration))})
    except ScenarioProblems:
        return given.with_settings(changes)


class ControlRoom:
    """The control room of the simulation behind `agent`, which simulates `live_scenario(given)`.

    `done` are the deeds in order.
    """

    def __init__(self, agent: SimulatedAgent, given: Scenario) -> None:
        self.agent = agent
        self.given = given
        self.sim = agent.sim
        self.scenario = agent.sim.scenario
        self.done: list[Deed] = []
        self._own_from = len(self.scenario.faults)
        self._members: dict[int, list[str]] = {}
        self._refused: list[str] = []

    # Actions -------------------------------------------------------------------------------------

    def act(self, entry: Mapping[str, Any]) -> Deed:
        """Carry out an entry of `faults` or `workload`, given without its times, now.

        Raises Refused for what a scenario file may not have either.
        """
        section = "workload" if entry.keys() & WORKLOAD.keys() else "faults"
        self._check_keys(entry)
        # The cluster should not lose time to a mistake.
        self._with_entry(section, entry, self._next_moment())
        t = self._go_to_a_moment()
        scenario = self._with_entry(section, entry, t)
        if section == "faults":
            position = len(scenario.faults) - 1
            fault = scenario.faults[-1]
            self._accept(scenario)
            self.sim.faults.strike(position, fault)
            return self._note(Deed(t, fault.describe_with_pool(), fault.verb, position))
        position, work = len(scenario.workload) - 1, scenario.workload[-1]
        try:
            self.sim.workload.act(position, work)
        except SerfsimError as error:
            self._refused.append(f"{work.verb} at {t:g} s was refused, which its file cannot repeat")
            raise Refused(str(error), CONFLICT) from None
        self._accept(scenario)
        return self._note(Deed(t, work.describe_with_pool(), work.verb, position))

    def end(self, position: int) -> Deed:
        """End the fault at this place of the list now, one of the scenario's or one begun by hand.

        Raises Refused if it is not in force, or repeats.
        """
        faults = self.scenario.faults
        if not 0 <= position < len(faults):
            found = f"fault {position}"
            raise Refused(found_expected(found, f"the number of one of the {len(faults)} faults"), CONFLICT)
        fault, running = faults[position], self.sim.faults.latest.get(position)
        what = fault.describe_with_pool()
        if running is None or running.is_over:
            state = "has not begun" if running is None else "is over"
            raise Refused(f"'{what}' {state}; expected a fault in force", CONFLICT)
        if fault.every is not None:
            raise Refused(f"'{what}' repeats; expected a fault that happens once", CONFLICT)
        t = self._go_to_a_moment()
        if running.is_over:
            raise Refused(f"'{what}' is over; expected a fault in force", CONFLICT)
        scenario = self._ending(position, t)
        self._accept(scenario)
        running.end()
        return self._note(Deed(t, f"end of: {what}", "end", position))

    def _check_keys(self, entry: Mapping[str, Any]) -> None:
        for key in TIMES:
            if key in entry:
                raise Refused(f"found `{key}`; expected none, since it happens now")
        verbs = [*FAULTS, *WORKLOAD]
        if self.scenario.code is None and not entry.keys() & set(verbs):
            near = next(filter(None, (nearest(str(key), verbs) for key in entry)), None)
            raise Refused(found_expected(quoted(entry), f"one of the verbs {listed(verbs)}", near))

    def _with_entry(self, section: str, entry: Mapping[str, Any], t: float) -> Scenario:
        given: dict[str, Any] = self.scenario.given()
        entries = [*given.get(section, ()), {**entry, "at": write_duration(t)}]
        return self._read({**given, section: entries}, section, len(entries) - 1)

    def _ending(self, position: int, t: float) -> Scenario:
        given: dict[str, Any] = self.scenario.given()
        entries = list(given["faults"])
        kept = {key: value for key, value in entries[position].items() if key not in {"for", "restart"}}
        entries[position] = {**kept, "until": write_duration(t)}
        return self._read({**given, "faults": entries}, "faults", position)

    def _read(self, sections: Mapping[str, Any], section: str, position: int) -> Scenario:
        try:
            return self.scenario.again(sections)
        except ScenarioProblems as error:
            own = [problem for problem in error.problems if problem.path[:2] == (section, position)]
            lines = [
                ": ".join(filter(None, (path_text(problem.path[2:]), problem.message))) for problem in own
            ]
            raise Refused("; ".join(lines) or str(error)) from None

    def _accept(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.agent.follow_clock(scenario)

    def _note(self, deed: Deed) -> Deed:
        self.done.append(deed)
        return deed

    def _next_moment(self) -> float:
        """Return the first whole microsecond after now; its shortest text reads back as the same float."""
        now = self.sim.now
        tick = math.floor(now * TICKS) + 1
        # The product may lie just below a whole number.
        return tick / TICKS if tick / TICKS > now else (tick + 1) / TICKS

    def _go_to_a_moment(self) -> float:
        """Advance to the next moment at which nothing else of the scenario is due."""
        while True:
            t = self._next_moment()
            if t >= self.scenario.duration:
                raise Refused(f"the run ended at {self.scenario.duration:g} s", CONFLICT)
            self.agent.advance(t)
            if self.sim.env.peek() > t:
                return t

    # What is in force ----------------------------------------------------------------------------

    def in_force(self) -> list[dict[str, Any]]:
        """Return the faults in force, oldest first, as the page shows them."""
        found = []
        for position, running in self.sim.faults.latest.items():
            if running.is_over:
                continue
            fault = self.scenario.faults[position]
            found.append(
                {
                    "position": position,
                    "what": fault.describe_with_pool(),
                    "verb": fault.verb,
                    "since": running.began,
                    "ends": fault.end_of(running.began),
                    "by_hand": position >= self._own_from,
                    "repeats": fault.every is not None,
                    "stops_processes": fault.ends_processes,
                    "members": self._names_of(position, fault),
                }
            )
        return found

    def _names_of(self, position: int, fault: Fault) -> list[str]:
        """Return the names of the members of a fault of members."""
        if not isinstance(fault, OnNodes) or fault.pool is not None:
            return []
        if position not in self._members:
            drawn = fault.prepare(self.sim.roster, stream(self.scenario.seed, f"faults/{position}"))
            self._members[position] = [self.sim.roster.members[number].name for number in drawn]
        return self._members[position]

    # Saving --------------------------------------------------------------------------------------

    def inexact(self) -> Sequence[str]:
        """Return what a saved scenario cannot repeat, in sentences."""
        changing = {name: count for name, count in self.agent.commands.items() if name not in READING}
        commands = [name if count == 1 else f"{count} times {name}" for name, count in changing.items()]
        said = [f"clients of the RPC port gave commands: {format_names(commands)}"] if commands else []
        return [*self._refused, *said]

    def saved(self, t: float) -> Scenario:
        """Return the scenario that does what this run has done, to end at `t`."""
        given: dict[str, Any] = {
            key: value for key, value in self.given.given().items() if key not in {"claims", "situation"}
        }
        live: dict[str, Any] = self.scenario.given()
        entries: dict[str, Any] = {key: live[key] for key in ("faults", "workload") if key in live}
        changes = {"name": f"{self.given.name}_live", "duration": write_duration(t)}
        return self.given.again({**given, **entries, **changes})

    def saved_text(self, t: float, digest: str | None) -> str:
        """Return that scenario as a file, with comments that say where it comes from."""
        lines = [f"From serfsim serve: {self.given.name} with {len(self.done)} actions by hand."]
        if digest is not None:
            lines.append(f"Digest of that run, and of serfsim run: {digest}")
        lines += [f"Not exact: {sentence}." for sentence in self.inexact()]
        comment = "".join(f"# {line}\n" for line in lines)
        return comment + dumps(self.saved(t), whole=False)

    def next_end(self) -> float:
        """Return the moment at which a scenario saved now ends."""
        return min(self._next_moment(), self.scenario.duration)
