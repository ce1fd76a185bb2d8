"""The rows of the machines' transition tables, and the observer that counts those that a run takes.

The observer is a checker beside those of `serfsim.checks`, and changes nothing. It puts a tap before each
member's machine that compares the machine's state before and after each packet, timer and answer
(`row_taps`), and reads the events that machines report (`RowCounts.recorded`). So it counts in the compiled
form as in the interpreted one. The machines of the network have no taps: see `network_rows`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from serfsim.checks import Checker, Observed
from serfsim.network import host_events, listener, tcp, tcp_transfer
from serfsim.protocol import events
from serfsim.protocol.memberlist import probe, state
from serfsim.protocol.memberlist.members import STATE_NAMES, UNKNOWN
from serfsim.protocol.serf import events as serf_events
from serfsim.protocol.serf import intents, members, queries
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_LEAVING
from serfsim.protocol.transitions import Transition

if TYPE_CHECKING:
    from serfsim.protocol.serf.messages import GossipedItem

MACHINES: Final[dict[str, tuple[Transition, ...]]] = {
    "memberlist/probe": probe.TRANSITIONS,
    "memberlist/state": state.TRANSITIONS,
    "serf/members": members.TRANSITIONS,
    "serf/intents": intents.TRANSITIONS,
    "serf/events": serf_events.TRANSITIONS,
    "serf/queries": queries.TRANSITIONS,
}
NETWORK: Final[dict[str, tuple[Transition, ...]]] = {
    "network/host_events": host_events.TRANSITIONS,
    "network/tcp": tcp.TRANSITIONS,
    "network/tcp_transfer": tcp_transfer.TRANSITIONS,
    "network/listener": listener.TRANSITIONS,
}
TABLES: Final = MACHINES | NETWORK
STATUSES: Final = ("none", "alive", "leaving", "left", "failed")

# Rows that an event stands for, whatever was before.
BY_EVENT: Final = {
    events.CONFIRMED: "memberlist/state: suspect: suspect by another",
    events.SUSPECT_HEARD: "memberlist/state: alive: suspect",
    events.SUSPECT_CLEARED: "memberlist/state: suspect: alive, newer",
    events.REFUTE_SUSPECT: "memberlist/state: ourselves: suspect",
    events.REFUTE_DEAD: "memberlist/state: ourselves: dead",
    events.REFUTE_ALIVE: "memberlist/state: ourselves: alive, newer",
    events.SUSPICION_TIMEOUT: "memberlist/state: suspect: suspicion timeout",
    events.LEAVING: "serf/members: alive: leave intent",
    events.FAILED: "serf/members: alive: node leaves",
    events.LEFT: "serf/members: leaving: node leaves",
    events.LEFT_FORCED: "serf/members: failed: leave intent",
    events.OLD_EVENT: "serf/events: too old: event",
    events.OLD_QUERY: "serf/queries: too old: query",
}


def name_of(machine: str, row: Transition) -> str:
    """Return a row's name: 'memberlist/state: alive: suspect'."""
    return f"{machine}: {row.state}: {row.input}"


def row_names() -> list[str]:
    """Return the names of all rows."""
    return [name_of(machine, row) for machine, rows in TABLES.items() for row in rows]


class RowCounts(Checker):
    """Counts the rows that the cluster's own agents take."""

    name = "rows"
    rule = "counts rows; no run breaks it"

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self.counts: Counter[str] = Counter()
        self._states: dict[tuple[int, int], str] = {}  # memberlist's, by observer and subject
        self._statuses: dict[tuple[int, int], str] = {}  # Serf's
        self._timed_out: tuple[int, int] = (-1, -1)
        self._forced: tuple[float, int, int] = (0.0, -1, -1)

    def take(self, row: str) -> None:
        """Count a row."""
        self.counts[row] += 1

    def started(self, member: int) -> None:
        # start-up: it needs this module
        from serfsim.study.swarm.row_taps import RowTap

        for view in (self._states, self._statuses):
            for pair in [pair for pair in view if pair[0] == member]:
                del view[pair]
        host = self.run.network.hosts[member]
        host.machine = RowTap(member, host.machine, self)

    def state_of(self, observer: int, subject: int) -> str:
        """Return what memberlist at one member holds of another: unknown, alive, suspect, dead or left."""
        core = self.run.core(observer)
        if core is None or not 0 <= subject < self.run.n:
            return "unknown"
        key = int(core.members.key(subject))
        return "unknown" if key == UNKNOWN else STATE_NAMES[key & 3]

    def status_of(self, observer: int, subject: int) -> str:
        """Return Serf's status of a member in another's view."""
        node = self.run.agents.nodes[observer]
        if node is None or not 0 <= subject < self.run.n:
            return "none"
        return STATUSES[int(node.members.status(subject))]

    def recorded(self, observer: int, event: int, subject: int, detail: int) -> None:
        pair = (observer, subject)
        if event in BY_EVENT:
            self.take(BY_EVENT[event])
        if event == events.SUSPECT and detail == 1:
            self.take("memberlist/state: alive: suspect")
        elif event == events.SUSPICION_TIMEOUT:
            self._timed_out = pair
        elif event in (events.MEMBER_DEAD, events.MEMBER_LEFT):
            self._went(pair, "dead" if event == events.MEMBER_DEAD else "dead by itself")
        elif event == events.CONFLICT:
            self.take(f"memberlist/state: {self.state_of(*pair)}: alive from another address")
        elif event == events.JOIN:
            self._joined(pair)
        elif event == events.STATUS and detail == STATUS_ALIVE:
            self.take("serf/members: leaving: join intent")
        elif event == events.REAP:
            self._reaped(pair, detail == 1)
        elif event == events.LEFT_FORCED:
            self._forced = (self.run.now, observer, subject)
        if subject >= 0 and event != events.FLAP:  # which comes before its join
            self._states[pair] = self.state_of(*pair)
            if event != events.REAP:
                self._statuses[pair] = self.status_of(*pair)
            else:
                self._statuses.pop(pair, None)

    def _went(self, pair: tuple[int, int], how: str) -> None:
        if self._timed_out == pair:
            self._timed_out = (-1, -1)
        elif pair[0] == pair[1]:
            self.take("memberlist/state: ourselves: leave")
        else:
            before = self._states.get(pair, "alive")
            self.take(f"memberlist/state: {before if before == 'suspect' else 'alive'}: {how}")

    def _joined(self, pair: tuple[int, int]) -> None:
        before = self._states.get(pair, "unknown")
        if before in ("unknown", "dead", "left"):
            self.take(f"memberlist/state: {before}: alive, newer")
        status = self._statuses.get(pair, "none")
        if status == "none" and self.status_of(*pair) == STATUSES[STATUS_LEAVING]:
            self.take("serf/members: none: node joins, leave intent known")
        elif status != "alive":
            self.take(f"serf/members: {status}: node joins")

    def _reaped(self, pair: tuple[int, int], pruned: bool) -> None:
        status = self._statuses.get(pair, "none")
        if not pruned:
            why = {"failed": "reconnect_timeout", "left": "tombstone_timeout"}.get(status)
            if why is not None:
                self.take(f"serf/members: {status}: {why}")
        elif self._forced == (self.run.now, *pair):
            self.take("serf/members: failed: leave intent to prune")
        elif status == "leaving":
            self.take("serf/members: leaving: end of the hold before a prune")
        elif status == "left":
            self.take("serf/members: left: leave intent to prune")

    def delivered(self, member: int, kind: int, item: GossipedItem) -> None:
        """Deliveries count as rows where the message came in: see `row_taps`."""
