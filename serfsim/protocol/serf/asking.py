"""This node's own queries: asking, then gathering acks and answers for a time (spec serf.md section 7).

An ack or answer counts once a member. Whoever asked is taken to read them as they come, so that the
library's channels, as long as there were members at the start, never overflow.
"""

from __future__ import annotations

import math

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.filters import Filter
from serfsim.protocol.serf.lamport import LamportClock
from serfsim.protocol.serf.query_messages import ACK_FLAG, Query, QueryResponse

# Serf protocol from which on queries may be started.
QUERY_PROTOCOL = 4


def default_query_timeout(gossip_interval: float, query_timeout_mult: i64, n: i64) -> float:
    """Seconds that a query stays open in a cluster of `n` members that are up."""
    interval_ns: i64 = i64(gossip_interval * 1e9 + 0.5)
    steps: i64 = i64(math.ceil(math.log10(float(n + 1))))
    return float(interval_ns * query_timeout_mult * steps) / 1e9


class QueryParams:
    """How to ask. `timeout` in seconds, 0 for the default; `no_broadcast` is for tests of the protocol."""

    def __init__(
        self,
        filters: list[Filter] | None = None,
        request_ack: bool = False,
        relay_factor: i64 = 0,
        timeout: float = 0.0,
    ) -> None:
        self.filters: list[Filter] = [] if filters is None else filters
        self.request_ack = request_ack
        self.relay_factor: i64 = relay_factor
        self.timeout = timeout


class OpenQuery:
    """A query under way, and who has acked and answered it so far."""

    def __init__(self, query: Query, deadline: float) -> None:
        self.query = query
        self.deadline = deadline
        self.acks: dict[int, float] = {}  # by member: when
        self.answers: dict[int, QueryResponse] = {}


@mypyc_attr(allow_interpreted_subclasses=True)
class Asking:
    """`close_timer` is the number of the timer under which `close` is to be called with a Lamport time."""

    def __init__(self, core: SerfCore, clock: LamportClock, close_timer: i64) -> None:
        self.core = core
        self.clock = clock
        self.close_timer: i64 = close_timer
        self.open: dict[int, OpenQuery] = {}  # by Lamport time
        self.trouble = ""

    def default_timeout(self) -> float:
        core = self.core
        gossip_interval = core.memberlist.config.gossip_interval
        n = core.memberlist.members.alive
        return default_query_timeout(gossip_interval, core.config.query_timeout_mult, n)

    def make(self, name: str, payload: bytes, params: QueryParams, now: float) -> OpenQuery | None:
        """A query, open for responses; None if it may not be asked: then `trouble` says why."""
        core = self.core
        if core.config.protocol_version < QUERY_PROTOCOL:
            self.trouble = "Feature not supported"
            return None
        timeout = params.timeout if params.timeout > 0.0 else self.default_timeout()
        flags: i64 = ACK_FLAG if params.request_ack else 0
        number = core.rng.randrange(0x80000000)
        ltime = self.clock.time()
        factor = params.relay_factor if core.config.mechanisms.relay else 0
        query = Query(
            core.record(),
            ltime,
            number,
            name,
            payload,
            params.filters,
            flags,
            factor,
            timeout,
            core.config.mechanisms.names_in_queries,
            core.config.mechanisms.signed_integers,
        )
        if query.size - 1 > core.config.query_size_limit:
            self.trouble = f"query exceeds limit of {core.config.query_size_limit} bytes"
            return None
        self.trouble = ""
        opened = OpenQuery(query, now + timeout)
        self.open[ltime] = opened
        core.runtime.call_at(opened.deadline, self.close_timer, ltime, 0)
        return opened

    def take(self, response: QueryResponse, now: float) -> None:
        """An ack or answer came in."""
        core = self.core
        opened = self.open.get(response.ltime)
        if opened is None:
            core.runtime.notify(now, events.STRAY_RESPONSE, response.node, response.ltime)
            core.log(now, log_lines.STRAY_RESPONSE, response.node, response.ltime, response.id)
            return
        if opened.query.id != response.id:
            core.runtime.notify(now, events.MISMATCHED_RESPONSE, response.node, response.id)
            core.log(now, log_lines.WRONG_RESPONSE, response.node, opened.query.id, response.id)
            return
        if now > opened.deadline:
            return
        source = response.node
        if response.is_ack():
            if not opened.query.wants_ack():
                # There is nobody to take it.
                core.log(now, log_lines.ACK_UNWANTED, source)
            elif source not in opened.acks:
                opened.acks[source] = now
                core.application.acked(opened.query, source, now)
        elif source not in opened.answers:
            opened.answers[source] = response
            core.application.answered(opened.query, source, response.payload, now)

    def close(self, ltime: i64, now: float) -> OpenQuery | None:
        """The time of a query is over; the query with all that came in."""
        opened = self.open.pop(ltime, None)
        if opened is not None:
            core = self.core
            core.application.closed(opened.query, now)
        return opened
