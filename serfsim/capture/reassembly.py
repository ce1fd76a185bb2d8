"""Connections of captured segments: who dialled, and the bytes that each side sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from serfsim.capture.headers import ACK, FIN, RST, SYN
from serfsim.capture.unpacking import Endpoint, Transported

HALF = 1 << 31


@dataclass
class _Half:
    """The bytes that one side sends, by their distance from the first."""

    first: int = -1  # the sequence number of the first byte
    pieces: dict[int, bytes] = field(default_factory=dict)

    def take(self, segment: Transported) -> None:
        if segment.flags & SYN:
            self.first = (segment.sequence + 1) & 0xFFFFFFFF
        elif self.first < 0:
            self.first = segment.sequence
        offset = (segment.sequence + bool(segment.flags & SYN) - self.first) & 0xFFFFFFFF
        if segment.payload and offset < HALF and len(self.pieces.get(offset, b"")) < len(segment.payload):
            self.pieces[offset] = segment.payload

    def data(self) -> bytes:
        """Return what was sent, up to the first byte missing."""
        whole = bytearray()
        for offset, piece in sorted(self.pieces.items()):
            if offset > len(whole):
                break
            whole += piece[len(whole) - offset :]
        return bytes(whole)


@dataclass
class Captured:
    """A connection: its ends, and its segments in order of time."""

    client: Endpoint
    server: Endpoint
    segments: list[Transported] = field(default_factory=list)
    _up: _Half = field(default_factory=_Half)
    _down: _Half = field(default_factory=_Half)

    def take(self, segment: Transported) -> None:
        self.segments.append(segment)
        (self._up if segment.source == self.client else self._down).take(segment)

    @property
    def request(self) -> bytes:
        return self._up.data()

    @property
    def answer(self) -> bytes:
        return self._down.data()


def connections_of(segments: Iterable[Transported], ports: frozenset[int]) -> list[Captured]:
    """Return the connections to `ports`; who dials is known by the SYN, or else by the other's port."""
    known: dict[tuple[Endpoint, Endpoint], Captured] = {}
    begun: dict[tuple[Endpoint, Endpoint], int] = {}
    found: list[Captured] = []
    for one in segments:
        ends = (one.source, one.target)
        if one.flags & (SYN | ACK) == SYN and begun.get(ends) != one.sequence:
            known.pop(ends, None)
            known.pop(ends[::-1], None)
            begun[ends] = one.sequence
        key = ends[::-1] if ends[::-1] in known else ends
        if key not in known:
            is_back = one.flags & (SYN | ACK) == SYN | ACK or one.target[1] not in ports
            if (one.flags & SYN == 0) and one.source[1] in ports and one.target[1] in ports:
                is_back = False
            key = ends[::-1] if is_back else ends
            if key[1][1] not in ports:
                continue
            known[key] = Captured(*key)
            found.append(known[key])
        known[key].take(one)
    return found


def segment_name(segment: Transported, is_request: bool) -> str:
    """Return the part that a segment plays, "" for a bare acknowledgement."""
    if segment.flags & SYN:
        return "syn_ack" if segment.flags & ACK else "syn"
    if segment.flags & RST:
        return "rst"
    if segment.payload:
        return "request" if is_request else "answer"
    return "fin" if segment.flags & FIN else ""
