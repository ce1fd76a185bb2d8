"""A Serf agent: one node on real sockets, what it is told to do, and who waits for what it hears."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from serfsim.base.errors import SerfsimError
from serfsim.live.agent.application import AgentApplication
from serfsim.live.agent.codec import Codec
from serfsim.live.agent.key_queries import KeyQueries
from serfsim.live.agent.logs import NodeLog
from serfsim.live.agent.runtime import SocketRuntime
from serfsim.live.agent.sockets import Endpoint, number_of, read_endpoint, resolved
from serfsim.live.views import MemberView, member_views
from serfsim.logs.words import MEMBER_EVENTS
from serfsim.native import Random
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import Directory, Record
from serfsim.protocol.memberlist import config as profiles
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.serf.asking import QueryParams
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.queries import ReceivedQuery
from serfsim.protocol.serf.query_messages import Query
from serfsim.protocol.serf.tags import LONGEST_META, encode_meta
from serfsim.protocol.versions import DELEGATE_MIN, PROTOCOL_MIN
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.wire.cipher import block_size
from serfsim.wire_crypto import Keyring

PROFILES: Final[dict[str, Callable[[], MemberlistConfig]]] = {
    "lan": profiles.lan,
    "wan": profiles.wan,
    "local": profiles.local,
}


class Identity(NamedTuple):
    """Who an agent is. `endpoint`: where it listens, port 0 for a free one; `key`: what it encrypts with."""

    name: str
    endpoint: Endpoint
    profile: str = "lan"
    tags: Mapping[str, str] = {}
    key: bytes | None = None


class Answers(NamedTuple):
    """What came back on a query: who acked, and who answered what, in the order of arrival."""

    acks: list[str]
    responses: dict[str, bytes]


class Happening(NamedTuple):
    """Something that an agent passes on, such as ("member-join", ("n2",)) or ("user:deploy", (), b"42")."""

    kind: str
    members: tuple[str, ...] = ()
    payload: bytes = b""


class LiveAgent:
    """A member of a cluster, from `start` to `leave` or `close`; to be made within a running asyncio loop.

    `answer` is given a query's name and payload and returns what to answer, or None for nothing. `listen`
    is told of member events, user events and queries. `write` takes the log's lines.
    """

    def __init__(
        self,
        identity: Identity,
        answer: Callable[[str, bytes], bytes | None] = lambda name, payload: None,
        listen: Callable[[Happening], None] = lambda happening: None,
        write: Callable[[str], None] = lambda line: None,
        log_level: str = "info",
    ) -> None:
        self.identity = identity
        self.answer = answer
        self.listen = listen
        self.log = NodeLog(write, log_level)
        self.directory = Directory()
        self.directory.is_private = True
        self.keyring = None if identity.key is None else Keyring([identity.key])
        self.config = PROFILES[identity.profile]()
        if self.keyring is not None:
            self.config.encryption_overhead = int(block_size(self.keyring.version(), 0))
        self.runtime = SocketRuntime(
            Codec(self.directory, self.config, self.keyring), self._report, self.log.log, self.log.say
        )
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._joining = asyncio.Lock()
        self._waits: dict[int, list[asyncio.Future[int]]] = {}
        self._queries: dict[tuple[int, int], tuple[Answers, asyncio.Future[Answers]]] = {}
        self.node: SerfNode

    # Life ----------------------------------------------------------------------------------------

    async def start(self) -> Endpoint:
        """Listen and be a cluster of one; the address. SerfsimError where it cannot be had."""
        config, name = SerfConfig(), self.identity.name
        meta = self._meta(self.identity.tags, int(config.protocol_version))
        endpoint = await self.runtime.listen(self.identity.endpoint)
        number, length = number_of(endpoint, self.directory), 16 if ":" in endpoint[0] else 4
        # Whether to try a failed join again is for the caller to say.
        config.retry_interval = 0.0
        can = config.mechanisms
        me = Record(
            0,
            number,
            len(name.encode()),
            meta,
            (PROTOCOL_MIN, can.protocol_max, self.config.protocol_version),
            (DELEGATE_MIN, can.delegate_max, config.protocol_version),
            length,
            endpoint[1],
        )
        self.directory.add_record(name, me)
        chance = Random(secrets.randbits(63))
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
            AgentApplication(self),
        )
        node.core.tags = dict(self.identity.tags)
        if self.keyring is not None:
            node.pipeline.internal = KeyQueries(node.core, node.queries, self.keyring, self.log.say)
        self.node = self.log.node = node
        self.runtime.begin(node, node.core.record)
        node.start(self.runtime.now)
        return endpoint

    async def join(self, addresses: Sequence[str], *, replay: bool = False) -> int:
        """Join by members at HOST[:PORT]; how many answered. `replay`: earlier user events are wanted too."""
        found = [
            number_of(endpoint, self.directory)
            for address in addresses
            for endpoint in resolved(*read_endpoint(address, "--join"), "--join")
        ]
        # One at a time, since how a join ended is told without saying which.
        async with self._joining:
            ended = self._waited(events.JOINED)
            self.node.join(found, self.runtime.now, not replay)
            return await ended

    async def leave(self) -> bool:
        """Leave gracefully, then close; False where the others could not be told in time."""
        ended = self._waited(events.LEAVE_DONE)
        self.log.log(log_lines.LEAVING, -1, 0, 0, "")
        self.node.leave(self.runtime.now)
        in_time = await ended == 1
        self.log.log(log_lines.SHUTTING_DOWN, -1, 0, 0, "")
        self.close("left")
        self.log.log(log_lines.SHUT_DOWN, -1, 0, 0, "")
        return in_time

    def close(self, reason: str = "closed") -> None:
        """Stop without telling anyone, as when the process is killed. `ended` says how it ended."""
        self.node.shut_down(self.runtime.now)
        self.runtime.close()
        # Whoever still waits for something waits in vain.
        for waits in self._waits.values():
            for future in waits:
                future.cancel()
        for _, ended in self._queries.values():
            ended.cancel()
        if not self.ended.done():
            self.ended.set_result(reason)

    # Asking and telling --------------------------------------------------------------------------

    def members(self) -> list[MemberView]:
        return member_views(self.node)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Announce these instead of the present ones. SerfsimError if they are too long."""
        known = self.node.core.record()
        record = Record(
            known.node,
            known.address,
            known.name_length,
            self._meta(tags, int(known.delegate_current)),
            (known.protocol_min, known.protocol_max, known.protocol_current),
            (known.delegate_min, known.delegate_max, known.delegate_current),
            known.address_length,
            known.port,
        )
        self.node.update_tags(dict(tags), record, self.runtime.now)

    def user_event(self, name: str, payload: bytes = b"", *, coalesce: bool = False) -> None:
        """Tell all members. SerfsimError if it is too long."""
        if self.node.user_event(name, payload, coalesce, self.runtime.now) is None:
            raise SerfsimError(self.node.trouble)

    async def query(self, name: str, payload: bytes = b"", params: QueryParams | None = None) -> Answers:
        """Ask all members, and wait until the query's time is over. SerfsimError if it may not be asked."""
        params = QueryParams(request_ack=True) if params is None else params
        opened = self.node.query(name, payload, params, self.runtime.now)
        if opened is None:
            raise SerfsimError(self.node.trouble)
        ended: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self._queries[int(opened.query.ltime), int(opened.query.id)] = Answers([], {}), ended
        return await ended

    def _meta(self, tags: Mapping[str, str], protocol_version: int) -> bytes:
        meta = encode_meta(dict(tags), protocol_version)
        if len(meta) > LONGEST_META:
            raise SerfsimError(f"tags: found {len(meta)} bytes once encoded; expected at most {LONGEST_META}")
        return meta

    def _waited(self, event: int) -> asyncio.Future[int]:
        """A future for the next report of `event`, with its detail."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waits.setdefault(event, []).append(future)
        return future

    # What the node reports -----------------------------------------------------------------------

    def _report(self, now: float, event: int, subject: int, detail: int) -> None:
        self.log.report(event, subject, detail)
        for future in self._waits.pop(event, ()):
            if not future.done():
                future.set_result(detail)

    def on_user_event(self, event: UserEvent) -> None:
        self.listen(Happening(f"user:{event.name}", payload=event.payload))

    def on_query(self, received: ReceivedQuery, now: float) -> None:
        query = received.query
        self.listen(Happening(f"query:{query.name}", payload=query.payload))
        answer = self.answer(query.name, query.payload)
        if answer is not None:
            trouble = self.node.respond(received, answer, now)
            if trouble:
                self.log.say(f"[ERR] agent: Failed to respond to query: {trouble}")

    def on_member_event(self, kind: int, members: list[int]) -> None:
        word = MEMBER_EVENTS[kind]
        self.listen(Happening(word, tuple(self.directory.names[member] for member in members)))

    def on_response(self, query: Query, source: int, payload: bytes | None) -> None:
        name = self.directory.names[source]
        asked = self._queries.get((int(query.ltime), int(query.id)))
        if asked is None:
            return
        if payload is None:
            asked[0].acks.append(name)
        else:
            asked[0].responses[name] = payload

    def on_query_end(self, query: Query) -> None:
        asked = self._queries.pop((int(query.ltime), int(query.id)), None)
        if asked is not None and not asked[1].done():
            asked[1].set_result(asked[0])

    def on_name_lost(self) -> None:
        self.close("name lost")
