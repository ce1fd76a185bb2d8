"""Captured datagrams and connections as memberlist's messages, whatever label, key or compression is around.

A copy of a packet seen elsewhere, on another interface, in another direction or another file, is its arrival.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from serfsim.base.errors import ResultError
from serfsim.capture.frames import read_frames
from serfsim.capture.reassembly import Captured, connections_of
from serfsim.capture.unpacking import LINKS, Transported, Unpacker
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import ACK, INDIRECT_PING, NACK, PING, StreamMessage
from serfsim.protocol.wire.cipher import NONCE_SIZE, TAG_SIZE
from serfsim.protocol.wire.decode_memberlist import Datagram, DatagramReader
from serfsim.protocol.wire.envelope import ENCRYPT, label_of, with_label
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.streams import decode_stream, unwrap_stream
from serfsim.wire_crypto import Keyring

DEFAULT_PORTS: Final = frozenset((7946,))
LONGEST_FLIGHT: Final = 1_000_000_000  # ns between a packet and its arrival elsewhere
SEALED: Final = 1 + NONCE_SIZE + TAG_SIZE  # bytes of an encrypted datagram at least
PORTS_SAID: Final = 3


@dataclass
class Sent:
    """A datagram or segment; `arrives` (ns) is None unless it was seen to arrive."""

    part: Transported
    arrives: int | None = None


@dataclass
class Talk:
    """A connection. `request` and `answer` are None where not captured whole or unreadable."""

    captured: Captured
    request: StreamMessage | None = None
    answer: StreamMessage | None = None


@dataclass
class CapturedTraffic:
    """Messages of captures in order of time. `warnings` are about what could not be read, in words."""

    directory: Directory = field(default_factory=Directory)
    datagrams: list[tuple[Sent, Datagram]] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    arrivals: dict[int, int] = field(default_factory=dict)  # id of a segment -> ns
    warnings: list[str] = field(default_factory=list)


def read_captures(
    paths: Sequence[Path], keys: Sequence[bytes] = (), ports: frozenset[int] = DEFAULT_PORTS
) -> CapturedTraffic:
    """Read the memberlist traffic of some captures.

    Raises ResultError for a file that is no capture, or that has no traffic that can be read.
    """
    found = CapturedTraffic()
    parts: list[Transported] = []
    for number, path in enumerate(paths):
        frames = read_frames(path)
        if frames.is_cut:
            found.warnings.append(f"{path}: ends within a packet, which is left out")
        unpacker = Unpacker()
        here = list(unpacker.unpack(frames.frames))
        if unpacker.unknown and not here:
            known = ", ".join(str(link) for link in LINKS)
            unknown = ", ".join(str(link) for link in sorted(unpacker.unknown))
            raise ResultError(f"{path}: found link type {unknown}; expected one of {known}")
        if unpacker.cut:
            found.warnings.append(f"{path}: {unpacker.cut} packets were not captured whole (snap length)")
        parts += [part._replace(place=(number << 16 | part.place[0], part.place[1])) for part in here]
    parts.sort(key=lambda part: part.ns)
    wanted = [part for part in parts if part.source[1] in ports or part.target[1] in ports]
    if not wanted:
        raise ResultError(_nothing(paths, parts, ports))
    sent = _without_copies(wanted)
    _read_datagrams(found, [one for one in sent if one.part.flags < 0], keys, paths)
    segments = [one for one in sent if one.part.flags >= 0]
    found.arrivals = {id(one.part): one.arrives for one in segments if one.arrives is not None}
    for captured in connections_of([one.part for one in segments], ports):
        found.talks.append(_read_talk(captured, found.directory, keys))
    if not found.datagrams and not any(talk.request or talk.answer for talk in found.talks):
        raise ResultError(
            f"{paths[0]}: found no message of memberlist in {len(wanted)} packets on port"
            f" {_listed(ports)}; expected a capture of Serf or Consul agents"
        )
    return found


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports))


def _nothing(paths: Sequence[Path], parts: Sequence[Transported], ports: frozenset[int]) -> str:
    counts: dict[int, int] = defaultdict(int)
    for part in parts:
        if part.flags < 0:
            counts[min(part.source[1], part.target[1])] += 1
    often = sorted(counts, key=lambda port: -counts[port])[:PORTS_SAID]
    has = f"UDP on {', '.join(str(port) for port in often)}" if often else "no UDP"
    return (
        f"{paths[0]}: found nothing on port {_listed(ports)} but {has};"
        " expected traffic of memberlist; --port names another port"
    )


def _without_copies(parts: Iterable[Transported]) -> list[Sent]:
    """Return each packet once, with the time at which it was seen elsewhere."""
    latest: dict[tuple[object, ...], deque[Sent]] = defaultdict(deque)
    found: list[Sent] = []
    for part in parts:
        key = (part.source, part.target, part.number, part.flags, part.sequence, part.payload)
        same = latest[key]
        while same and part.ns - same[0].part.ns > LONGEST_FLIGHT:
            same.popleft()
        first = next((one for one in same if one.arrives is None and one.part.place != part.place), None)
        if first is not None:
            first.arrives = part.ns
            continue
        one = Sent(part)
        same.append(one)
        found.append(one)
    return found


def _read_datagrams(
    found: CapturedTraffic, sent: Sequence[Sent], keys: Sequence[bytes], paths: Sequence[Path]
) -> None:
    readers: dict[bytes, DatagramReader] = {}
    cipher = Keyring(keys) if keys else None
    unread = sealed = 0
    for one in sent:
        data, label = one.part.payload, b""
        try:
            label = label_of(data)
            if label not in readers:
                readers[label] = DatagramReader(found.directory, cipher, label, verify_incoming=False)
            read = readers[label].read(data)
        except WireError:
            read = Datagram()
        if any(_is_said(packet.kind, packet.seq, packet.node) for packet in read.packets):
            found.datagrams.append((one, read))
        else:
            unread += 1
            body = data[2 + len(label) :] if label else data
            sealed += len(body) >= SEALED and body[0] <= 1
    if sealed and sealed * 2 > len(sent):
        what, expected = (
            ("that none of the keys opens", "the key of this cluster")
            if keys
            else ("that look encrypted, and no key", "the cluster's key, as --key BASE64")
        )
        raise ResultError(f"{paths[0]}: found {sealed} of {len(sent)} datagrams {what}; expected {expected}")
    if unread:
        found.warnings.append(f"{unread} of {len(sent)} datagrams are not memberlist's, or unreadable")


def _is_said(kind: int, seq: int, node: int) -> bool:
    """Tell a message from bytes that decode as an empty one."""
    if kind in (PING, INDIRECT_PING):
        return seq > 0 and (node >= 0 or kind == PING)
    return seq > 0 or kind not in (ACK, NACK)


def _read_talk(captured: Captured, directory: Directory, keys: Sequence[bytes]) -> Talk:
    talk = Talk(captured)
    label = b""
    for data, is_request in ((captured.request, True), (captured.answer, False)):
        if not data:
            continue
        try:
            label = label_of(data) if is_request else label
            bare = data[2 + len(label) :] if is_request and label else data
            cipher = Keyring(keys) if keys and bare[:1] == bytes([ENCRYPT]) else None
            whole = unwrap_stream(data if is_request else with_label(label, data), cipher, label)
            message = decode_stream(whole, directory)
        except WireError:
            continue
        if is_request:
            talk.request = message
        else:
            talk.answer = message
    return talk
