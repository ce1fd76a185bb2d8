"""One host: socket, process and clock of a node, around its protocol machine.

`TRANSITIONS` (`host_events`) has the states of the process, and what packets, timers and streams do in each.

A packet takes `processing_delay` from the socket to the machine. A short delay stands for waking the
process: it is part of the packet's journey, and packets do not wait for each other. From SLOW on, the delay
is work: the process reads one packet at a time, others wait in the socket buffer, and timers and streams
wait for the packet being read, but not for those in the buffer, since each thread of the process gets its
turn. With a `read_cost` it reads one packet at a time whatever its delay, and timers do not wait for that.
Processes on one core take turns (`core`).

A resumed process handles, in this order: late timers and deadlines of its streams by due time, the input of
its streams, the packets in its buffer (`backlog`); all at once, or one by one if it is slow. An answer that
arrived in time is therefore too late if its deadline has passed: Go runs timers before its network poller.

Threads of a stalled process block at its sockets (`stall`).

A frozen host is a virtual machine that gets no processor (`standstill`): its clock stands still, so no timer
becomes late, and its kernel sleeps too. Segments of TCP wait with its datagrams, as far as there is room.

`epoch` counts the lives of the process. Timers carry it, so that none outlives its process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import Random, i64
from serfsim.network.backlog import read_on
from serfsim.network.clock import Clock
from serfsim.network.core import JOB_DONE, Core
from serfsim.network.host_events import KIND_BITS, KIND_MASK, LATE_TIMER, READ, TIMER, DeferredInput
from serfsim.network.journal import Journal
from serfsim.network.listener import Listener
from serfsim.network.scheduler import Scheduler, Withdrawn
from serfsim.network.socket_buffer import DEFAULT_SIZE, SocketBuffer
from serfsim.network.stall import Blocked, unblock
from serfsim.network.standstill import Standstill, go_on, stand_still
from serfsim.protocol.directory import ipv4_endpoint, ipv4_port
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, UserMessage
from serfsim.protocol.runtime import Machine, Runtime

if TYPE_CHECKING:
    from serfsim.network.network import Network
    from serfsim.network.tcp_stream import Stream

SLOW: Final = 0.001  # seconds of processing delay
# A timer's event carries its number and the epoch above the kind.
TIMER_MASK: Final = 0xFFFF
EPOCH_SHIFT: Final = 19


class Host(Runtime):
    """`loss_rng`, `jitter_rng` and `tcp_rng` decide over what this host sends, and its own streams."""

    # What every packet and timer needs is declared first: it then shares a line of the cache.
    machine: Machine | None
    epoch: i64
    running: bool
    paused: bool
    stalled: bool
    clock: Clock | None
    reading: bool
    is_slow: bool
    read_cost: float
    number: i64
    journey_ns: i64
    busy_until: float
    journey_delay: float
    network: Network
    scheduler: Scheduler
    journal: Journal
    jitter_rng: Random

    def __init__(
        self,
        network: Network,
        number: i64,
        loss_rng: Random,
        jitter_rng: Random,
        tcp_rng: Random,
        processing_delay: float = 0.0,
        socket_buffer: i64 = DEFAULT_SIZE,
    ) -> None:
        self.network = network
        self.scheduler = network.scheduler
        self.journal = network.journal
        self.number = number
        self.loss_rng = loss_rng
        self.jitter_rng = jitter_rng
        self.tcp_rng = tcp_rng
        self.machine = None
        self.running = False
        self.plugged = True
        self.paused = False  # by a signal, or since the host is frozen
        self.stalled = False
        self.clock = None  # where its time is not the true one
        self.standstill: Standstill | None = None  # while it is frozen
        self._is_stopped = False
        self.epoch = 0
        self.uplink_free_at = 0.0
        self.bandwidth = network.bandwidth  # of its uplink, bits a second; 0 is without limit
        self.shares_link: Host | None = None  # the host whose uplink it uses, of one in a pool
        self.buffer = SocketBuffer(socket_buffer)
        self.busy_until = 0.0  # when the packet in hand has been read
        self.served: dict[int, Stream] = {}  # accepted and not yet over
        self.listener = Listener(self)
        self.dialled: dict[int, Stream] = {}  # by this process, and not yet over
        self.dials: i64 = 0  # by all its processes
        self.read_turn: i64 = 0  # the READ event that counts
        self.reading = False
        self._reading_since = 0.0
        self._late: list[DeferredInput] = []
        self._deferred_steps: list[DeferredInput] = []
        self.blocked: list[Blocked] = []
        self.core: Core | None = None  # where it shares one
        self.queued: i64 = 0  # packets of its buffer in the queue of its core
        self.read_cost = 0.0  # seconds that the process reads a packet, one at a time
        self.set_processing_delay(processing_delay)

    def set_processing_delay(self, seconds: float) -> None:
        """From now on; the packet in hand keeps the delay that it began with."""
        self.processing_delay = seconds
        self.is_slow = seconds >= SLOW
        if self.is_slow:
            # Here even a void timer waits its turn, which counts as an event more.
            self.scheduler.dispatch_cancelled_too()
        # What the network adds to a packet's journey to this host.
        self.journey_delay = 0.0 if self.is_slow else seconds
        self.journey_ns = 0 if self.is_slow else i64(seconds * 1e9 + 0.5)

    # The process's life, for the control plane ---------------------------------------------------

    def start(self, machine: Machine) -> None:
        """Run a machine: the first, or a new one after a crash. The machine's own start is the caller's."""
        self.machine = machine
        self.running = True
        self.plugged = True
        self.paused = False
        self.stalled = False
        self._is_stopped = False

    def crash(self, now: float) -> None:
        """Kill the process at once (SIGKILL); its kernel lives on and resets its connections."""
        self._die()
        self.network.tcp.server_died(self, now)

    def unplug(self) -> None:
        """Fail the whole host, as without power: nothing answers, and nothing is reset."""
        self._die()
        self.plugged = False
        self.network.tcp.server_vanished(self)

    def _die(self) -> None:
        self.epoch += 1
        self.machine = None
        self.running = False
        self.paused = False
        self.stalled = False
        self._is_stopped = False
        if self.standstill is not None and self.clock is not None:
            self.clock.go_on_when_read()
        self.standstill = None
        self.busy_until = 0.0
        self.buffer.clear()
        self._void_reading()
        self.listener.die()
        self._late = []
        self._deferred_steps = []
        self.blocked = []

    def pause(self) -> None:
        """Stop the process (SIGSTOP)."""
        if self.running:
            self._is_stopped = True
            self._halt()

    def _halt(self) -> None:
        if not self.paused:
            self.paused = True
            self._void_reading()

    def resume(self, now: float) -> None:
        """Let it go on (SIGCONT): what has been kept is handled at `now`."""
        if self._is_stopped:
            self._is_stopped = False
            if self.standstill is None:
                self._go_on(now)

    def freeze(self, now: float) -> None:
        """Take the processor from the whole machine: its clock stands still until it thaws."""
        if not self.running or self.standstill is not None:
            return
        self.standstill = stand_still(self, now)
        self._halt()

    def thaw(self, now: float) -> None:
        """Give it the processor back: timers go on where they were; what has come in is handled at `now`."""
        standstill = self.standstill
        if standstill is None:
            return
        self.standstill = None
        go_on(self, standstill, now)
        if not self._is_stopped:
            self._go_on(now)

    def _go_on(self, now: float) -> None:
        self.paused = False
        self.listener.resume(now)
        epoch = self.epoch
        late = self._late
        self._late = []
        for timer in late:
            if self.epoch != epoch:
                break
            if timer.stream is None:
                self._fire(timer.kind, timer.a, timer.b, now)
            else:
                self.network.tcp.take_step(self, timer.kind, timer.stream, now)
        if not self.stalled:
            unblock(self, now)
        steps = self._deferred_steps
        self._deferred_steps = []
        for step in steps:
            stream = step.stream
            if self.epoch == epoch and stream is not None:
                self.network.tcp.take_step(self, step.kind, stream, now)
        if self.epoch == epoch:
            read_on(self, now)

    # Its clock -----------------------------------------------------------------------------------

    def read_clock(self, now: float) -> float:
        """Return what the host's clock shows now, as its process reads it."""
        clock = self.clock
        return now if clock is None else clock.read(now)

    def local(self, now: float) -> float:
        """Return what the host's clock shows at a true time."""
        clock = self.clock
        return now if clock is None else clock.local(now)

    def true(self, local: float) -> float:
        """Return the true time at which the host's clock shows `local`."""
        clock = self.clock
        return local if clock is None else clock.true(local)

    def when(self, local: float) -> float:
        """Return the true time of what its process does at `local`."""
        clock = self.clock
        return local if clock is None else clock.when(local)

    # The machine's verbs -------------------------------------------------------------------------

    def send_packet(self, address: i64, packet: Packet, now: float) -> bool:
        if self.clock is not None:
            now = self.clock.when(now)
        if self.stalled:
            self.blocked.append(Blocked(address, packet, 0, None))
            return True
        if self.core is not None:
            self.core.sent(now)
        return self.network.transmit(self, address, packet, now)

    def awaits_send(self, timer: i64, a: i64) -> bool:
        if not self.stalled:
            return False
        self.blocked[-1].wake(timer, a)
        return True

    def open_stream(
        self,
        address: i64,
        request: StreamMessage,
        token: i64,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
        now: float,
    ) -> None:
        client = self.network.tcp.client
        client.dial(self, address, request, token, dial_timeout, io_deadline, io_timeout, self.when(now))

    def open_link(self, address: i64, dial_timeout: float, now: float) -> i64:
        return self.network.tcp.links.dial(self, address, dial_timeout, self.when(now))

    def write_link(self, link: i64, message: UserMessage, now: float) -> None:
        self.network.tcp.links.write(self, link, message, self.when(now))

    def close_link(self, link: i64, now: float) -> None:
        self.network.tcp.links.close(self, link, self.when(now))

    def endpoint(self) -> str:
        """Return the address that its process is bound to, with its port."""
        address = self.network.address_of(self.number)
        return ipv4_endpoint(address, ipv4_port(address))

    def call_at(self, at: float, timer: i64, a: i64, b: i64) -> None:
        """`timer` is a number below 65536."""
        kind: i64 = TIMER | (timer << KIND_BITS) | (self.epoch << EPOCH_SHIFT)
        if self.clock is not None:
            if self.standstill is not None:
                self.standstill.timers.append(Withdrawn(at, kind, a, b, None))
                return
            at = self.clock.true(at)
        self.scheduler.schedule(at, self.number, kind, a, b, None)

    def call_after_work(self, seconds: float, timer: i64, now: float) -> None:
        if self.core is None:
            self.call_at(now + seconds, timer, 0, 0)
        else:
            kind: i64 = TIMER | (timer << KIND_BITS) | (self.epoch << EPOCH_SHIFT)
            self.core.work(self, seconds, kind, self.when(now))

    def call_at_cancellable(self, at: float, timer: i64, a: i64, b: i64) -> i64:
        if self.clock is not None:
            self.call_at(at, timer, a, b)
            return 0
        kind: i64 = TIMER | (timer << KIND_BITS) | (self.epoch << EPOCH_SHIFT)
        return self.scheduler.schedule_cancellable(at, self.number, kind, a, b)

    def cancel_call(self, handle: i64) -> None:
        self.scheduler.cancel(handle)

    def notify(self, now: float, event: i64, subject: i64, detail: i64) -> None:
        if self.clock is not None:
            now = self.clock.when(now)
        self.journal.record(now, self.number, event, subject, detail)

    def log(self, now: float, line: i64, subject: i64, a: i64, b: i64, text: str) -> None:
        self.journal.log(self.when(now), self.number, line, subject, a, b, text)

    def handed_off(self, now: float, waiting: i64) -> None:
        self.journal.handed_off(self.when(now), waiting)

    def keeps_copies(self) -> bool:
        return self.journal.keeps_copies()

    def copies_left_out(self, count: i64) -> None:
        self.journal.copies_left_out(count)

    # Packets -------------------------------------------------------------------------------------

    def packet_arrived(self, packet: Packet, source: i64, spent_ns: i64, now: float) -> None:
        """Handle a datagram at the socket, or one read since it arrived `spent_ns` ago."""
        if not self.running:
            return
        free = not self.paused and not self.reading and not self.stalled
        arrived_at = now
        if spent_ns != 0:
            arrived_at -= float(spent_ns) * 1e-9
        if free and not self.is_slow and spent_ns >= self.journey_ns and self.read_cost == 0.0:
            self.handle(packet, source, now, arrived_at)
            return
        if not self.buffer.push(packet, source):
            self.journal.packet_overflowed(now, self.number, packet)
        elif self.core is not None and not self.paused and not self.stalled:
            self.core.packet_came(self, now)
        elif free:
            # Reading begins when the one before is done, which is at the latest now.
            awake = arrived_at if self.read_cost == 0.0 else arrived_at + self.journey_delay
            begin = awake if awake > self.busy_until else self.busy_until
            self._read_from(begin)
        elif not self.paused and not self.reading:
            self.buffer.receive()

    def _read_from(self, begin: float) -> None:
        self.begin_reading(begin)
        self.scheduler.schedule(self.busy_until, self.number, READ, self.read_turn, self.epoch, None)

    def begin_reading(self, begin: float) -> float:
        """Begin to read the packet at the head of the buffer; return when that will be done."""
        self.reading = True
        # What woke the process is part of the journey.
        self._reading_since = begin if self.read_cost == 0.0 else begin - self.journey_delay
        self.read_turn += 1
        delay = self.processing_delay if self.is_slow or self.read_cost == 0.0 else 0.0
        self.busy_until = begin + delay + self.read_cost
        return self.busy_until

    def read_next(self, now: float) -> None:
        self.reading = False
        if self.stalled:
            self.buffer.receive()
        elif self.core is not None:
            self.core.read_next(self, now)
        elif self.buffer.count > 0:
            self._read_from(now)

    def _void_reading(self) -> None:
        self.reading = False
        self.read_turn += 1

    def packet_read(self, turn: i64, epoch: i64, now: float) -> None:
        """Hand the packet at the head of the buffer to the machine."""
        if turn == JOB_DONE:
            if self.core is not None:
                self.core.finish(now)
            return
        if turn != self.read_turn or epoch != self.epoch or not self.reading:
            return
        packet = self.buffer.pop()
        source = self.buffer.source
        began = self._reading_since
        self.read_next(now)
        self.handle(packet, source, now, began)

    def handle(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        machine = self.machine
        if machine is not None:
            clock = self.clock
            if clock is not None:
                received_at = clock.local(received_at)
                now = clock.read(now)
            machine.on_packet(packet, source, now, received_at)

    # Timers --------------------------------------------------------------------------------------

    def timer_due(self, kind: i64, a: i64, b: i64, now: float) -> None:
        if kind >> EPOCH_SHIFT != self.epoch:
            return
        if self.paused:
            self._late.append(DeferredInput(kind, a, b, None))
        elif self.is_slow and self.busy_until > now and kind & KIND_MASK == TIMER:
            late: i64 = (kind & ~KIND_MASK) | LATE_TIMER
            self.scheduler.schedule(self.busy_until, self.number, late, a, b, None)
        else:
            self._fire(kind, a, b, now)

    def _fire(self, kind: i64, a: i64, b: i64, now: float) -> None:
        machine = self.machine
        if machine is not None:
            if self.clock is not None:
                now = self.clock.read(now)
            machine.on_timer((kind >> KIND_BITS) & TIMER_MASK, a, b, now)

    # Streams -------------------------------------------------------------------------------------

    def stream_delay(self, now: float) -> float:
        """Seconds from what a stream brought to the machine that reads it."""
        if self.is_slow and self.busy_until > now:
            return self.busy_until - now + self.processing_delay
        return self.processing_delay

    def keep_step(self, step: i64, stream: Stream, is_deadline: bool) -> None:
        """Keep a stream's step for a process that is paused; a deadline is one of its timers."""
        kept = self._late if is_deadline else self._deferred_steps
        kept.append(DeferredInput(step, 0, 0, stream))
