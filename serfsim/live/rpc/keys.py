"""The commands about encryption keys: each sends one of Serf's internal queries and collects responses."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from typing import Any, Final

import msgpack

from serfsim.live.rpc.messages import Count, read_string
from serfsim.live.rpc.session import Answer, Command, Session
from serfsim.logs.words import format_words
from serfsim.protocol import log_lines
from serfsim.protocol.serf.key_queries import COMMANDS as BEGUN
from serfsim.protocol.serf.key_queries import INSTALL, LIST, REMOVE, USE, encode_key_request
from serfsim.protocol.serf.messages import KEY_RESPONSE
from serfsim.protocol.serf.outgoing_queries import QueryParams


class KeyAnswers:
    """Collects the responses of members until all have answered or the query closes."""

    def __init__(self, asked: int, over: asyncio.Future[None] | None = None) -> None:
        self.asked = asked
        self.answered = 0
        self.errors = 0
        self.messages: dict[str, str] = {}
        self.keys: dict[str, int] = {}
        self.over = asyncio.get_running_loop().create_future() if over is None else over

    def take_ack(self, source: str) -> None:
        """Ignore an ack: key queries request none."""

    def take_answer(self, source: str, payload: bytes) -> None:
        self.answered += 1
        try:
            if payload[:1] != bytes([KEY_RESPONSE]):
                raise ValueError(f"Invalid key query response type: {list(payload)}")
            self._read(source, msgpack.unpackb(payload[1:], raw=False))
        except (msgpack.UnpackException, ValueError, TypeError, AttributeError) as error:
            self.messages[source] = str(error)
            self.errors += 1
        if self.answered == self.asked:
            self.end()

    def _read(self, source: str, response: dict[str, Any]) -> None:
        if not response["Result"]:
            self.messages[source] = response["Message"]
            self.errors += 1
        elif response["Message"]:
            self.messages[source] = response["Message"]
        for key in response["Keys"] or ():
            self.keys[key] = self.keys.get(key, 0) + 1

    def end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def error(self) -> str:
        if self.errors:
            return f"{self.errors}/{self.asked} nodes reported failure"
        if self.answered != self.asked:
            return f"{self.answered}/{self.asked} nodes reported success"
        return ""

    def body(self, with_keys: bool) -> dict[str, Any]:
        return {
            "Keys": {key: Count(held) for key, held in self.keys.items()} if with_keys else None,
            "Messages": self.messages,
            "NumErr": Count(self.errors),
            "NumNodes": Count(self.asked),
            "NumResp": Count(self.answered),
        }


def read_key(text: str) -> bytes:
    """Decode a key from base64.

    Raises ValueError with Go's message.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        wrong = re.search(r"[^A-Za-z0-9+/]", text)
        place = wrong.start() if wrong else len(text) // 4 * 4
        raise ValueError(f"illegal base64 data at input byte {place}") from None


async def ask(session: Session, name: str, key: str) -> Answer:
    agent = session.agent
    agent.say(format_words(log_lines.KEY_COMMAND, text=BEGUN[name]))
    try:
        payload = encode_key_request(read_key(key))
    except ValueError as error:
        return Answer(str(error), KeyAnswers(0).body(name == LIST))
    async with agent.asking_keys:
        opened = agent.send_query(name, payload, QueryParams())
        if opened is None:
            return Answer(agent.node.last_error, KeyAnswers(0).body(name == LIST))
        answers = KeyAnswers(int(agent.node.memberlist.core.members.alive), agent.completion_of(opened))
        agent.queries[opened] = answers
        with agent.waiting():
            await answers.over
    return Answer(answers.error(), answers.body(name == LIST))


async def install_key(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    return await ask(session, INSTALL, body["Key"])


async def use_key(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    return await ask(session, USE, body["Key"])


async def remove_key(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    return await ask(session, REMOVE, body["Key"])


async def list_keys(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    return await ask(session, LIST, "")


COMMANDS: Final = {
    "install-key": Command(install_key, {"Key": read_string}),
    "use-key": Command(use_key, {"Key": read_string}),
    "remove-key": Command(remove_key, {"Key": read_string}),
    "list-keys": Command(list_keys),
}
