"""The tables that a page is sent of a running simulation, in pieces as the run grows.

A piece has the rows of a moment. A page that has seen some pieces is sent all later ones as one document of
`replays.document`; a new page, or one that fell far behind, is sent everything that is kept. The heading of a
later document holds only what may have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from serfsim._version import __version__
from serfsim.engine.packet_log import PacketLog
from serfsim.live.web.control_room import ControlRoom
from serfsim.replays.document import bands_of, pack, pairs_of
from serfsim.replays.tables import (
    Arrays,
    as_tables,
    coordinate_arrays,
    event_arrays,
    line_arrays,
    log_arrays,
    no_arrays,
    packet_arrays,
    places_of,
    queue_arrays,
)
from serfsim.results import frames
from serfsim.results.agent_log import log_lines
from serfsim.results.places import system_of
from serfsim.results.scoring.recording import EventTable, LogTable
from serfsim.results.stored_truth import true_map
from serfsim.results.summary import serf_version
from serfsim.simulation.packets import logged_packets
from serfsim.simulation.truth import TrueRtt

if TYPE_CHECKING:
    from serfsim.live.rpc.pacing import Controlled
    from serfsim.results.stored_truth import TrueMap

MOST_PIECES: Final = 256  # joined to one beyond
MOST_ROWS: Final = {"packets": 300_000, "log": 100_000}
"""Rows that are kept; older ones are forgotten."""


class Piece(NamedTuple):
    """Rows that were new at the same time; `number` counts pieces from 1."""

    number: int
    arrays: dict[str, Arrays]


class Feed:
    """The run of a control room as pages see it; `rpc` is the address of its RPC port."""

    def __init__(self, room: ControlRoom, pace: Controlled, rpc: str = "") -> None:
        self.room = room
        self.pace = pace
        self.rpc = rpc
        self.count = 0  # pieces so far
        self.closed = False
        self._sim = room.sim
        self._names = [member.name for member in self._sim.roster.members]
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._version = serf_version(self._sim.scenario)
        self._positions = system_of({"versions": self._sim.agents.kind.versions()}).positions
        self._waiting: dict[str, list[Arrays]] = {"events": [], "log": []}
        self._packets = PacketLog(self._sim.network)
        self._sampled = 0
        self._queues_sampled = 0
        self._pieces: list[Piece] = []
        self._state = ""
        self._changed = asyncio.Condition()
        self._map: TrueMap | None = None
        room.agent.follower = self

    def begin(self) -> None:
        """Begin to record packets, at the end of the warm-up."""
        sim = self._sim
        sim.network.capture = self._packets
        rtt = TrueRtt(sim.topology, sim.network.jitter, sim.roster, sim.now, sim.network.jitter_by_pair)
        truth = sim.truth.truth(rtt, sim.topology.positions, [])
        self._map = true_map(truth, len(self._names))

    # The run's side ------------------------------------------------------------------------------

    def take_rows(self, events: EventTable, log: LogTable) -> None:
        """Take what members have reported and logged."""
        sim = self._sim
        self._waiting["events"].append(event_arrays(events, len(self._names)))
        lines = log_lines(events, self.room.agent.names(), self._version, sim.agents.releases, log)
        known = (line for text in lines for line in text.split("\n") if line and line[0] != "#")
        self._waiting["log"].append(log_arrays(known, self._numbers))

    async def collect(self) -> None:
        """Make a piece of all that is new, and tell those who wait for one."""
        arrays = self._new_rows()
        state = repr((self.room.done, self.pace.paused, self.pace.speed, self._sim.now, self.room.inexact()))
        if state == self._state and not any(len(rows["t"]) for rows in arrays.values()):
            return
        self._state = state
        self.count += 1
        self._pieces.append(Piece(self.count, arrays))
        if len(self._pieces) > MOST_PIECES:
            whole = joined([piece.arrays for piece in self._pieces])
            self._pieces = [Piece(self.count, {name: _latest(name, rows) for name, rows in whole.items()})]
        async with self._changed:
            self._changed.notify_all()

    def _new_rows(self) -> dict[str, Arrays]:
        sim, n = self._sim, len(self._names)
        found = no_arrays(n)
        for name, waiting in self._waiting.items():
            parts = waiting or [_no_rows(name, n)]
            found |= joined([{name: rows} for rows in parts])
        self._waiting = {name: [] for name in self._waiting}
        if self._packets.count:
            found["packets"] = packet_arrays(logged_packets(self._packets, sim.origin, self._names), n)
            self._packets.clear()
        samples = sim.sampler.samples(self._sampled)
        if len(samples.t):
            self._sampled += len(samples.t)
            rows = frames.coordinates(samples, self._names)
            found["coordinates"] = coordinate_arrays(rows, self._positions, self._map, n)
        queues = sim.queue_sampler.samples(self._queues_sampled)
        if len(queues.t):
            self._queues_sampled += len(queues.t)
            found["queues"] = queue_arrays(frames.member_queues(queues, self._names), n)
        return found

    async def close(self) -> None:
        """End every page's stream."""
        self.closed = True
        async with self._changed:
            self._changed.notify_all()

    # The pages' side -----------------------------------------------------------------------------

    async def later(self, seen: int) -> tuple[int, bytes] | None:
        """Wait for pieces after number `seen`; return the number of the last and the document of them.

        None once the feed is closed.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self.closed or self.count > seen)
        if self.closed:
            return None
        is_whole = seen == 0 or self._pieces[0].number > seen + 1
        pieces = [piece.arrays for piece in self._pieces if is_whole or piece.number > seen]
        heading = {**(self._lasting() if is_whole else {}), **self._changing()}
        return self.count, pack(heading, as_tables(joined(pieces)))

    def _lasting(self) -> dict[str, Any]:
        """Return what of the heading stays as it is; see `replays.document.heading_of`."""
        sim = self._sim
        return {
            "version": __version__,
            "name": sim.scenario.name,
            "question": sim.scenario.question,
            "seed": sim.seed,
            "digest": "",
            "start_s": 0.0 if sim.scenario.cluster.start.converged else -sim.warm_up,
            "members": self._names,
            "groups": [member.group for member in sim.roster.members],
            "converged": bool(sim.scenario.cluster.start.converged),
            "observers": None,
            "map": places_of(self._map, len(self._names)),
            "captions": [],
        }

    def _changing(self) -> dict[str, Any]:
        """Return what of the heading changes, and under `live` what only a running simulation has."""
        sim, room = self._sim, self.room
        now = sim.now
        down, faulted = sim.truth.so_far()
        return {
            "end_s": now,
            "down": pairs_of(down, now),
            "faulted": pairs_of(faulted, now),
            "crashes": [[float(t), int(node)] for t, node in sim.truth.crashes],
            "leaves": [[float(t), int(node)] for t, node in sim.truth.leaves],
            "faults": in_lanes(bands_of(room.scenario.faults, min(now, room.scenario.duration), now)),
            "live": {
                "paused": self.pace.paused,
                "speed": self.pace.speed,
                "over": now >= self.pace.end,
                "in_force": room.in_force(),
                "done": [deed._asdict() for deed in room.done],
                "inexact": list(room.inexact()),
                "agent": room.agent.name,
                "rpc": self.rpc,
            },
        }


def _no_rows(name: str, members: int) -> Arrays:
    """Return the table of events or of the log without rows."""
    none = np.zeros(0)
    if name == "log":
        return line_arrays(none, none.astype(np.int64), (), members)
    return event_arrays(EventTable(none, *(none.astype(np.int64) for _ in range(4))), members)


def joined(parts: Sequence[Mapping[str, Arrays]]) -> dict[str, Arrays]:
    """Return tables with the rows of all parts."""
    return {
        name: {key: np.concatenate([part[name][key] for part in parts]) for key in columns}
        for name, columns in parts[0].items()
    }


def _latest(name: str, rows: Arrays) -> Arrays:
    most = MOST_ROWS.get(name)
    return rows if most is None else {key: column[-most:] for key, column in rows.items()}


def in_lanes(bands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return bands in the order in which they begin, each in the first row that is free by then."""
    ends: list[float] = []
    found = []
    for band in sorted(bands, key=lambda one: float(one["start"])):
        row = next((row for row, end in enumerate(ends) if end <= band["start"]), len(ends))
        ends[row : row + 1] = [float(band["end"])]
        found.append({**band, "row": row})
    return found
