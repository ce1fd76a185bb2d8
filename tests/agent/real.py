"""Real `serf` agents on addresses of the loopback interface, and waiting for what they come to."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serfsim.live.agent import AgentEvent, Identity, LiveAgent
from serfsim.live.agent.codec import Codec
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, StreamPing
from serfsim.protocol.runtime import Machine
from serfsim.protocol.wire.decode_memberlist import Datagram
from serfsim.protocol.wire.envelope import compressed_if_shorter, without_crc
from serfsim.protocol.wire.streams import encode_stream

SERF = shutil.which("serf")
NEEDS_SERF = [
    pytest.mark.slow,
    pytest.mark.skipif(SERF is None, reason="the serf agent is not installed (Debian: apt install serf)"),
]
LIMIT_S = 20.0


def host(number: int) -> str:
    """A loopback address that no other run of these tests has."""
    return f"127.{64 + os.getpid() % 128}.{os.getpid() // 128 % 250 + 1}.{number}"


async def until(condition: Callable[[], bool], limit: float = LIMIT_S) -> None:
    """Wait for it; AssertionError where it does not come about in time."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "what was waited for has not come about"
        await asyncio.sleep(0.05)


async def repeated(attempt: Callable[[], Awaitable[bool]]) -> None:
    """A query may pass a member by, as gossip in a small cluster does now and then: four are enough."""
    for _ in range(4):
        if await attempt():
            return
    raise AssertionError("four queries, and none was answered in full")


class Process:
    """A process of ours to end, with its output in a file."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.log_file = log
        with log.open("w", encoding="utf-8") as stream:
            self.process = subprocess.Popen(arguments, stdout=stream, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(LIMIT_S)


class RealAgent(Process):
    """`serf agent` under a name at an address; `join` are addresses of members."""

    def __init__(
        self, folder: Path, name: str, number: int, *options: str, join: tuple[str, ...] = ()
    ) -> None:
        assert SERF is not None
        self.name = name
        self.address = f"{host(number)}:7946"
        self.rpc = f"{host(number)}:7373"
        arguments = [SERF, "agent", f"-node={name}", f"-bind={self.address}", f"-rpc-addr={self.rpc}"]
        arguments += ["-log-level=debug", "-profile=local", *options]
        arguments += [f"-join={address}" for address in join]
        super().__init__(arguments, folder / f"{name}-{number}.log")

    def wait(self) -> None:
        """Until it runs and has joined."""
        end = time.monotonic() + LIMIT_S
        while "Log data will now stream" not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    async def serf(self, command: str, *arguments: str) -> str:
        """What a command prints, however it ends."""
        assert SERF is not None
        process = await asyncio.create_subprocess_exec(
            SERF,
            *command.split(),
            f"-rpc-addr={self.rpc}",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
        return out.decode()

    async def status(self, name: str) -> str:
        """What it holds of a member: alive, leaving, left, failed, or none."""
        found = re.search(rf"^{name} +\S+ +(\w+)", await self.serf("members"), re.MULTILINE)
        return "none" if found is None else found[1]

    async def until_status(self, name: str, status: str, limit: float = LIMIT_S) -> None:
        end = time.monotonic() + limit
        while (found := await self.status(name)) != status:
            assert time.monotonic() < end, f"{self.name} holds {name} for {found}, not {status}"
            await asyncio.sleep(0.1)


class OurProcess(Process):
    """`serfsim agent` in a process of its own."""

    def __init__(self, folder: Path, name: str, number: int, join: tuple[str, ...], *options: str) -> None:
        arguments = [sys.executable, "-m", "serfsim", "agent", "--node", name, "--profile", "local"]
        arguments += ["--bind", f"{host(number)}:7946", "--log-level", "debug", *options]
        arguments += [word for address in join for word in ("--join", address)]
        super().__init__(arguments, folder / f"{name}-{number}.log")


class Watch(Machine):
    """Notes what comes in on its way to the machine; while `is_deaf` no datagram gets through."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.packets: list[int] = []
        self.requests: list[int] = []
        self.is_deaf = False

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        self.packets.append(int(packet.kind))
        if not self.is_deaf:
            self.machine.on_packet(packet, source, now, received_at)

    def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
        self.machine.on_timer(timer, a, b, now)

    def on_stream_request(self, request: StreamMessage, source: int, now: float) -> StreamMessage | None:
        self.requests.append(int(request.kind))
        return self.machine.on_stream_request(request, source, now)

    def on_stream_answered(self, request: StreamMessage, source: int, now: float) -> None:
        self.machine.on_stream_answered(request, source, now)

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        self.machine.on_stream_result(token, outcome, reply, now)


class Mirror(Codec):
    """Writes all that it reads again, and counts what comes out the same and what does not."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec.directory, codec.config, codec.keyring, codec.label)
        self.same = 0
        self.others: list[tuple[bytes, bytes]] = []

    def _compare(self, read: bytes, written: bytes) -> None:
        if read == written:
            self.same += 1
        else:
            self.others.append((read, written))

    def read_datagram(self, data: bytes) -> Datagram:
        found = super().read_datagram(data)
        if len(found.packets) == 1 and not found.troubles and self.keyring is None and not self.label:
            source = found.sources[0]
            plain = encode_datagram(found.packets[0], source, self.directory)
            self._compare(without_crc(data), compressed_if_shorter(plain))
        return found

    def decode_stream(self, data: bytes) -> StreamMessage:
        message = super().decode_stream(data)
        # Of a ping on a stream the source is not kept: nobody needs it.
        if not isinstance(message, StreamPing):
            self._compare(data, encode_stream(message, None, self.directory))
        return message


class Ours(LiveAgent):
    """An agent of ours in this process that keeps what it hears and logs."""

    def __init__(
        self, name: str, number: int, *, answers: dict[str, bytes] | None = None, **rest: object
    ) -> None:
        self.heard: list[AgentEvent] = []
        self.lines: list[str] = []
        self.events: list[int] = []
        identity = Identity(name, (host(number), 7946), "local", **rest)  # type: ignore[arg-type]
        known = answers or {}
        super().__init__(
            identity, lambda query, _: known.get(query), self.heard.append, self.lines.append, "debug"
        )
        self.address = f"{host(number)}:7946"
        # In this profile news is told on but twice, and now and then passes one by: then this brings it.
        self.config.push_pull_interval = 1.0
        self.mirror = Mirror(self.runtime.codec)
        self.runtime.codec = self.mirror

    async def begin(self, *join: str) -> Watch:
        """Start, with a watch before the machine, and join; all must answer."""
        await self.start()
        watch = Watch(self.node)
        self.runtime.machine = watch
        if join:
            assert await self.join(join) == len(join)
        return watch

    def _report(self, now: float, event: int, subject: int, detail: int) -> None:
        self.events.append(event)
        super()._report(now, event, subject, detail)

    def status(self, name: str) -> str:
        return next((member.status for member in self.members() if member.name == name), "none")

    def has_heard(self, topic: str, member: str | None = None) -> bool:
        return any(
            one.topic == topic and (member is None or member in [view.name for view in one.members])
            for one in self.heard
        )

    @property
    def logged(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def ended(*processes: Process) -> Iterator[None]:
    """Kill them in the end, whatever happens."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
