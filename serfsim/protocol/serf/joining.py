"""Joins of the agent, of a restart, and of failed members (spec serf.md sections 9, 13, 14).

`Joining` joins the given addresses, and again until it succeeds; `Rejoin` finds the members of a snapshot
after a restart; `Reconnector` tries failed members, all nodes together each about once an interval.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import DEFAULT_PORT
from serfsim.protocol.memberlist.errors import gathered
from serfsim.protocol.serf.core import RECONNECT_TICK, RECONNECTING, REJOINING, RETRY_JOIN, SerfCore
from serfsim.protocol.serf.snapshot import Snapshot, address_of
from serfsim.protocol.serf.tags import shuffled

AFTER_LEAVE: Final = "Serf can't Join after Leave or Shutdown"
# Addresses that a log line about a join names.
MOST_NAMED: Final = 64


class JoinCall:
    """A call of `SerfNode.join` that has not ended."""

    def __init__(
        self, token: i64, addresses: list[int], ignores_old: bool, once: bool, is_logged: bool
    ) -> None:
        self.token: i64 = token
        self.addresses = addresses
        self.ignores_old = ignores_old
        self.once = once
        self.is_logged = is_logged
        self.attempts: i64 = 0  # that failed


@mypyc_attr(allow_interpreted_subclasses=True)
class Joining:
    """Joins one call after the other, as the library does."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self._calls: list[JoinCall] = []  # the first is at work
        self._failed: dict[int, JoinCall] = {}  # by token, those that wait to be tried again

    def begin(self, addresses: list[int], ignores_old: bool, once: bool, is_logged: bool, now: float) -> i64:
        """Join through `addresses`; returns the token that `Application.join_done` names.

        `once`: never again. `is_logged`: with the agent's log lines.
        """
        token = self.core.new_token()
        self._enqueue(JoinCall(token, addresses, ignores_old, once, is_logged), now)
        return token

    def refuse(self, addresses: list[int], ignores_old: bool, now: float) -> None:
        """Log a join that comes after the leave."""
        replay: i64 = 0 if ignores_old else 1
        self.core.log(now, log_lines.JOINING, -1, replay, 0, self._given(addresses))
        self.core.log(now, log_lines.JOIN_ERROR, -1, 0, 0, AFTER_LEAVE)

    def retry(self, token: i64, now: float) -> None:
        """Try again what failed, unless this node is about to leave."""
        call = self._failed.pop(token, None)
        if call is None:
            return
        if self.core.intents.is_alive:
            self._enqueue(call, now)
        else:
            self.core.application.join_done(token, 0, now)

    def _enqueue(self, call: JoinCall, now: float) -> None:
        self._calls.append(call)
        if len(self._calls) == 1:
            self._start(call, now)

    def _start(self, call: JoinCall, now: float) -> None:
        core = self.core
        core.user_events.ignores_old = call.ignores_old
        replay: i64 = 0 if call.ignores_old else 1
        if self._retries(call):
            core.log(now, log_lines.JOINING_CLUSTER, -1, replay)
        if call.is_logged:
            core.log(now, log_lines.JOINING, -1, replay, 0, self._given(call.addresses))
        core.memberlist.join(call.addresses, call.token, now)

    def _given(self, addresses: list[int]) -> str:
        """Return the addresses as a user would write them."""
        given: list[str] = []
        for address in addresses[:MOST_NAMED]:
            endpoint = self.core.directory.endpoint(address)
            given.append(endpoint.removesuffix(f":{DEFAULT_PORT}"))
        left = len(addresses) - len(given)
        return " ".join(given) + (f" and {left} more" if left > 0 else "")

    def ended(self, contacted: i64, now: float) -> None:
        """All addresses of the call at work have been tried."""
        core = self.core
        call = self._calls.pop(0)
        self.core.user_events.ignores_old = False
        core.runtime.notify(now, events.JOINED, core.me, contacted)
        if contacted > 0:
            self._succeeded(call, contacted, now)
        else:
            self._fail(call, now)
        if len(self._calls) > 0:
            self._start(self._calls[0], now)

    def _succeeded(self, call: JoinCall, contacted: i64, now: float) -> None:
        core = self.core
        core.intents.broadcast_join(now)
        if call.is_logged:
            core.log(now, log_lines.JOINED, -1, contacted)
        if self._retries(call):
            core.log(now, log_lines.JOIN_COMPLETED, -1, contacted)
        core.application.join_done(call.token, contacted, now)

    def _fail(self, call: JoinCall, now: float) -> None:
        core = self.core
        error = gathered(core.memberlist.join_errors)
        if call.is_logged:
            core.log(now, log_lines.JOIN_ERROR, -1, 0, 0, error)
        call.attempts += 1
        most = core.config.retry_max_attempts
        is_exhausted = most > 0 and call.attempts > most
        if self._retries(call) and not is_exhausted:
            wait = core.config.retry_interval
            core.log(now, log_lines.JOIN_RETRY, -1, i64(wait * 1e3 + 0.5), 0, error)
            self._failed[call.token] = call
            core.runtime.call_at(now + wait, RETRY_JOIN, call.token, 0)
            return
        core.application.join_done(call.token, 0, now)
        if call.once:
            return
        if self._retries(call):
            core.log(now, log_lines.JOIN_GIVEN_UP, -1)
        if self._retries(call) or not core.config.retry_join:
            # A plain join that fails ends the agent, and so does the last of those that are retried.
            core.log(now, log_lines.SHUTTING_DOWN, -1)
            core.log(now, log_lines.NO_LEAVE, -1)
            core.log(now, log_lines.SHUT_DOWN, -1)
            core.application.shut_down(now)

    def _retries(self, call: JoinCall) -> bool:
        """Return whether a join that fails is tried again."""
        config = self.core.config
        return not call.once and config.retry_join and config.retry_interval > 0.0


class PreviousNode:
    """A member of a snapshot: its number, -1 for an unknown name, and where it was."""

    def __init__(self, node: i64, address: i64, text: str) -> None:
        self.node: i64 = node
        self.address: i64 = address
        self.text = text


@mypyc_attr(allow_interpreted_subclasses=True)
class Rejoin:
    """Tries the members of a snapshot one after the other, in random order, until one answers.

    Only state is exchanged: no join intent is broadcast.
    """

    def __init__(self, core: SerfCore) -> None:
        self.core = core
        self._left: list[PreviousNode] = []  # still to be tried
        self._is_wanted = False

    def recall(self, snapshot: Snapshot) -> None:
        """Note who was alive when the snapshot ended, before this process adds to it."""
        core = self.core
        names = shuffled(snapshot.previous(), core.rng)
        self._is_wanted = len(names) > 0
        for name in names:
            address = address_of(snapshot.alive[name])
            if name != core.name() and address >= 0:
                self._left.append(
                    PreviousNode(core.directory.find(name), address, f"{name}: {snapshot.alive[name]}")
                )

    def begin(self, now: float) -> None:
        """Try them; with an empty snapshot there is nothing to try, and nothing that could fail."""
        if self._is_wanted:
            self._next(now)

    def _next(self, now: float) -> None:
        if len(self._left) == 0:
            self.core.runtime.notify(now, events.REJOIN_FAILED, self.core.me, 0)
            return
        previous = self._left[0]
        self.core.log(now, log_lines.REJOINING, previous.node, 0, 0, previous.text)
        self.core.memberlist.join([previous.address], REJOINING, now, previous.node)

    def ended(self, contacted: i64, now: float) -> None:
        """One of them answered, or not."""
        if contacted > 0:
            previous = self._left[0]
            self.core.log(now, log_lines.REJOINED, previous.node, 0, 0, previous.text)
            self._left = []
        else:
            self._left.pop(0)
            self._next(now)


@mypyc_attr(allow_interpreted_subclasses=True)
class Reconnector:
    """Tries to reach failed members; an attempt is a join at memberlist."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def schedule(self, now: float) -> None:
        """Schedule the next attempt one interval after the end, not the start, of this one."""
        core = self.core
        core.runtime.call_at(now + core.config.reconnect_interval, RECONNECT_TICK, 0, 0)

    def tick(self, now: float) -> None:
        """Try one failed member, or leave it to the others this time."""
        core = self.core
        node: i64 = -1
        if len(core.members.failed) > 0:
            node = core.members.choose_reconnect(core.rng)
            if node < 0:
                core.runtime.notify(now, events.RECONNECT_FORGONE, core.me, 0)
        if node < 0:
            self.schedule(now)
            return
        core.runtime.notify(now, events.RECONNECT, node, 0)
        core.memberlist.join([core.members.address(node)], RECONNECTING, now, node)
