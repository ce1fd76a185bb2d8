"""The runtime operations of protocol nodes on real sockets.

    send_packet    encode, sendto
    open_stream    a task that dials and reports to `on_stream_result` exactly once
    call_at        a heap ordered by (time, number), as in the simulation, and one timer of the loop
    notify         passed to the agent

Times are seconds of the monotonic clock since the runtime was created. A timer that expires while another
input is handled fires afterwards; none fires early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

from serfsim.live.addresses import Endpoint, endpoint_of, format_endpoint, number_of
from serfsim.live.agent.codec import Codec, UnacceptableLabel
from serfsim.live.agent.sockets import Exchange, Sockets, dial, open_sockets, read_message
from serfsim.logs import live_words
from serfsim.protocol import log_lines
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.messages import PUSH_PULL, Packet, StreamError, StreamMessage
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, REPLIED, Machine, Runtime
from serfsim.protocol.wire.reader import WireError

Report = Callable[[float, int, int, int], None]
Log = Callable[[int, int, int, int, str], None]
Say = Callable[[str], None]


class SocketRuntime(Runtime):
    """Runs one node: `listen`, then `begin`, then `close`; input before and after is ignored.

    `report` takes the node's notifications; `log_line` and `say` take log lines, as entries of `Runtime.log`
    and as text.
    """

    machine: Machine
    me: Callable[[], NodeIdentity]

    def __init__(self, codec: Codec, report: Report, log_line: Log, say: Say) -> None:
        self.codec = codec
        self.report = report
        self.log_line = log_line
        self.say = say
        self.loop = asyncio.get_running_loop()
        self.origin = self.loop.time()
        self.sockets: Sockets | None = None
        self.is_open = False
        self._timers: list[tuple[float, int, int, int, int]] = []
        self._pushed = 0
        self._wake: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._push_pulls = 0
        self._serving = asyncio.Lock()

    @property
    def now(self) -> float:
        return self.loop.time() - self.origin

    async def listen(self, endpoint: Endpoint) -> Endpoint:
        """Bind an address and return it with its port.

        Raises SerfsimError if it cannot be bound.
        """
        self.sockets = await open_sockets(endpoint, self._take_datagram, self._serve, self.say)
        return self.sockets.endpoint

    def begin(self, machine: Machine, me: Callable[[], NodeIdentity]) -> None:
        """Pass input to `machine` from now on; `me` returns the node's own record."""
        self.machine, self.me = machine, me
        self.is_open = True

    def close(self) -> None:
        """Close the sockets and stop the timers."""
        self.is_open = False
        if self.sockets is not None:
            self.sockets.close()
        if self._wake is not None:
            self._wake.cancel()
        for task in self._tasks:
            task.cancel()

    def notify(self, now: float, event: int, subject: int, detail: int) -> None:
        self.report(now, event, subject, detail)

    def log(self, now: float, line: int, subject: int, a: int, b: int, text: str) -> None:
        self.log_line(line, subject, a, b, text)

    # Timers --------------------------------------------------------------------------------------

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        self._pushed += 1
        heappush(self._timers, (at, self._pushed, timer, a, b))
        if self._timers[0][1] == self._pushed:
            self._set_wake()

    def _set_wake(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self.loop.call_at(self.origin + self._timers[0][0], self._fire)

    def _fire(self) -> None:
        # Sockets get their turn before timers that expire meanwhile.
        due = self.now
        while self._timers and self._timers[0][0] <= due and self.is_open:
            _, _, timer, a, b = heappop(self._timers)
            self.machine.on_timer(timer, a, b, self.now)
        if self._timers and self.is_open:
            self._set_wake()

    # Datagrams -----------------------------------------------------------------------------------

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        target = endpoint_of(address, self.codec.directory)
        if target is None or self.sockets is None or not self.is_open:
            return True
        try:
            self.sockets.send(self.codec.write_datagram(packet, self.me()), target)
        except OSError as error:
            self.say(live_words.UDP_SEND_FAILED.format(address=format_endpoint(target), error=error))
            return False
        return True

    def _take_datagram(self, data: bytes, source: Endpoint) -> None:
        received_at = self.now
        if not self.is_open:
            return
        try:
            found = self.codec.read_datagram(data)
        except WireError as error:
            self.say(live_words.BAD_PACKET.format(error=error, address=format_endpoint(source)))
            return
        for error_in_part in found.troubles:
            self.say(live_words.BAD_PACKET.format(error=error_in_part, address=format_endpoint(source)))
        number = number_of(source, self.codec.directory)
        for packet in found.packets:
            self.machine.on_packet(packet, number, self.now, received_at)

    # Outgoing streams ----------------------------------------------------------------------------

    def open_stream(
        self,
        address: int,
        request: StreamMessage,
        token: int,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
        now: float,
    ) -> None:
        if not self.is_open:
            return
        work = self._exchange(address, request, token, dial_timeout, io_deadline, io_timeout)
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _exchange(
        self,
        address: int,
        request: StreamMessage,
        token: int,
        dial_timeout: float,
        io_deadline: float,
        io_timeout: float,
    ) -> None:
        target = endpoint_of(address, self.codec.directory)

        def connected(port: int) -> tuple[bytes, float]:
            request.port = port
            request.connected(self.now)
            left = io_deadline - self.now if io_deadline > 0.0 else io_timeout
            return self.codec.write_request(request, self.me()), max(left, 0.0)

        done = Exchange(DIAL_REFUSED) if target is None else await dial(target, connected, dial_timeout)
        outcome, reply = done.outcome, None
        if outcome == REPLIED:
            try:
                reply = self.codec.decode_stream(self.codec.unwrap_answer(done.data))
            except WireError as error:
                outcome = CLOSED
                if done.data:
                    where = format_endpoint(target or ("?", 0))
                    self.say(live_words.RECEIVE_FAILED.format(error=error, address=where))
        if isinstance(reply, StreamError):
            self.say(live_words.REMOTE_ERROR.format(error=reply.text))
        if self.is_open:
            self.machine.on_stream_result(token, outcome, reply, self.now)

    # Incoming streams ----------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername") or ("0.0.0.0", 0)
        source = (str(peer[0]), int(peer[1]))
        self.log_line(log_lines.STREAM_FROM, -1, 0, 0, format_endpoint(source))
        timeout = float(self.codec.config.tcp_timeout)
        try:
            async with asyncio.timeout(timeout):
                data = await read_message(reader)
            if data and self.is_open:
                async with asyncio.timeout(timeout):
                    await self._answer(data, source, writer)
        except UnacceptableLabel as error:
            self.say(live_words.BAD_PACKET.format(error=error, address=format_endpoint(source)))
        except (OSError, WireError) as error:  # a timeout is an OSError
            reason = str(error) or "i/o timeout"
            self.say(live_words.RECEIVE_FAILED.format(error=reason, address=format_endpoint(source)))
        except asyncio.CancelledError:
            pass  # the loop is ending; asyncio would report the cancelled task as an error
        finally:
            writer.close()

    async def _answer(self, data: bytes, source: Endpoint, writer: asyncio.StreamWriter) -> None:
        """Handle a request; one that cannot be unwrapped gets an error, an undecodable one nothing."""
        try:
            plain = self.codec.unwrap_request(data)
        except WireError as error:
            writer.write(self.codec.write_answer(StreamError(str(error)), self.me()))
            await writer.drain()
            raise
        is_push_pull = plain[0] == PUSH_PULL
        self._push_pulls += is_push_pull
        try:
            if is_push_pull:
                if self._push_pulls >= self.codec.config.max_push_pull_requests:
                    self.log_line(log_lines.TOO_MANY_PUSH_PULLS, -1, 0, 0, "")
                    return
                # One at a time; input that arrived meanwhile is read and counted first.
                async with self._serving:
                    await asyncio.sleep(0)
            if not self.is_open:
                return
            request = self.codec.decode_stream(plain)
            number = number_of(source, self.codec.directory)
            answer = self.machine.on_stream_request(request, number, self.now)
            if answer is not None:
                writer.write(self.codec.write_answer(answer, self.me()))
                await writer.drain()
                if self.is_open:
                    self.machine.on_stream_answered(request, number, self.now)
        finally:
            self._push_pulls -= is_push_pull
