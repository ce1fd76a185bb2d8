"""Every row of the RPC session's transition table, driven over a transport in memory."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from typing import Any

import msgpack
import pytest

from serfsim.live.rpc import session as machine
from serfsim.live.rpc.messages import Count, read_string
from serfsim.live.rpc.session import TRANSITIONS, Answer, Command, Session
from serfsim.protocol.transitions import Transition
from serfsim.protocol.versions import features_of

KEY = "s3cret"
SHAKE = ({"Command": "handshake", "Seq": 7}, {"Version": 1})
STATES = (machine.NEW, machine.LOCKED, machine.OPEN)
WITHOUT_KEY = (machine.HANDSHAKE_NO_KEY,)


class MemoryWriter:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.data = b""
        self.is_closed = False

    @property
    def transport(self) -> MemoryWriter:
        return self

    def get_extra_info(self, name: str) -> Any:
        return None

    def write(self, data: bytes) -> None:
        assert not self.is_closed, "written to after it was closed"
        self.data += data

    async def drain(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True

    abort = close


class IdleAgent:
    """An agent whose process runs."""

    def __init__(self, release: str = "0.9") -> None:
        self.features = features_of(release)
        self.queries: dict[Any, Any] = {}
        self.guessing = asyncio.Lock()
        self.lines: list[str] = []
        self.commands: Counter[str] = Counter()

    def say(self, text: str) -> None:
        self.lines.append(text)

    async def running(self) -> None: ...


class Talk:
    """A session, what it was sent and what it has replied."""

    def __init__(self, key: str, release: str = "0.9") -> None:
        self.reader = asyncio.StreamReader()
        self.writer = MemoryWriter()
        self.ran: list[str] = []
        commands = {"echo": Command(self._echo, {"Text": read_string}), "count": Command(self._count)}
        self.session = Session(
            IdleAgent(release),  # type: ignore[arg-type]
            commands,
            key,
            self.reader,
            self.writer,  # type: ignore[arg-type]
        )
        self.task = asyncio.get_running_loop().create_task(self.session.serve())

    async def _echo(self, session: Session, seq: int, body: dict[str, Any]) -> Answer:
        self.ran.append(body["Text"])
        return Answer(body={"Text": body["Text"]})

    async def _count(self, session: Session, seq: int, body: dict[str, Any]) -> Answer:
        return Answer(body={"Num": Count(200)})

    async def send(self, *objects: Any) -> list[Any]:
        """Send objects; the replies to them."""
        before = len(self.writer.data)
        self.reader.feed_data(b"".join(msgpack.packb(one) for one in objects))
        await settled()
        return list(msgpack.Unpacker(io.BytesIO(self.writer.data[before:]), raw=False))

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def give(talk: Talk, given: str) -> list[Any]:
    """Present one input; the replies to it."""
    requests: dict[str, tuple[Any, ...]] = {
        machine.HANDSHAKE: SHAKE,
        machine.HANDSHAKE_NO_KEY: SHAKE,
        machine.OTHER_VERSION: ({"Command": "handshake", "Seq": 7}, {"Version": 2}),
        machine.RIGHT_KEY: ({"Command": "auth", "Seq": 7}, {"AuthKey": talk.session.key}),
        machine.WRONG_KEY: ({"Command": "auth", "Seq": 7}, {"AuthKey": "wrong"}),
        # The body follows only where it will be read.
        machine.COMMAND: ({"Command": "echo", "Seq": 7},)
        + (({"Text": "hi"},) if talk.session.state == machine.OPEN else ()),
        machine.UNKNOWN_COMMAND: ({"Command": "reboot", "Seq": 7},),
        machine.UNDECODABLE: (["no", "header"],),
    }
    if given in requests:
        return await talk.send(*requests[given])
    if given == machine.HUNG_UP:
        talk.reader.feed_eof()
    elif given == machine.PROCESS_END:
        talk.session.process_ended()
    else:
        assert given == machine.EXPIRED
        await asyncio.sleep(0.06)
    await settled()
    return []


async def reach(talk: Talk, state: str) -> None:
    if state != machine.NEW:
        await talk.send(*SHAKE)
    if talk.session.state != state:
        await talk.send({"Command": "auth", "Seq": 2}, {"AuthKey": KEY})
    assert talk.session.state == state


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.state}-{row.input}")
def test_the_session_does_as_the_row_says(row: Transition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WRONG_KEY_S", 0.0)
    monkeypatch.setattr(machine, "HANDSHAKE_S", 0.03 if row.input == machine.EXPIRED else 60.0)

    async def main() -> None:
        talk = Talk("" if row.input in WITHOUT_KEY else KEY)
        await reach(talk, row.state)
        before = talk.writer.data
        replies = await give(talk, row.input)
        if row.effect == machine.NO_REPLY:
            assert talk.writer.data == before
        elif row.effect == machine.RUN:
            assert replies == [{"Error": "", "Seq": 7}, {"Text": "hi"}]
            assert talk.ran == ["hi"]
        else:
            assert replies == [{"Error": row.effect, "Seq": 7}]
        assert talk.session.state == row.next_state
        assert talk.writer.is_closed == (row.next_state == machine.CLOSED)
        await talk.end()

    asyncio.run(main())


def test_every_state_has_one_row_for_each_input_that_it_can_meet() -> None:
    inputs = {row.input for row in TRANSITIONS}
    pairs = [(row.state, row.input) for row in TRANSITIONS]
    assert len(set(pairs)) == len(pairs)
    never = {
        # A key is read only after the handshake, and only a key locks.
        (machine.NEW, machine.RIGHT_KEY),
        (machine.NEW, machine.WRONG_KEY),
        (machine.LOCKED, machine.HANDSHAKE_NO_KEY),
    }
    assert set(pairs) == {(state, given) for state in STATES for given in inputs} - never


def test_the_answers_are_those_of_serf() -> None:
    assert {row.effect for row in TRANSITIONS} - {machine.NO_REPLY, machine.RUN} == {
        "",
        "Handshake required",
        "Handshake already performed",
        "Unsupported IPC version",
        "Authentication required",
        "Invalid authentication token",
        "Unsupported command",
    }


@pytest.mark.parametrize("state", [machine.LOCKED, machine.OPEN])
def test_a_handshake_of_another_version_after_the_first_leaves_the_state(state: str) -> None:
    rows = {(row.state, row.input): row for row in TRANSITIONS}
    row = rows[state, machine.OTHER_VERSION]
    assert (row.next_state, row.effect) == (state, "Unsupported IPC version")


@pytest.mark.parametrize(("release", "form"), [("0.9.4", b"\xcc\xc8"), ("0.10.2", b"\xd1\x00\xc8")])
def test_a_reply_writes_its_count_as_the_release_of_its_agent_does(release: str, form: bytes) -> None:
    async def talk() -> bytes:
        talk = Talk("", release)
        await talk.send(*SHAKE, {"Command": "count", "Seq": 9})
        await talk.end()
        return talk.writer.data

    assert asyncio.run(talk()).endswith(b"\xa3Num" + form)
