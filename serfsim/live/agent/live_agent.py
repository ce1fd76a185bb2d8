"""A Serf agent on real sockets: a member of a cluster of real agents."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import Endpoint, number_of, read_endpoint, resolve
from serfsim.live.agent.codec import Codec
from serfsim.live.agent.runtime import SocketRuntime
from serfsim.live.base_agent import AgentEvent, BaseAgent, ReportingApplication
from serfsim.logs import live_words
from serfsim.logs.lines import AgentLog, LevelWriter
from serfsim.logs.names import NodeNames
from serfsim.logs.words import Entry, Words
from serfsim.native import Random
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.seal import LONGEST_LABEL
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.intents import LEFT_WELL
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.serf.tags import LONGEST_META, encode_meta
from serfsim.protocol.versions import DELEGATE_MIN, PROTOCOL_MIN
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.wire_crypto import Keyring

RELEASE: Final = "0.9"  # features and log messages of a live agent


class Identity(NamedTuple):
    """An agent's identity.

    `endpoint`: the address to listen on, port 0 for a free one. `key` encrypts its packets. `profile`: "lan",
    "wan" or "local", memberlist's default settings. `label` is in front of all that the members of its
    cluster send, at most 255 bytes; with `skip_inbound_label_check` something before it takes labels off.
    """

    name: str
    endpoint: Endpoint
    profile: str = "lan"
    tags: Mapping[str, str] = {}
    key: bytes | None = None
    label: str = ""
    skip_inbound_label_check: bool = False


class QueryAnswers(NamedTuple):
    """The outcome of a query: the members that acked, and the responses by member, in order of arrival."""

    acks: list[str]
    responses: dict[str, bytes]


class _Collector:
    """Collects the responses to a query until it closes."""

    def __init__(self, ended: asyncio.Future[QueryAnswers]) -> None:
        self._answers = QueryAnswers([], {})
        self._ended = ended

    def take_ack(self, source: str) -> None:
        self._answers.acks.append(source)

    def take_answer(self, source: str, payload: bytes) -> None:
        self._answers.responses[source] = payload

    def end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(self._answers)


class LiveAgent(BaseAgent):
    """A member of a cluster, from `start` to `leave` or `close`; make it within a running asyncio loop.

    `answer` takes a query's name and payload and returns the response, or None for none. `listen` takes
    member events, user events and queries. `write` takes the log's lines of `log_level` (trace, debug,
    info, warn, err) and above.

        agent = LiveAgent(Identity("n9", ("10.0.0.9", 7946)))
        await agent.start()
        await agent.join(["10.0.0.7"])
    """

    def __init__(
        self,
        identity: Identity,
        answer: Callable[[str, bytes], bytes | None] = lambda name, payload: None,
        listen: Callable[[AgentEvent], None] = lambda event: None,
        write: Callable[[str], None] = lambda line: None,
        log_level: str = "info",
    ) -> None:
        # The log's clock is Unix time.
        super().__init__(Directory(), AgentLog(0.0))
        self.log.follow(LevelWriter(write, log_level))
        self.identity = identity
        self.answer = answer
        self.listen = listen
        self.directory.is_private = True
        self.keyring = None if identity.key is None else Keyring([identity.key])
        self.config = MemberlistConfig(profile=identity.profile)
        self.config.skip_inbound_label_check = identity.skip_inbound_label_check
        self.label = identity.label.encode()
        if len(self.label) > LONGEST_LABEL:
            expected = f"at most {LONGEST_LABEL}"
            raise SerfsimError(f"label: found {len(self.label)} bytes; expected {expected}")
        codec = Codec(self.directory, self.config, self.keyring, self.label)
        self.runtime = SocketRuntime(codec, self._report, self._log, self.say)
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._node: SerfNode | None = None
        self._words: Words | None = None

    @property
    def node(self) -> SerfNode:
        """The protocol node. Raises SerfsimError before `start`."""
        if self._node is None:
            raise SerfsimError("the agent has not started")
        return self._node

    @property
    def now(self) -> float:
        return self.runtime.now

    def pass_on(self, event: AgentEvent) -> None:
        self.listen(event)

    def say(self, text: str) -> None:
        self.log.write(time.time(), text.rstrip("\n"))

    # Life ----------------------------------------------------------------------------------------

    async def start(self) -> Endpoint:
        """Listen, form a cluster of one, and return the address.

        Raises SerfsimError where the address cannot be bound.
        """
        config, name = SerfConfig(), self.identity.name
        meta = self._meta(self.identity.tags, int(config.protocol_version))
        endpoint = await self.runtime.listen(self.identity.endpoint)
        number, length = number_of(endpoint, self.directory), 16 if ":" in endpoint[0] else 4
        features = config.features
        me = NodeIdentity(
            0,
            number,
            len(name.encode()),
            meta,
            (PROTOCOL_MIN, features.protocol_max, self.config.protocol_version),
            (DELEGATE_MIN, features.delegate_max, config.protocol_version),
            length,
            endpoint[1],
        )
        self.directory.add_record(name, me)
        chance = Random(secrets.randbits(63))
        application = ReportingApplication()
        application.agent = self
        node = SerfNode(
            self.config,
            config,
            CoordinateConfig(),
            me,
            self.directory,
            self.runtime,
            chance,
            chance,
            chance,
            application,
            tags=dict(self.identity.tags),
        )
        if self.keyring is not None or self.label:
            keys = None if self.keyring is None else self.keyring.ring
            node.memberlist.protect(keys, self.label, is_open=True)
        self._node = node
        self._words = Words(RELEASE, NodeNames(node))
        self.runtime.begin(node, node.record)
        node.start(self.runtime.now)
        return endpoint

    async def join(self, addresses: Sequence[str], *, replay: bool = False) -> int:
        """Join through members at HOST[:PORT]; return the number that answered.

        `replay`: deliver earlier user events too.
        """
        found = [
            number_of(endpoint, self.directory)
            for address in addresses
            for endpoint in resolve(*read_endpoint(address, "--join"), "--join")
        ]
        contacted, _ = await self.join_through(addresses, found, replay)
        return contacted

    async def leave(self) -> bool:
        """Leave gracefully, then close; return False where the leave did not reach the others in time."""
        node = self.node
        self._log(log_lines.LEAVING)
        in_time: bool = await self.completion(lambda: node.leave(self.runtime.now)) == LEFT_WELL
        self._log(log_lines.SHUTTING_DOWN)
        self.close("left")
        self._log(log_lines.SHUT_DOWN)
        return in_time

    def close(self, reason: str = "closed") -> None:
        """Stop without notifying the others, as a killed process does; `reason` is the result of `ended`."""
        self.node.shut_down(self.runtime.now)
        self.runtime.close()
        self.end_waits()
        if not self.ended.done():
            self.ended.set_result(reason)

    # Commands ------------------------------------------------------------------------------------

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Replace and announce the agent's tags.

        Raises SerfsimError if they are too long.
        """
        known = self.node.record()
        record = known.with_meta(self._meta(tags, int(known.delegate_current)))
        self.node.update_tags(dict(tags), record, self.runtime.now)

    def user_event(self, name: str, payload: bytes = b"", *, coalesce: bool = False) -> None:
        """Send a user event to all members.

        Raises SerfsimError if it is too long.
        """
        refusal = self.send_event(name, payload, coalesce)
        if refusal:
            raise SerfsimError(refusal)

    async def query(self, name: str, payload: bytes = b"", params: QueryParams | None = None) -> QueryAnswers:
        """Send a query and wait until it closes.

        Raises SerfsimError if it is refused.
        """
        params = QueryParams(request_ack=True) if params is None else params
        key = self.send_query(name, payload, params)
        if key is None:
            raise SerfsimError(self.node.last_error)
        ended = self.completion_of(key)
        self.queries[key] = _Collector(ended)
        answers: QueryAnswers = await ended
        return answers

    def _meta(self, tags: Mapping[str, str], protocol_version: int) -> bytes:
        meta = encode_meta(dict(tags), protocol_version)
        if len(meta) > LONGEST_META:
            raise SerfsimError(f"tags: found {len(meta)} bytes once encoded; expected at most {LONGEST_META}")
        return meta

    # The node's reports --------------------------------------------------------------------------

    def _report(self, now: float, event: int, subject: int, detail: int) -> None:
        if event < events.COUNTED_ONLY:
            self._log(event, subject, detail)

    def _log(self, number: int, subject: int = -1, a: int = 0, b: int = 0, text: str = "") -> None:
        """Log an entry of `protocol.events` or `protocol.log_lines` if it has a message."""
        if self._words is not None:
            line = self._words.of(Entry(number, int(self.node.me), subject, a, b, text))
            if line:
                self.say(line)

    def on_query(self, received: ReceivedQuery, now: float) -> None:
        super().on_query(received, now)
        answer = self.answer(received.query.name, received.query.payload)
        if answer is not None:
            error = self.node.respond(received, answer, now)
            if error:
                self.say(live_words.RESPONSE_REFUSED.format(error=error))

    def on_name_lost(self) -> None:
        self.close("name lost")
