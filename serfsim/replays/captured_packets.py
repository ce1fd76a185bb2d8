"""Rows of captured packets, joined into probes.

A probe is a ping with the indirect pings, helpers' pings, acks, nacks and the TCP fallback that it leads to.
All but the helpers' pings carry its sequence number; a helper's is the ping of the target that follows its
request.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from serfsim.capture.headers import IP_HEADER
from serfsim.capture.messages import CapturedTraffic, Talk
from serfsim.capture.reassembly import segment_name
from serfsim.engine.packet_log import CARRIES_SERF, bit_of
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import (
    ACK,
    DEAD,
    GOSSIP,
    INDIRECT_PING,
    NACK,
    PING,
    SUSPECT,
    Packet,
    StreamAck,
    StreamPing,
)
from serfsim.replays.captured_names import NOBODY, CapturedNames
from serfsim.replays.observed import Event
from serfsim.results.packets import KINDS, ON_STREAM

NS: Final = 1e9
HELP: Final = 0.5  # seconds from an indirect ping to its helper's ping at most
SOON: Final = 0.02  # seconds, and round trips, in which a helper of a known distance pings
ROUND_TRIPS: Final = 5.0
LATE: Final = 10.0  # seconds from a ping to what still belongs to it
GUESS: Final = ON_STREAM + 6  # push/pull


class PacketRow(NamedTuple):
    """A packet; `flight` in seconds, None for a ping that nothing answers. `probe` is 0 outside probes."""

    t: float
    flight: float | None
    kind: str
    segment: str
    source: int
    target: int
    about: int
    carries: int
    probe: int
    bytes: int


@dataclass
class Probe:
    """A probe by number. Times in Unix seconds, None for what was not seen."""

    number: int
    t: float
    prober: int
    target: int
    acked: float | None = None  # an ack reached the prober, direct or relayed
    asked: float | None = None  # helpers were asked
    dialled: bool = False
    saved: float | None = None  # an ack by TCP
    nacks: int = 0


@dataclass
class ProbeOutcomes:
    """Outcomes of the probes. `rtts`: seconds to direct acks; `events` follow from packets alone."""

    probes: list[Probe] = field(default_factory=list)
    rtts: list[float] = field(default_factory=list)
    unanswered: Counter[tuple[int, int]] = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        found = {
            "probes": len(self.probes),
            "probes that asked helpers": sum(one.asked is not None for one in self.probes),
            "nacks": sum(one.nacks for one in self.probes),
            "probes with a TCP fallback": sum(one.dialled for one in self.probes),
            "probes without an ack": sum(one.acked is None and one.saved is None for one in self.probes),
            "pings that no ack answers": sum(self.unanswered.values()),
        }
        return {words: count for words, count in found.items() if count or words == "probes"}


def packet_rows(traffic: CapturedTraffic, names: CapturedNames) -> tuple[list[PacketRow], ProbeOutcomes]:
    """Return the packets in order of time, and the outcomes of the probes."""
    joiner = _Joiner(traffic, names)
    joiner.join()
    return sorted(joiner.rows, key=lambda row: row.t), joiner.outcomes


class _Joiner:
    def __init__(self, traffic: CapturedTraffic, names: CapturedNames) -> None:
        self.traffic = traffic
        self.names = names
        self.outcomes = ProbeOutcomes()
        self.rows: list[PacketRow] = []
        self._known: dict[tuple[int, int], Probe] = {}  # (member, its sequence number)
        self._asked: dict[tuple[int, int], list[tuple[float, Probe]]] = defaultdict(list)
        self._waiting: dict[tuple[int, int], tuple[float, int]] = {}  # (member, seq) -> sent, target
        self._round_trips: dict[tuple[int, int], float] = {}
        self._made: list[tuple[PacketRow, tuple[int, int] | None, bool]] = []

    def join(self) -> None:
        for sent, read in self.traffic.datagrams:
            part = sent.part
            source, target = self.names.at(part.source), self.names.at(part.target)
            lead = next((one for one in read.packets if one.kind != GOSSIP), read.packets[0])
            t = part.ns / NS
            probe = self._probe(t, source, target, lead)
            flight = None if sent.arrives is None else (sent.arrives - part.ns) / NS
            carries, about = self._carried(read.packets)
            if lead.kind in (PING, INDIRECT_PING):
                about = self.names.of_node(int(lead.node)) if lead.node >= 0 else target
            key = (source, int(lead.seq)) if lead.kind == PING else None
            row = PacketRow(
                t, flight, KINDS[int(lead.kind)], "", source, target, about, carries, probe, part.length
            )
            self._made.append((row, key, sent.arrives is not None))
        last = max((row.t for row, _, _ in self._made), default=0.0)
        shortest = self._shortest_flights()
        usual = min(shortest.values(), default=0.0)
        for row, key, is_known in self._made:
            is_lost = key in self._waiting and row.t == self._waiting[key][0] and last - row.t > 1.0
            if is_lost:
                self.outcomes.unanswered[row.source, row.target] += 1
            pair = (min(row.source, row.target), max(row.source, row.target))
            flight = row.flight if is_known else None if is_lost else shortest.get(pair, usual)
            self.rows.append(row._replace(flight=flight))
        for talk in self.traffic.talks:
            self.rows.extend(self._segments(talk, shortest, usual))
        self._conclude()

    # Datagrams -----------------------------------------------------------------------------------

    def _probe(self, t: float, source: int, target: int, packet: Packet) -> int:
        """Return the number of the probe of a packet, and note what it means for it."""
        seq = int(packet.seq)
        if packet.kind == PING:
            return self._pinged(t, source, target, seq)
        if packet.kind == INDIRECT_PING:
            probe = self._recall(source, seq, t)
            if probe is not None:
                if probe.asked is None:
                    probe.asked, probe.acked = t, None  # no ack sent so far has arrived
                self._asked[target, probe.target].append((t, probe))
            return 0 if probe is None else probe.number
        if packet.kind not in (ACK, NACK):
            return 0
        probe = self._recall(target, seq, t)
        if probe is None:
            return 0
        if packet.kind == NACK:
            probe.nacks += 1
            return probe.number
        waiting = self._waiting.get((target, seq))
        if waiting is not None and waiting[1] == source:
            if target == probe.prober and source == probe.target:
                self.outcomes.rtts.append(t - waiting[0])
            self._fastest(source, target, t - waiting[0])
            del self._waiting[target, seq]
        if target == probe.prober and probe.acked is None:
            probe.acked = t
        return probe.number

    def _pinged(self, t: float, source: int, target: int, seq: int) -> int:
        requests = [
            (asked, probe)
            for asked, probe in self._asked.get((source, target), ())
            if t - asked <= self._longest_help(probe.prober, source)
        ]
        if requests:
            probe = requests[0][1]
            self._asked[source, target] = requests[1:]
        else:
            probe = Probe(len(self.outcomes.probes) + 1, t, source, target)
            self.outcomes.probes.append(probe)
        self._known[source, seq] = probe
        self._waiting[source, seq] = (t, target)
        return probe.number

    def _longest_help(self, prober: int, helper: int) -> float:
        """Return the seconds in which a helper's ping follows a request, by the pair's round trips so far."""
        known = self._round_trips.get((min(prober, helper), max(prober, helper)))
        return HELP if known is None else min(HELP, max(SOON, ROUND_TRIPS * known))

    def _recall(self, owner: int, seq: int, t: float) -> Probe | None:
        probe = self._known.get((owner, seq))
        return probe if probe is not None and t - probe.t < LATE else None

    def _fastest(self, a: int, b: int, seconds: float) -> None:
        pair = (min(a, b), max(a, b))
        self._round_trips[pair] = min(seconds, self._round_trips.get(pair, seconds))

    def _shortest_flights(self) -> dict[tuple[int, int], float]:
        """Return half of each pair's shortest round trip, in seconds."""
        return {pair: seconds / 2 for pair, seconds in self._round_trips.items()}

    def _carried(self, packets: list[Packet]) -> tuple[int, int]:
        """Return the bits of the broadcasts, and whom the first suspicion, death or other is about."""
        bits, about = 0, NOBODY
        messages = [message for packet in packets for message in packet.broadcasts or ()]
        for message in messages:
            bits |= int(bit_of(message.kind))
        for message in sorted(messages, key=lambda one: one.kind not in (SUSPECT, DEAD)):
            if bit_of(message.kind) != CARRIES_SERF and message.node >= 0:
                about = self.names.of_node(int(message.node))
                break
        return bits, about

    # Streams -------------------------------------------------------------------------------------

    def _segments(
        self, talk: Talk, shortest: dict[tuple[int, int], float], usual: float
    ) -> Iterator[PacketRow]:
        captured = talk.captured
        server = self.names.at(captured.server)
        begins = captured.segments[0].ns / NS
        probe = self._fallback_of(talk, server, begins)
        client = self.names.client_of(talk) if probe is None else probe.prober
        number = GUESS if talk.request is None else ON_STREAM + int(talk.request.kind)
        if probe is not None:
            number = ON_STREAM + PING
            probe.dialled = True
        flight = shortest.get((min(client, server), max(client, server)), usual)
        for part in captured.segments:
            is_request = part.source == captured.client
            name = segment_name(part, is_request)
            if probe is not None and name == "answer" and isinstance(talk.answer, StreamAck):
                probe.saved = probe.saved or part.ns / NS
            if not name:
                continue
            ends = (client, server) if is_request else (server, client)
            arrives = self.traffic.arrivals.get(id(part))
            time = flight if arrives is None else (arrives - part.ns) / NS
            about = NOBODY if probe is None else server
            which = 0 if probe is None else probe.number
            kind = KINDS.get(number, KINDS[GUESS])
            size = part.length or IP_HEADER
            yield PacketRow(part.ns / NS, time, kind, name, *ends, about, 0, which, size)

    def _fallback_of(self, talk: Talk, server: int, t: float) -> Probe | None:
        """Return the probe that a connection is the fallback of, if any.

        Its ping names the probe by its number; one that never connected is taken for the fallback of a probe
        that asked helpers at that moment.
        """
        client = talk.captured.client[0]
        seq = int(talk.request.seq) if isinstance(talk.request, StreamPing) else None
        if seq is None and talk.captured.request:
            return None
        here = self.names.on_host(client)
        found: Probe | None = None
        if seq is not None:
            recalled = (self._recall(owner, seq, t) for owner in here)
            found = next((one for one in recalled if _is_of(one, here, server)), None)
        else:
            found = next(
                (one for one in self._asking(server) if one.prober in here and _is_near(one, t)), None
            )
        return found

    def _asking(self, target: int) -> Iterator[Probe]:
        return (one for one in self.outcomes.probes if one.target == target and one.asked is not None)

    def _conclude(self) -> None:
        """Tell what the ends of the probes mean."""
        for probe in self.outcomes.probes:
            if probe.asked is not None:
                self.outcomes.events.append((probe.asked, probe.prober, probe.target, events.FAILED_PING, 0))
            if probe.saved is not None and probe.acked is None:
                told = (probe.saved, probe.prober, probe.target, events.TCP_FALLBACK_OK, 0)
                self.outcomes.events.append(told)


def _is_of(probe: Probe | None, probers: set[int], target: int) -> bool:
    return probe is not None and probe.prober in probers and probe.target == target


def _is_near(probe: Probe, t: float) -> bool:
    return probe.asked is not None and abs(t - probe.asked) < HELP / 10
