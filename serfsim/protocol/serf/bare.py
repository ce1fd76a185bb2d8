"""A member that runs memberlist without Serf, as programs with the library inside do.

It has no intents, events, queries, coordinates, reconnects, snapshots and nothing of Serf's in a push/pull.
A join and a leave are memberlist's own calls, and memberlist's delegate tells of members at once. It keeps
the shape of a Serf node, so that scenarios act on both alike.
"""

from __future__ import annotations

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.delegate import UserState
from serfsim.protocol.memberlist.members import STATE_LEFT
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.parts import Parts
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import LEAVING_MEMBERLIST
from serfsim.protocol.serf.intents import (
    GONE,
    LEAVE_UNTOLD,
    LEFT_WELL,
    STAYING,
    TELLING_MEMBERLIST,
    Departure,
    Intents,
)
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_LEAVING
from serfsim.protocol.serf.membership import Membership
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate


@mypyc_attr(allow_interpreted_subclasses=True)
class BareIntents(Intents):
    """No intent is ever told."""

    def broadcast_join(self, now: float) -> None:
        pass

    def refute_if_must(self, now: float) -> None:
        pass


@mypyc_attr(allow_interpreted_subclasses=True)
class BareMembership(Membership):
    """Members as memberlist's event delegate tells of them: who says so itself has left, others failed."""

    def left(self, record: NodeIdentity, now: float) -> None:
        members, node = self.core.members, record.node
        view = self.core.memberlist.core.members
        if members.status(node) == STATUS_ALIVE and view.key(node) & 3 == STATE_LEFT:
            members.set(node, STATUS_LEAVING, members.status_ltime(node))
        super().left(record, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class BareDeparture(Departure):
    """memberlist's Leave alone: it ends once its message was sent often enough, or gives up in time."""

    def begin(self, now: float) -> i64:
        core = self.core
        if self.phase == STAYING:
            self.token = core.new_token()
            self.phase = TELLING_MEMBERLIST
            core.intents.is_alive = False
            core.memberlist.leave(LEAVING_MEMBERLIST, core.config.broadcast_timeout, now)
        return 0 if self.phase == GONE else self.token

    def told(self, token: i64, in_time: bool, now: float) -> None:
        if self.phase == TELLING_MEMBERLIST:
            self._end(LEFT_WELL if in_time else LEAVE_UNTOLD, now)


@mypyc_attr(allow_interpreted_subclasses=True)
class BareNode(SerfNode):
    """memberlist in the place of a Serf node; see `SerfNode` for its arguments."""

    def __init__(
        self,
        memberlist_config: MemberlistConfig,
        config: SerfConfig,
        coordinate_config: CoordinateConfig,
        me: NodeIdentity,
        directory: Directory,
        runtime: Runtime,
        memberlist_rng: Random,
        serf_rng: Random,
        vivaldi_rng: Random,
        application: Application | None = None,
        parts: Parts | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        super().__init__(
            memberlist_config,
            config,
            coordinate_config,
            me,
            directory,
            runtime,
            memberlist_rng,
            serf_rng,
            vivaldi_rng,
            application,
            parts,
            tags,
        )
        self.intents = BareIntents(self)
        self.membership = BareMembership(self)
        self.departure = BareDeparture(self)

    def _start_timers(self, now: float) -> None:
        pass

    def notify_message(self, message: UserMessage, now: float) -> None:
        pass

    def notify_conflict(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        pass

    def notify_ping_complete(
        self, record: NodeIdentity, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        pass

    def ack_payload(self) -> Coordinate | None:
        return None

    def local_state(self, join: bool) -> UserState | None:
        return None

    def merge_remote_state(self, state: UserState, join: bool, now: float) -> None:
        pass
