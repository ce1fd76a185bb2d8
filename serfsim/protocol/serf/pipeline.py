"""The way of an event from the node to the application (spec serf.md section 13).

    member event                -> snapshot -> member coalescer -> application
    user event                  -> snapshot -> user coalescer   -> application
    query                       -> snapshot -> Serf's own queries, or the application

The library's snapshot and application read from channels that drop what comes too fast; here they
take everything at once.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import log_lines
from serfsim.protocol.serf.coalesce import MemberCoalescer, UserCoalescer
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.internal import InternalQueries, is_internal
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.queries import ReceivedQuery
from serfsim.protocol.serf.snapshot import CLOCK_INTERVAL, Snapshot


@mypyc_attr(allow_interpreted_subclasses=True)
class EventPipeline:
    def __init__(self, core: SerfCore, internal: InternalQueries, user_timer: i64, member_timer: i64) -> None:
        config = core.config
        self.runtime = core.runtime
        self.application = core.application
        self.internal = internal
        self.snapshot: Snapshot | None = None
        self.users = UserCoalescer(
            config.user_coalesce_period,
            config.user_quiescent_period,
            user_timer,
            core.runtime,
            core.application,
        )
        self.members = MemberCoalescer(
            config.coalesce_period, config.quiescent_period, member_timer, core.runtime, core.application
        )
        self.has_member_reader = core.application.wants_member_events()

    def member_event(self, kind: i64, member: i64, detail: i64, now: float) -> None:
        """Report what happened to a member and pass it on."""
        self.runtime.notify(now, kind, member, detail)
        if self.snapshot is not None:
            self.snapshot.member_event(kind, member, now)
        if self.has_member_reader:
            self.members.take(kind, member, now)

    def user_event(self, event: UserEvent, now: float) -> None:
        if self.snapshot is not None:
            self.snapshot.user_event(event.ltime, now)
        self.users.take(event, now)

    def query(self, received: ReceivedQuery, now: float) -> None:
        query = received.query
        if self.snapshot is not None:
            self.snapshot.query(query.ltime, now)
        if is_internal(query.name):
            self.internal.handle(received, now)
        else:
            self.runtime.log(now, log_lines.RECEIVED_QUERY, -1, 0, 0, query.name)
            self.application.query(received, now)

    def schedule_clock(self, timer: i64, now: float) -> None:
        """Have `timer` call `keep_clock` where there is a snapshot to keep it in."""
        if self.snapshot is not None:
            self.runtime.call_at(now + CLOCK_INTERVAL, timer, 0, 0)

    def keep_clock(self, timer: i64, now: float) -> None:
        if self.snapshot is not None:
            self.snapshot.update_clock(now)
        self.schedule_clock(timer, now)
