"""A network in a test's hand: hosts with machines that only note what they are given."""

from __future__ import annotations

from dataclasses import dataclass, field

from serfsim.engine.queue import EventQueue
from serfsim.engine.streams import stream
from serfsim.native import vec
from serfsim.network.host import Host
from serfsim.network.jitter import Jitter
from serfsim.network.journal import Journal
from serfsim.network.latency import Latency, MatrixLatency
from serfsim.network.loss import Loss
from serfsim.network.network import Network
from serfsim.network.socket_buffer import DEFAULT_SIZE
from serfsim.protocol.memberlist.messages import PING, PUSH_PULL, Packet, StreamMessage
from serfsim.protocol.runtime import Machine

MS = 1e-3
ONE_WAY = 10 * MS
RTT = 2 * ONE_WAY
CLIENT, SERVER = 0, 1


class Ledger(Journal):
    """Keeps what the network reports."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, int, int]] = []
        self.lost: list[tuple[float, int]] = []
        self.overflowed: list[tuple[float, int]] = []
        self.segments: list[tuple[float, int, int]] = []
        self.dials: list[tuple[float, int]] = []
        self.written: list[tuple[float, int, int]] = []
        self.logged: list[tuple[float, int, int]] = []

    def packet_sent(self, now: float, source: int, packet: Packet, ip_bytes: int) -> None:
        self.sent.append((now, source, ip_bytes))

    def packet_lost(self, now: float, source: int, packet: Packet, ip_bytes: int) -> None:
        self.lost.append((now, source))

    def packet_overflowed(self, now: float, target: int, packet: Packet) -> None:
        self.overflowed.append((now, target))

    def stream_opened(self, now: float, source: int) -> None:
        self.dials.append((now, source))

    def stream_message(self, now: float, source: int, kind: int, size: int) -> None:
        self.written.append((now, source, size))

    def segment_sent(self, now: float, source: int, ip_bytes: int) -> None:
        self.segments.append((now, source, ip_bytes))

    def log(self, now: float, node: int, line: int, subject: int, a: int, b: int, text: str) -> None:
        self.logged.append((now, node, line))

    def segments_of(self, source: int, size: int | None = None) -> list[float]:
        """When a host sent segments (of so many IP bytes)."""
        return [t for t, host, n in self.segments if host == source and size in (None, n)]

    def bytes_of(self, source: int) -> int:
        return sum(n for _, host, n in self.segments if host == source)


@dataclass
class Heard:
    seq: int
    source: int
    at: float
    received_at: float


@dataclass
class Result:
    token: int
    outcome: int
    reply: StreamMessage | None
    at: float


class Puppet(Machine):
    """Notes everything; answers requests with `reply_size` bytes, None for no answer."""

    def __init__(self, reply_size: int | None = 100) -> None:
        self.reply_size = reply_size
        self.order: list[str] = []
        self.packets: list[Heard] = []
        self.timers: list[tuple[float, int]] = []
        self.requests: list[tuple[float, int]] = []
        self.merged: list[tuple[float, int]] = []
        self.results: list[Result] = []

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        self.order.append(f"packet {packet.seq}")
        self.packets.append(Heard(packet.seq, source, now, received_at))

    def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
        self.order.append(f"timer {timer}")
        self.timers.append((now, timer))

    def on_stream_request(self, request: StreamMessage, source: int, now: float) -> StreamMessage | None:
        self.order.append(f"request from {source}")
        self.requests.append((now, source))
        return None if self.reply_size is None else StreamMessage(PUSH_PULL, self.reply_size)

    def on_stream_answered(self, request: StreamMessage, source: int, now: float) -> None:
        self.order.append(f"merged {source}")
        self.merged.append((now, source))

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        self.order.append(f"result {token}")
        self.results.append(Result(token, outcome, reply, now))


@dataclass
class Lab:
    """`hosts` hosts 10 ms from each other, all running, unless told otherwise."""

    hosts: int = 2
    latency: Latency | None = None
    jitter: Jitter | None = None
    udp_loss: Loss | None = None
    tcp_loss: Loss | None = None
    bandwidth: float = 0.0
    mtu: int = 1500
    processing_delay: float = 0.0
    socket_buffer: int = DEFAULT_SIZE
    seed: int = 1
    queue: EventQueue = field(default_factory=EventQueue)
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        n = self.hosts
        latency = self.latency or MatrixLatency(n, vec[float]([ONE_WAY] * (n * n)))
        self.network = Network(
            self.queue,
            self.ledger,
            latency,
            n,
            self.jitter,
            self.udp_loss,
            self.tcp_loss,
            self.bandwidth,
            self.mtu,
        )
        self.tokens = 0
        self.machines: list[Puppet] = []
        for number in range(n):
            draws = (stream(self.seed, f"{number}/{use}") for use in ("loss", "jitter", "tcp"))
            host = Host(self.network, number, *draws, self.processing_delay, self.socket_buffer)
            self.network.add_host(host)
            self.machines.append(Puppet())
            host.start(self.machines[number])

    @property
    def now(self) -> float:
        return float(self.queue.now)

    @property
    def rules(self) -> object:
        return self.network.rules

    def host(self, number: int) -> Host:
        return self.network.hosts[number]

    def run(self, until: float) -> None:
        while self.queue.run_until(until, self.network) > 0:
            pass

    def send(self, source: int, target: int, seq: int = 0, size: int = 100) -> None:
        self.host(source).send_packet(target, Packet(PING, seq, size), self.now)

    def dial(
        self,
        client: int = CLIENT,
        server: int = SERVER,
        size: int = 200,
        dial_timeout: float = 10.0,
        io_timeout: float = 10.0,
        io_deadline: float = 0.0,
    ) -> int:
        """Open a stream; its token."""
        self.tokens += 1
        request = StreamMessage(PUSH_PULL, size)
        self.host(client).open_stream(
            server, request, self.tokens, dial_timeout, io_deadline, io_timeout, self.now
        )
        return self.tokens

    def restart(self, number: int) -> Puppet:
        """A new process after a crash."""
        self.machines[number] = Puppet()
        self.host(number).start(self.machines[number])
        return self.machines[number]

    def result(self, token: int = 1, client: int = CLIENT) -> Result:
        """The one result of a stream."""
        (found,) = [result for result in self.machines[client].results if result.token == token]
        return found
