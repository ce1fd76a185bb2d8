"""Drivers of memberlist's machines: the probe, and the view of a member."""

from __future__ import annotations

from typing import ClassVar

from serfsim.protocol import events
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist import probe, state
from serfsim.protocol.memberlist.core import (
    HELPER_PING_LEFT,
    PING_LEFT,
    PROBE_END,
    PROBE_TICK,
    PROBE_TIMEOUT,
    SUSPICION_TIMEOUT,
)
from serfsim.protocol.memberlist.members import STATE_NAMES
from serfsim.protocol.memberlist.messages import Alive, Packet, StreamAck, SuspectOrDead
from serfsim.protocol.runtime import CLOSED, REPLIED
from serfsim.protocol.versions import ReleaseFeatures
from tests.machines.driving import Driver
from tests.memberlist.harness import Hand


class ProbeDriver(Driver):
    """A round about whichever member is next. The first tick comes at 1 s; a round lasts 1 s."""

    module = probe

    def __init__(self) -> None:
        self.hand = Hand().start()
        self.prober = self.hand.node.prober

    def state(self) -> str:
        return probe.PHASES[self.prober.phase]

    def clear(self) -> None:
        self.hand.runtime.sent.clear()
        self.hand.runtime.events.clear()
        self.hand.runtime.streams.clear()
        self.hand.delegate.round_trips.clear()

    # States

    def idle(self) -> None:
        self.hand.now = 1.0

    def direct(self) -> None:
        self.idle()
        self.tick()

    def indirect(self) -> None:
        """No TCP fallback runs; inputs about one open it."""
        self.direct()
        self.time_out()
        self.prober.tcp = probe.TCP_NONE

    def last_resort(self) -> None:
        self.indirect()
        self.end(probe.TCP_OPEN)

    def pinging(self) -> None:
        self.idle()
        self.tick_that_blocks()

    def asking(self) -> None:
        self.direct()
        self.time_out_and_block()

    # Inputs

    def tick(self) -> None:
        self.hand.fire(PROBE_TICK, at=self.hand.now + 0.2)

    def tick_that_blocks(self) -> None:
        self.hand.runtime.blocks = True
        self.tick()
        self.hand.runtime.blocks = False

    def ping_leaves(self, later: float = 0.2, sent: int = 1, release: str = "latest") -> None:
        self.hand.node.core.features = ReleaseFeatures(release)
        self.hand.runtime.timers.clear()
        self.hand.fire(PING_LEFT, self.prober.seq, sent, at=self.prober.sent_at + later)

    def time_out_and_block(self) -> None:
        self.hand.runtime.blocks = True
        self.time_out()
        self.hand.runtime.blocks = False

    def helper_ping_leaves(self, later: float = 0.7) -> None:
        self.hand.fire(HELPER_PING_LEFT, self.prober.seq, 1, at=self.prober.sent_at + later)

    def helper_ping_leaves_after_the_ack(self) -> None:
        self.ack()
        self.helper_ping_leaves()

    def tick_about_a_suspect(self) -> None:
        for record in self.hand.directory.first[1:]:
            self.hand.node.states.suspect(SuspectOrDead(m.SUSPECT, record.node, 1, 0, 0), self.hand.now)
        self.hand.clear()
        self.tick()

    def tick_without_route(self, release: str = "latest") -> None:
        self.hand.node.core.features = ReleaseFeatures(release)
        self.hand.runtime.has_route = False
        self.tick()

    def ack(self) -> None:
        self.hand.receive(Packet(m.ACK, self.prober.seq, 10), at=self.hand.now + 0.1)

    def ack_with_a_tick_kept(self) -> None:
        self.prober.tick_kept = True
        self.ack()

    def nack(self) -> None:
        self.hand.receive(Packet(m.NACK, self.prober.seq, 10), at=self.hand.now + 0.1)

    def time_out(self) -> None:
        self.hand.fire(PROBE_TIMEOUT, self.prober.seq, at=self.prober.sent_at + 0.5)

    def time_out_too_late(self) -> None:
        self.hand.fire(PROBE_TIMEOUT, self.prober.seq, at=self.prober.sent_at + 3.0)

    def end(self, tcp: int = probe.TCP_NONE) -> None:
        if self.prober.phase == probe.INDIRECT:
            self.prober.tcp = tcp
        self.hand.fire(PROBE_END, self.prober.seq, at=self.prober.sent_at + 1.0)

    def tcp_ends(self, answered: bool) -> None:
        seq = self.prober.seq
        reply = StreamAck(seq, 10) if answered else None
        self.hand.node.on_stream_result(seq << 2, REPLIED if answered else CLOSED, reply, self.hand.now + 0.1)

    enter: ClassVar = {
        "idle": idle,
        "direct": direct,
        "indirect": indirect,
        "last_resort": last_resort,
        "pinging": pinging,
        "asking": asking,
    }
    give: ClassVar = {
        "tick": tick,
        "tick, the next is suspect": tick_about_a_suspect,
        "tick, the kernel refuses the ping": tick_without_route,
        "tick, the kernel refuses the ping, before memberlist 0.3.0": (
            lambda self: self.tick_without_route("0.9")
        ),
        "tick, sends block": tick_that_blocks,
        "ping leaves": ping_leaves,
        "ping leaves, less than probe_timeout to the end": lambda self: self.ping_leaves(0.8),
        "ping leaves too late": lambda self: self.ping_leaves(3.0),
        "the kernel refuses the ping": lambda self: self.ping_leaves(0.2, 0),
        "the kernel refuses the ping, before memberlist 0.3.0": lambda self: self.ping_leaves(0.2, 0, "0.9"),
        "probe_timeout, sends block": time_out_and_block,
        "ping of a helper leaves": helper_ping_leaves,
        "ping of a helper leaves, an ack kept": helper_ping_leaves_after_the_ack,
        "ping of a helper leaves, too late": lambda self: self.helper_ping_leaves(3.0),
        "ack": ack,
        "ack, a tick kept": ack_with_a_tick_kept,
        "nack": nack,
        "probe_timeout": time_out,
        "probe_timeout, past the end of the round": time_out_too_late,
        "end of round": end,
        "end of round, TCP open": lambda self: self.end(probe.TCP_OPEN),
        "end of round, TCP answered": lambda self: self.end(probe.TCP_ANSWERED),
        "TCP answers": lambda self: self.tcp_ends(True),
        "TCP fails": lambda self: self.tcp_ends(False),
    }
    # What the fallback did counts only once others have been asked, and only while a round lasts.
    impossible = frozenset(
        {("direct", "end of round, TCP open"), ("direct", "end of round, TCP answered")}
        | {("direct", "tick, the next is suspect"), ("last_resort", "tick, the next is suspect")}
        | {(state, "ping of a helper leaves, an ack kept") for state in ("direct", "indirect")}
        | {(state, "tick, the next is suspect") for state in ("indirect", "pinging", "asking")}
        | {
            (state, f"tick, the kernel refuses the ping{before}")
            for state in ("direct", "indirect", "last_resort", "pinging", "asking")
            for before in ("", ", before memberlist 0.3.0")
        }
    )

    # Effects

    def pinged(self) -> list[Packet]:
        return [packet for _, packet in self.hand.sent(m.PING)]

    def suspected(self) -> bool:
        return self.hand.reported(events.SUSPECT) != [] and self.hand.score > 0

    def waits_for(self, timer: int) -> bool:
        return [waiting.timer for waiting in self.hand.runtime.timers] == [timer]

    def succeeded(self) -> bool:
        seen = {kind for _, kind, _, _ in self.hand.runtime.events}
        return bool(seen & {events.DIRECT_ACK, events.INDIRECT_ACK, events.TCP_FALLBACK_OK})

    shows: ClassVar = {
        "ping the next member of the ring": lambda self: self.pinged() != [] and self.prober.target > 0,
        "ping it with a suspect message about it": lambda self: (
            [message.kind for packet in self.pinged() for message in packet.broadcasts or []] == [m.SUSPECT]
        ),
        "succeed": succeeded,
        "measure the round-trip time": lambda self: len(self.hand.delegate.round_trips) == 1,
        "count it": lambda self: self.prober.nacks == 1 and self.hand.reported(events.NACK) != [],
        "keep one tick": lambda self: self.prober.tick_kept and self.pinged() == [],
        "ask helpers": lambda self: self.prober.expected_nacks == 3,
        "wait for probe_timeout": lambda self: self.waits_for(PROBE_TIMEOUT),
        "wait for the end": lambda self: self.waits_for(PROBE_END),
        "keep it": lambda self: not self.succeeded(),
        "open the TCP fallback": lambda self: len(self.hand.runtime.streams) == 1,
        "suspect the member": suspected,
        "warn that only TCP works": lambda self: self.hand.reported(events.TCP_FALLBACK_OK) != [],
    }


class MemberDriver(Driver):
    """One node's view of p1, or of itself, at incarnation 5."""

    module = state

    def __init__(self) -> None:
        self.hand = Hand().start(incarnation=5)
        self.subject = "p1"

    def state(self) -> str:
        members = self.hand.node.core.members
        number = self.hand.number(self.subject)
        if members.key(number) < 0:
            return "unknown"
        name = STATE_NAMES[members.state(number)]
        return "ourselves" if self.subject == "me" and name == "alive" else name

    def clear(self) -> None:
        self.hand.clear()
        self.hand.runtime.timers.clear()

    def incarnation(self) -> int:
        number = self.hand.number(self.subject)
        members = self.hand.node.core.members
        return int(members.incarnation(number)) if members.key(number) >= 0 else 0

    # States

    def be_ourselves(self) -> None:
        self.subject = "me"

    def be_unknown(self) -> None:
        self.subject = "stranger"

    def accused(self, kind: int, accuser: str, lag: int = 0) -> None:
        self.hand.heard(self.hand.suspect_or_dead(kind, self.subject, self.incarnation() - lag, accuser))

    # Inputs

    def alive(self, incarnation: int, address: int | None = None) -> None:
        number = self.hand.number(self.subject)
        meta = b"other" if self.subject == "me" else b"\xff\x80"
        here = self.hand.directory.first[number].address
        record = NodeIdentity(number, here if address is None else address, len(self.subject), meta)
        self.hand.heard(Alive(record, incarnation))

    def leave(self) -> None:
        self.hand.node.leave(1, 0.0, self.hand.now)

    enter: ClassVar = {
        "unknown": be_unknown,
        "alive": lambda self: None,
        "suspect": lambda self: self.accused(m.SUSPECT, "p2"),
        "dead": lambda self: self.accused(m.DEAD, "p2"),
        "left": lambda self: self.accused(m.DEAD, "p1"),
        "ourselves": be_ourselves,
    }
    give: ClassVar = {
        "alive, newer": lambda self: self.alive(self.incarnation() + 1),
        "alive, not newer": lambda self: self.alive(self.incarnation()),
        "alive from another address": lambda self: self.alive(self.incarnation() + 1, 77),
        "suspect": lambda self: self.accused(m.SUSPECT, "p2"),
        "suspect, older": lambda self: self.accused(m.SUSPECT, "p3", 1),
        "suspect by another": lambda self: self.accused(m.SUSPECT, "p3"),
        "suspicion timeout": lambda self: self.hand.fire(SUSPICION_TIMEOUT, at=1e4),
        "dead": lambda self: self.accused(m.DEAD, "p2"),
        "dead, older": lambda self: self.accused(m.DEAD, "p3", 1),
        "dead by itself": lambda self: self.accused(m.DEAD, self.subject),
        "leave": leave,
    }
    # Nobody is older than a member that is not known, and nobody else says that it is this node.
    impossible = frozenset(
        {("unknown", "alive from another address"), ("ourselves", "alive from another address")}
        | {("alive", "suspect by another")}
    )

    # Effects

    def queued(self) -> bool:
        """What waits to be told is about the member, with what the view is now."""
        (kind, subject, incarnation) = self.hand.queued()[0]
        kinds = {"alive": m.ALIVE, "ourselves": m.ALIVE, "suspect": m.SUSPECT, "dead": m.DEAD, "left": m.DEAD}
        return (kind, subject, incarnation) == (kinds[self.state()], self.subject, self.incarnation())

    def called(self, call: str) -> bool:
        return self.hand.delegate.calls == [(call, self.hand.number(self.subject))]

    shows: ClassVar = {
        "notify_join": lambda self: self.called("join"),
        "notify_leave": lambda self: self.called("leave"),
        "report the conflict": lambda self: self.called("conflict"),
        "pass it on": queued,
        "tell the others": queued,
        "know its name": lambda self: self.hand.queued() == [] and self.hand.delegate.calls == [],
        "start the suspicion timer": lambda self: (
            [timer.timer for timer in self.hand.runtime.timers].count(SUSPICION_TIMEOUT) == 1
        ),
        "end the suspicion": lambda self: (
            self.hand.node.states.suspicions.find(self.hand.number("p1")) is None
        ),
        "confirm the suspicion": lambda self: (
            self.hand.reported(events.CONFIRMED) == [self.hand.number("p1")]
        ),
        "refute": lambda self: self.queued() and self.hand.score == 1,
    }
