"""The packets of a run as a table, written while it runs: `packets.parquet`, of `record: {replay: true}`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from serfsim.base.kept_files import KeptFile, UnfinishedFile
from serfsim.protocol.memberlist.messages import (
    ACK,
    ERROR,
    GOSSIP,
    INDIRECT_PING,
    NACK,
    PING,
    PUSH_PULL,
    USER,
)
from serfsim.results.columns import Coded, Columns, Masked
from serfsim.results.folder import PACKETS
from serfsim.results.scoring.recording import Floats, Integers

if TYPE_CHECKING:
    from serfsim.results.parquet import ParquetParts

PACKET_TABLE: Final = "packets"
ON_STREAM: Final = 16
KINDS: Final = {
    PING: "ping",
    INDIRECT_PING: "indirect_ping",
    ACK: "ack",
    NACK: "nack",
    GOSSIP: "gossip",
    USER: "user",
    ON_STREAM + PING: "tcp_fallback",
    ON_STREAM + PUSH_PULL: "push_pull",
    ON_STREAM + USER: "tcp_user",
    ON_STREAM + ERROR: "tcp_error",
}
"""What leads a datagram or what a stream is for, by the number in `engine.packet_log`."""

SEGMENTS: Final = {
    0: "syn",
    2: "syn_ack",
    5: "rst",
    6: "rst",
    7: "request",
    10: "answer",
    13: "fin",
    14: "fin",
}
"""Segments of TCP by their number in `network.tcp_steps`."""

CARRIED: Final = ("suspect", "alive", "dead", "serf")
"""Broadcasts inside a datagram, by bit of `carries` in `engine.packet_log`."""

CARRIES: Final = [
    "+".join(name for bit, name in enumerate(CARRIED) if mask >> bit & 1) for mask in range(1, 16)
]


def _coded(numbers: Integers, names: dict[int, str]) -> Coded:
    """Return a column of names from numbers; others are missing."""
    different = list(dict.fromkeys(names.values()))
    codes = np.full(256, -1, dtype=np.int64)
    for number, name in names.items():
        codes[number] = different.index(name)
    return Coded(codes[numbers], different)


def packet_columns(t: Floats, arrives: Floats, numbers: Sequence[Integers], names: Sequence[str]) -> Columns:
    """Return the table of packets; times on the scenario's clock, `arrives` NaN for a lost packet.

    `numbers` are the other columns as `engine.packet_log` has them: kind, step, source, target, about,
    carries, probe, size.
    """
    kind, step, source, target, about, carries, probe, size = numbers
    known = list(names)

    def members(numbers: Integers) -> Coded:
        return Coded(np.where(numbers < len(known), numbers, -1).astype(np.int64), known)

    return {
        "t_s": t,
        "arrives_s": arrives,
        "kind": _coded(kind, KINDS),
        "segment": _coded(step, SEGMENTS),
        "source": members(source),
        "target": members(target),
        "about": members(about),
        "carries": Coded(carries.astype(np.int64) - 1, CARRIES),
        "probe": Masked(probe, probe == 0),
        "bytes": Masked(size, size == 0),
    }


class PacketFile(UnfinishedFile):
    """The table being written. Raises ResultError if it cannot be written, as do all writing methods."""

    name = PACKETS

    def __init__(self, path: Path | None = None) -> None:
        from serfsim.results.parquet import ParquetParts  # start-up: it imports pyarrow

        super().__init__(path)
        self._parts: ParquetParts = ParquetParts(self.path, varied=("probe", "bytes"), split=True)
        self.remove_with(self._parts.close)

    def write(self, columns: Columns) -> None:
        """Append rows, as a row group."""
        with self._write_errors():
            self._parts.write(columns)

    def close(self) -> None:
        with self._write_errors():
            self._parts.close()


class KeptPackets(KeptFile):
    """The table of a result folder."""

    name = PACKETS
