"""Joining as the agent was told to, and again until it succeeds (spec serf.md section 13)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.directory import DEFAULT_PORT
from serfsim.protocol.memberlist.errors import gathered
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.events import UserEvents
from serfsim.protocol.serf.intents import Intents

# Addresses that a log line about a join names.
MOST_NAMED: Final = 64


@mypyc_attr(allow_interpreted_subclasses=True)
class Joining:
    """`token` is what memberlist reports back; `retry_timer` calls `again`."""

    def __init__(
        self,
        core: SerfCore,
        memberlist: Memberlist,
        user_events: UserEvents,
        intents: Intents,
        token: i64,
        retry_timer: i64,
    ) -> None:
        self.core = core
        self.memberlist = memberlist
        self.user_events = user_events
        self.intents = intents
        self.token: i64 = token
        self.retry_timer: i64 = retry_timer
        self.addresses: list[int] = []
        self.ignores_old = True

    def begin(self, addresses: list[int], ignores_old: bool, now: float) -> None:
        core = self.core
        self.addresses = addresses
        self.ignores_old = ignores_old
        self.user_events.ignores_old = ignores_old
        replay: i64 = 0 if ignores_old else 1
        if self._retries():
            core.log(now, log_lines.JOINING_CLUSTER, -1, replay)
        core.log(now, log_lines.JOINING, -1, replay, 0, self._given())
        self.memberlist.join(addresses, self.token, now)

    def _given(self) -> str:
        """The addresses as somebody would have given them."""
        given: list[str] = []
        for address in self.addresses[:MOST_NAMED]:
            endpoint = self.core.directory.endpoint(address)
            given.append(endpoint.removesuffix(f":{DEFAULT_PORT}"))
        left = len(self.addresses) - len(given)
        return " ".join(given) + (f" and {left} more" if left > 0 else "")

    def ended(self, contacted: i64, now: float) -> None:
        """All addresses have been tried."""
        core = self.core
        self.user_events.ignores_old = False
        core.runtime.notify(now, events.JOINED, core.me, contacted)
        if contacted > 0:
            self.intents.broadcast_join(now)
            core.log(now, log_lines.JOINED, -1, contacted)
            if self._retries():
                core.log(now, log_lines.JOIN_COMPLETED, -1, contacted)
            return
        error = gathered(self.memberlist.join_errors)
        core.log(now, log_lines.JOIN_ERROR, -1, 0, 0, error)
        if self._retries():
            wait = core.config.retry_interval
            core.log(now, log_lines.JOIN_RETRY, -1, i64(wait * 1e3 + 0.5), 0, error)
            core.runtime.call_at(now + wait, self.retry_timer, 0, 0)
        elif not core.config.retry_join:
            # A plain join that fails ends the agent.
            core.log(now, log_lines.SHUTTING_DOWN, -1)
            core.log(now, log_lines.NO_LEAVE, -1)
            core.log(now, log_lines.SHUT_DOWN, -1)
            core.application.shut_down(now)

    def _retries(self) -> bool:
        """Is the join one that is tried again until it succeeds?"""
        config = self.core.config
        return config.retry_join and config.retry_interval > 0.0
