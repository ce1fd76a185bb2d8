"""Recording of every packet for a replay: from the network into a growing table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serfsim.engine.packet_log import PacketLog
from serfsim.network.capture import Capture
from serfsim.network.network import Network
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.messages import Packet
from serfsim.results.columns import Columns
from serfsim.results.folder import unfinished_packets
from serfsim.results.packets import PacketFile, packet_columns
from serfsim.scenario.model import Scenario
from serfsim.simulation.recorder import in_place

TAKEN = 1 << 16  # rows of a row group


class PacketRecorder:
    """The packets of a network, written to `file` as they come.

    `origin` is the engine time of the scenario's zero. `capture` is the path of the run's capture, which may
    not exist; without it the file is a temporary one.
    """

    def __init__(
        self, network: Network, names: Sequence[str], origin: float, capture: Path | None = None
    ) -> None:
        self.log = PacketLog(network)
        self.file = PacketFile(None if capture is None else unfinished_packets(capture))
        self._network = network
        self._names = names
        self._origin = origin
        other = network.capture
        network.capture = self.log if other is None else Both(self.log, other)

    def take(self, least: int = TAKEN) -> None:
        """Move the rows of the log to the file if there are enough."""
        log, n = self.log, int(self.log.count)
        if n < least:
            return
        self.file.write(logged_packets(log, self._origin, self._names))
        log.clear()

    def close(self) -> None:
        """Write the rest; the network may go on unrecorded."""
        self._network.capture = None
        self.take(least=0)
        self.file.close()


def logged_packets(log: PacketLog, origin: float, names: Sequence[str]) -> Columns:
    """Return the packets in the log as a table (`results.packets`)."""
    n = int(log.count)
    arrives = in_place(log.arrives, np.float64)[:n]
    numbers = [
        in_place(column, kind)[:n]
        for column, kind in (
            (log.kind, np.uint8),
            (log.step, np.uint8),
            (log.source, np.int32),
            (log.target, np.int32),
            (log.about, np.int32),
            (log.carries, np.uint8),
            (log.probe, np.int64),
            (log.size, np.int32),
        )
    ]
    sent = in_place(log.t, np.float64)[:n] - origin
    due = np.where(arrives < 0.0, np.nan, arrives - origin)
    return packet_columns(sent, due, numbers, names)


def record_packets(
    scenario: Scenario, network: Network, names: Sequence[str], origin: float, capture: Path | None
) -> PacketRecorder | None:
    """Return the recorder of a run's packets if the scenario asks for one."""
    return PacketRecorder(network, names, origin, capture) if scenario.record.replay else None


class Both(Capture):
    """Two captures of one network."""

    def __init__(self, first: Capture, second: Capture) -> None:
        super().__init__()
        self._all = (first, second)

    def datagram(self, now: float, at: float, source: int, address: int, packet: Packet) -> None:
        for one in self._all:
            one.datagram(now, at, source, address, packet)

    def from_outside(self, now: float, at: float, address: int, target: int, packet: Packet) -> None:
        for one in self._all:
            one.from_outside(now, at, address, target, packet)

    def segment(self, now: float, at: float, stream: Stream, to_server: bool, step: int, a: int) -> None:
        for one in self._all:
            one.segment(now, at, stream, to_server, step, a)
