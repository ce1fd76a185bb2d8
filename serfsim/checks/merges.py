"""Merges of views by push/pull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.checks.online import Checker
from serfsim.native import Random
from serfsim.protocol.memberlist.config import NO_LIMIT
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.members import STATE_DEAD, STATE_LEFT, STATE_NAMES, STATE_SUSPECT
from serfsim.protocol.memberlist.push_pull import Merger, PushPull
from serfsim.protocol.memberlist.state import MembershipRules
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.protocol.runtime import Runtime

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.messages import Packet, StreamMessage
    from serfsim.results.scoring.recording import Recording

VIEWS: Final = 4  # that are merged with each other
MOST_MEMBERS: Final = 1000
SEED: Final = 1
ACCUSED: Final = (STATE_SUSPECT, STATE_DEAD)


class Idle(Runtime):
    """A runtime that does nothing."""

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        return True

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
        pass

    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        pass

    def notify(self, now: float, event: int, subject: int, detail: int) -> None:
        pass


class MergesAgree(Checker):
    """Merge some members' last views into that of a fresh member, in both orders and twice."""

    name = "merges_agree"
    rule = (
        "merging a view suspects whom it suspects or holds for dead, merging it twice is the same as merging"
        " it once, and merging two views gives the same states in either order, but for a member left in one"
        " and accused at a higher incarnation in the other"
    )

    def finished(self, recording: Recording) -> None:
        nodes = [(member, node) for member, node in self.run.running() if not node.memberlist.core.leaving]
        known = len(self.run.agents.directory.names)
        if len(nodes) < 2 or known > MOST_MEMBERS or self.run.agents.roster.shared:
            return
        step = max(1, len(nodes) // VIEWS)
        chosen = nodes[::step][:VIEWS]
        views = [(member, PushPull(False, node.memberlist.core)) for member, node in chosen]
        if any(view.records is not None for _, view in views):
            return  # a member that moved may keep its address or lose it, by what came first
        for member, view in views:
            self._check_twice(member, view, chosen[0][1].memberlist.core)
        for place, (member, view) in enumerate(views):
            for other, theirs in views[place + 1 :]:
                self._check_orders(member, view, other, theirs, chosen[0][1].memberlist.core)

    def _merged(self, like: Core, views: list[PushPull]) -> list[int]:
        """Return the view of a fresh member, who knew all names at incarnation 0, after some merges."""
        directory = self.run.agents.directory
        core = Core(like.config, like.record, directory, Idle(), Delegate(), Random(SEED))
        core.members.fill(len(directory.names), 0, core.rng)
        core.members.own_keys()
        merger = Merger(core, MembershipRules(core, SuspicionRule(core)))
        for view in views:
            merger.merge_state(view, 0.0)
        return [int(core.members.key(node)) for node in range(len(directory.names))]

    def _check_twice(self, member: int, view: PushPull, like: Core) -> None:
        once, twice = self._merged(like, [view]), self._merged(like, [view, view])
        if like.config.incarnation_limit == NO_LIMIT:
            self._check_told(member, view, once, like)
        for subject, (a, b) in enumerate(zip(once, twice, strict=True)):
            if a != b and subject != like.me:
                self.report(member, f"merged twice, its view of {self.run.name(subject)} {_turns(a, b)}")

    def _check_told(self, member: int, view: PushPull, merged: list[int], like: Core) -> None:
        for place in range(int(view.count())):
            subject, key = int(view.node(place)), int(view.key(place))
            if subject == like.me or key & 3 not in ACCUSED:
                continue
            after = merged[subject]
            if after & 3 not in ACCUSED or after >> 2 != key >> 2:
                self.report(member, f"merged, its view of {self.run.name(subject)} {_turns(key, after)}")

    def _check_orders(self, member: int, view: PushPull, other: int, theirs: PushPull, like: Core) -> None:
        ab, ba = self._merged(like, [view, theirs]), self._merged(like, [theirs, view])
        for subject, (a, b) in enumerate(zip(ab, ba, strict=True)):
            if a & 3 == b & 3 or subject == like.me or STATE_LEFT in (a & 3, b & 3):
                continue
            self.report(
                member,
                f"merged after that of {self.run.name(other)}, its view of {self.run.name(subject)}"
                f" {_turns(a, b)}",
            )


def _turns(a: int, b: int) -> str:
    return f"turns from {STATE_NAMES[a & 3]} at {a >> 2} into {STATE_NAMES[b & 3]} at {b >> 2}"
