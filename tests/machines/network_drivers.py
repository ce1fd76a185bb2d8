"""Drivers of the network's machines: a host, the two ends of a TCP stream, its segments, and the listener."""

from __future__ import annotations

import math
from typing import ClassVar

from serfsim.network import host_events, listener, tcp, tcp_transfer
from serfsim.network.host import Host
from serfsim.network.host_events import KIND_BITS, TIMER
from serfsim.network.journal import SYN_BYTES, TCP_HEADERS
from serfsim.network.listener import SEND_BUFFER
from serfsim.network.stall import begin_stall, end_stall
from serfsim.network.tcp_steps import (
    ANSWER,
    CLIENT_RST,
    CLOSURE,
    DIAL_END,
    HANDSHAKE_ACK,
    HANG_UP,
    IO_END,
    NO_ROUTE,
    PACKET_WRITTEN,
    REQUEST,
    REQUEST_SEGMENT,
    SERVER_RST,
    SYN,
    SYN_ACK,
)
from serfsim.network.tcp_stream import ANSWERING, CLIENT_STATES, ESTABLISHED, SERVER_STATES, Stream
from serfsim.network.tcp_transfer import SEGMENT_STATES, TIMEOUT, Transfer
from serfsim.protocol.memberlist.messages import PING, Packet, StreamMessage
from serfsim.protocol.runtime import (
    CLOSED,
    DIAL_NO_ROUTE,
    DIAL_REFUSED,
    DIAL_TIMEOUT,
    IO_TIMEOUT,
    REPLIED,
    WROTE,
)
from tests.machines.driving import Driver
from tests.network.harness import CLIENT, MS, ONE_WAY, RTT, SERVER, Lab

ANSWER_SIZE = 1000


class HostDriver(Driver):
    """The server's host. What is given to it is under way when it comes into the state."""

    module = host_events

    def __init__(self) -> None:
        self.lab = Lab()
        self.puppet = self.lab.machines[SERVER]
        self.host.open_stream(CLIENT, StreamMessage(PING, 100), 1, 10.0, 0.0, 10.0, 0.0)
        self.lab.run(1.9 * RTT)  # the answer is nearly there
        self.lab.machines[CLIENT].order.clear()

    @property
    def host(self) -> Host:
        return self.lab.host(SERVER)

    def state(self) -> str:
        if not self.host.running:
            return "crashed" if self.host.plugged else "unplugged"
        if self.host.standstill is not None:
            return "frozen"
        if self.host.stalled:
            return "stalled"
        return "paused" if self.host.paused else "running"

    def clear(self) -> None:
        self.puppet.order.clear()
        self.lab.ledger.segments.clear()
        self.lab.ledger.sent.clear()

    def wait(self) -> None:
        self.lab.run(self.lab.now + 5 * RTT)

    # Inputs

    def pause(self) -> None:
        self.host.pause()

    def crash(self) -> None:
        """It serves a stream then."""
        self.lab.tokens = 1
        self.lab.dial()
        self.lab.run(self.lab.now + 1.2 * RTT)
        self.clear()
        self.host.crash(self.lab.now)

    def start(self) -> None:
        if not self.host.running:
            self.host.start(self.puppet)

    def resume(self) -> None:
        """A packet has come before."""
        self.lab.send(CLIENT, SERVER, seq=7)
        self.wait()
        self.host.resume(self.lab.now)

    def freeze(self) -> None:
        self.host.freeze(self.lab.now)

    def thaw(self) -> None:
        """A packet has come before."""
        self.lab.send(CLIENT, SERVER, seq=7)
        self.wait()
        self.host.thaw(self.lab.now)

    def stall(self) -> None:
        begin_stall(self.host)

    def end_stall(self) -> None:
        """A packet has come before, and one was to be sent."""
        self.lab.send(CLIENT, SERVER, seq=7)
        self.send()
        self.wait()
        self.lab.ledger.sent.clear()
        end_stall(self.host, self.lab.now)

    def packet(self) -> None:
        self.lab.send(CLIENT, SERVER, seq=7)
        self.wait()

    def send(self) -> None:
        self.lab.send(SERVER, CLIENT, seq=8)

    def timer(self) -> None:
        epoch = self.lab.host(SERVER).epoch
        assert epoch in (0, 1)
        kind = TIMER | 9 << KIND_BITS  # of the process's first life
        self.host.timer_due(kind, 0, 0, self.lab.now)

    def request(self) -> None:
        self.lab.tokens = 1
        self.lab.dial()
        self.wait()

    enter: ClassVar = {
        "running": lambda self: None,
        "paused": pause,
        "frozen": freeze,
        "stalled": stall,
        "crashed": lambda self: self.host.crash(self.lab.now),
        "unplugged": lambda self: self.host.unplug(),
    }
    give: ClassVar = {
        "pause": pause,
        "resume": resume,
        "freeze": freeze,
        "thaw": thaw,
        "stall": stall,
        "stall ends": end_stall,
        "send": send,
        "crash": crash,
        "unplug": lambda self: self.host.unplug(),
        "start": start,
        "packet": packet,
        "timer": timer,
        "request": request,
        "answer": wait,
    }
    # Only what has no process is started, and only what has one crashes or is resumed.
    impossible = frozenset(
        {(state, end) for state in ("crashed", "unplugged") for end in ("crash", "unplug")}
        | {(state, "start") for state in ("running", "paused", "frozen", "stalled")}
        | {(state, "send") for state in ("crashed", "unplugged", "paused", "frozen")}
        # These stop a process in two ways at once.
        | {("paused", "freeze"), ("frozen", "pause"), ("paused", "stall"), ("frozen", "stall")}
        | {("stalled", "pause"), ("stalled", "freeze")}
    )

    # Effects

    def handled(self, *beginnings: str) -> bool:
        return any(done.startswith(beginnings) for done in self.puppet.order)

    def sent(self) -> bool:
        return [source for _, source, _ in self.lab.ledger.sent] == [SERVER]

    def refused(self) -> bool:
        return [result.outcome for result in self.lab.machines[CLIENT].results] == [DIAL_REFUSED]

    shows: ClassVar = {
        "handle it": lambda self: self.handled("packet 7", "result 1"),
        "stop its clock": lambda self: self.host.local(self.lab.now + 9.0) == self.lab.now,
        "handle what has waited": lambda self: self.handled("packet 7"),
        "fire it": lambda self: self.handled("timer 9"),
        "serve it": lambda self: self.handled("request"),
        "send it": lambda self: self.sent(),
        "send what has been kept": lambda self: self.sent(),
        "receive one": lambda self: self.host.buffer.count == 1 and self.host.buffer.charged == 0,
        "keep it in the socket buffer": lambda self: self.puppet.order == [] and self.host.buffer.count == 1,
        "accept the stream": lambda self: len(self.lab.ledger.segments_of(SERVER, SYN_BYTES)) == 1,
        "drop it": lambda self: self.puppet.order == [] and self.host.buffer.count == 0,
        "refuse the stream": refused,
        "stay silent": lambda self: self.lab.ledger.segments_of(SERVER) == [],
        "reset the streams that it serves": lambda self: (
            len(self.lab.ledger.segments_of(SERVER, TCP_HEADERS)) == 1
        ),
    }

    def kept(self) -> bool:
        """Nothing is done until the process goes on."""
        idle = self.puppet.order == [] and not self.sent()
        self.host.resume(self.lab.now)
        self.host.thaw(self.lab.now)
        end_stall(self.host, self.lab.now)
        self.wait()
        return idle and (self.puppet.order != [] or self.sent())

    shows["keep it"] = kept


class TcpDriver(Driver):
    """One stream between two hosts: `client` says which of its ends is looked at."""

    module = tcp

    def __init__(self) -> None:
        self.lab = Lab()
        self.end = SERVER
        self.lab.dial()
        self.stream = self.lab.host(CLIENT).dialled[1]

    def state(self) -> str:
        if self.end == CLIENT:
            return CLIENT_STATES[self.stream.client_state]
        return SERVER_STATES[self.stream.server_state]

    def clear(self) -> None:
        self.lab.ledger.segments.clear()

    # States

    def be_client(self, until: float) -> None:
        self.end = CLIENT
        self.lab.run(until)

    def be_ended(self) -> None:
        self.be_client(RTT + MS)
        self.step(CLIENT, IO_END)

    def be_established(self) -> None:
        self.lab.run(ONE_WAY + MS)
        self.step(SERVER, HANDSHAKE_ACK)

    def be_answering(self) -> None:
        """A push/pull that takes its time."""
        self.lab.host(SERVER).listener.push_pull_time = 100.0
        self.be_established()
        self.step(SERVER, REQUEST)

    def be_gone(self) -> None:
        self.lab.run(ONE_WAY + MS)
        self.step(SERVER, SERVER_RST)

    # Inputs

    def step(self, end: int, number: int) -> None:
        self.lab.network.tcp.step(self.lab.host(end), number, 0, self.stream, self.lab.now)

    def reset(self) -> None:
        self.step(self.end, CLIENT_RST if self.end == CLIENT else SERVER_RST)

    def packet(self, end: int, number: int) -> None:
        """A step of a stream that is there for a packet."""
        self.stream.request.packet = Packet(PING, 1, 100)
        self.step(end, number)

    def syn_without_process(self) -> None:
        self.lab.host(SERVER).crash(self.lab.now)
        self.clear()
        self.step(SERVER, SYN)

    def data(self) -> None:
        if self.stream.upward is None:
            self.stream.upward = Transfer(200, 1448, RTT, 0.2)
        self.step(SERVER, REQUEST_SEGMENT)

    def never_acknowledged(self) -> None:
        """Nothing of the client arrives any more."""
        self.lab.host(CLIENT).crash(self.lab.now)
        for number in range(1, 7):
            self.stream.syn_acks = number
            self.lab.network.tcp.handshake.syn_ack_timer(
                self.lab.host(SERVER), self.stream, number, self.lab.now
            )

    def give_up(self) -> None:
        self.lab.host(SERVER).listener.deadline(1000.0)

    def hang_up(self) -> None:
        self.lab.network.tcp.hang_up(self.lab.host(SERVER), self.stream, self.lab.now)

    def die(self) -> None:
        self.lab.host(SERVER).crash(self.lab.now)

    enter: ClassVar = {
        "dialling": lambda self: self.be_client(0.0),
        "connected": lambda self: self.be_client(RTT + MS),
        "ended": be_ended,
        "silent": lambda self: None,
        "accepted": lambda self: self.lab.run(ONE_WAY + MS),
        "established": be_established,
        "answering": be_answering,
        "gone": be_gone,
    }
    give: ClassVar = {
        "SYN-ACK": lambda self: self.step(CLIENT, SYN_ACK),
        "RST": reset,
        "no route": lambda self: self.step(CLIENT, NO_ROUTE),
        "dial_timeout": lambda self: self.step(CLIENT, DIAL_END),
        "a packet is in the kernel": lambda self: self.packet(CLIENT, PACKET_WRITTEN),
        "whole answer": lambda self: self.step(CLIENT, ANSWER),
        "FIN without an answer": lambda self: self.step(CLIENT, CLOSURE),
        "I/O deadline": lambda self: self.step(CLIENT, IO_END),
        "SYN": lambda self: self.step(SERVER, SYN),
        "SYN, no process": syn_without_process,
        "ACK": lambda self: self.step(SERVER, HANDSHAKE_ACK),
        "data": data,
        "no ACK for five SYN-ACKs more": never_acknowledged,
        "whole request": lambda self: self.step(SERVER, REQUEST),
        "whole packet and FIN": lambda self: self.packet(SERVER, REQUEST),
        "FIN without a request": lambda self: self.step(SERVER, HANG_UP),
        "process gives up": give_up,
        "process hangs up": hang_up,
        "process dies": die,
    }
    # A process that has died has ended these states, and hangs up only on what it has read; a stream that has
    # not begun is not reset.
    impossible = frozenset(
        {(state, "SYN, no process") for state in ("accepted", "established", "answering")}
        | {(state, "process hangs up") for state in ("silent", "accepted", "established")}
        | {("silent", "RST")}
    )

    # Effects

    def sent(self, end: int, size: int) -> bool:
        return self.lab.ledger.segments_of(end, size) != []

    def ended(self, outcome: int) -> bool:
        return self.lab.result().outcome == outcome

    shows: ClassVar = {
        "write the request": lambda self: self.sent(CLIENT, TCP_HEADERS + 200),
        "DIAL_REFUSED": lambda self: self.ended(DIAL_REFUSED),
        "DIAL_TIMEOUT": lambda self: self.ended(DIAL_TIMEOUT),
        "WROTE": lambda self: self.ended(WROTE),
        "REPLIED": lambda self: self.ended(REPLIED),
        "DIAL_NO_ROUTE": lambda self: self.ended(DIAL_NO_ROUTE),
        "CLOSED": lambda self: self.ended(CLOSED),
        "IO_TIMEOUT": lambda self: self.ended(IO_TIMEOUT),
        "send a SYN-ACK": lambda self: self.sent(SERVER, SYN_BYTES),
        "send an RST": lambda self: self.sent(SERVER, TCP_HEADERS),
        "send a FIN": lambda self: self.sent(SERVER, TCP_HEADERS),
        "acknowledge": lambda self: self.sent(SERVER, TCP_HEADERS),
        "accept the stream": lambda self: self.stream.server_deadline > self.lab.now,
        "hand it over": lambda self: self.lab.machines[SERVER].packets != [],
        "hand it to the process": lambda self: self.lab.machines[SERVER].requests != [],
    }


class SegmentDriver(Driver):
    """The first segment of twenty; the window is ten."""

    module = tcp_transfer

    def __init__(self) -> None:
        self.transfer = Transfer(20 * 1448, 1448, RTT, 0.2)
        self.now = 0.0
        self.sends: list[int] = []

    def state(self) -> str:
        return SEGMENT_STATES[int(self.transfer.state[0])]

    def clear(self) -> None:
        self.sends.clear()

    # States

    def in_flight(self) -> None:
        self.send()

    def lost(self) -> None:
        self.send()
        self.time_out()

    def repeated(self) -> None:
        self.lost()
        self.send()

    def acked(self) -> None:
        self.send()
        self.report()

    # Inputs

    def send(self) -> None:
        self.now += MS
        self.sends.append(self.transfer.next_segment(self.now))

    def report(self) -> None:
        self.now += RTT
        self.transfer.receive(0)
        self.transfer.acknowledge(len(self.transfer.arrivals), self.now)

    def report_a_later_one(self) -> None:
        """Three later ones, so that nothing is waited for."""
        self.transfer.window = 20.0
        for _ in range(3):
            self.now += MS
            later = self.transfer.next_segment(self.now)
            if later > 0:
                self.transfer.receive(later)
        self.now += 2 * RTT
        self.transfer.acknowledge(len(self.transfer.arrivals), self.now)

    def probe(self) -> None:
        """Nothing waits to be sent: the transfer is this segment alone."""
        if self.transfer.next > 0:
            self.transfer.cut_short()
        self.now = max(self.now, self.transfer.deadline if self.transfer.deadline < math.inf else 0.0)
        self.sends.append(self.transfer.time_out(self.now))

    def time_out(self) -> None:
        self.transfer.purpose = TIMEOUT
        self.now += 1.0
        self.transfer.time_out(self.now)

    enter: ClassVar = {
        "unsent": lambda self: None,
        "in_flight": in_flight,
        "lost": lost,
        "repeated": repeated,
        "acked": acked,
    }
    give: ClassVar = {
        "room in the window": send,
        "reported": report,
        "a later one reported, and time has passed": report_a_later_one,
        "probe timer, nothing unsent": probe,
        "retransmission timer": time_out,
    }
    # Segments are sent in order; after a loss the timer is no probe.
    impossible = frozenset(
        {("unsent", given) for given in ("reported", "a later one reported, and time has passed")}
        | {("unsent", "probe timer, nothing unsent"), ("acked", "probe timer, nothing unsent")}
        | {(state, "probe timer, nothing unsent") for state in ("lost", "repeated")}
        | {("lost", "a later one reported, and time has passed")}
    )
    shows: ClassVar = {"send it": lambda self: self.sends == [0]}


class ListenerDriver(Driver):
    """A stream whose request is a push/pull, except where the input says another. Each takes 100 s."""

    module = listener

    def __init__(self) -> None:
        self.lab = Lab()
        self.listener = self.lab.host(SERVER).listener
        self.listener.push_pull_time = 100.0
        self.puppet = self.lab.machines[SERVER]
        self.lab.dial()
        self.stream: Stream = self.lab.host(CLIENT).dialled[1]
        self.lab.run(ONE_WAY + MS)
        self.step(HANDSHAKE_ACK)

    def step(self, number: int) -> None:
        self.lab.network.tcp.step(self.lab.host(SERVER), number, 0, self.stream, self.lab.now)

    def state(self) -> str:
        if self.stream.number not in self.lab.host(SERVER).served:
            return "closed"
        if self.stream.server_state == ESTABLISHED:
            return "accepted"
        assert self.stream.server_state == ANSWERING
        return "in service" if self.stream.downward is None else "answered"

    def clear(self) -> None:
        self.lab.ledger.segments.clear()
        self.lab.ledger.written.clear()

    # Inputs

    def read(self) -> None:
        self.step(REQUEST)

    def read_a_ping(self) -> None:
        self.stream.request.kind = PING
        self.step(REQUEST)

    def read_one_too_many(self) -> None:
        self.listener.max_push_pulls = self.listener.push_pulls + 1
        self.step(REQUEST)

    def end_turn(self, reply_size: int = ANSWER_SIZE) -> None:
        self.puppet.reply_size = reply_size
        if self.state() == "in service":
            self.listener.end_turn(self.stream, self.lab.now + 100.0)

    def time_out(self) -> None:
        self.listener.deadline(self.lab.now + 1000.0)

    enter: ClassVar = {
        "accepted": lambda self: None,
        "in service": read,
        "answered": lambda self: (self.read(), self.end_turn(100 * SEND_BUFFER)),
        "closed": read_a_ping,
    }
    give: ClassVar = {
        "whole request": read_a_ping,
        "whole push/pull": read,
        "whole push/pull, one too many": read_one_too_many,
        "timeout": time_out,
        "client hangs up": lambda self: self.step(HANG_UP),
        "its turn is over": end_turn,
        "its turn is over, a long answer": lambda self: self.end_turn(100 * SEND_BUFFER),
        "all of it is in the kernel": lambda self: self.listener.written(self.stream, self.lab.now),
    }
    # Nothing is in the kernel before it is written.
    impossible = frozenset({("in service", "all of it is in the kernel")})
    shows: ClassVar = {
        "answer it": lambda self: len(self.lab.ledger.written) == 1,
        "hang up": lambda self: self.stream.downward is not None and self.stream.downward.has_fin,
        "merge it": lambda self: len(self.puppet.merged) == 1,
        "take turns": lambda self: self.listener.push_pulls == 1 and self.puppet.requests == [],
        "log it": lambda self: self.lab.ledger.logged != [],
    }
