"""Silence of processes that are stopped, frozen or gone."""

from __future__ import annotations

from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.checks.online.words import packet_words
from serfsim.native import i64
from serfsim.protocol.events import COUNTED_ONLY, NAMES
from serfsim.protocol.memberlist.messages import Packet
from serfsim.protocol.serf.application import SENT
from serfsim.protocol.serf.messages import GossipedItem

SLACK_S: Final = 1e-9  # of sums of times


class StoppedSilent(Checker):
    """Look at the process behind each event, datagram and delivery."""

    name = "stopped_silent"
    rule = "a process that is stopped, frozen or gone reports no event and sends no datagram"
    of_serf = False

    events = range(COUNTED_ONLY)

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._hosts = run.network.hosts
        # A forged message comes from a member's machine, whatever its process does.
        self._forged_at = [
            start
            for fault in run.scenario.faults
            if fault.verb == "forge"
            for start, _ in fault.occurrences(run.scenario.duration)
        ]

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        host = self._hosts[observer]
        if host.paused or not host.running:
            self.report(observer, f"reported {NAMES.get(event, event)} while {self._state(observer)}")

    def sent(self, now: float, at: float, source: i64, address: i64, packet: Packet) -> None:
        host = self._hosts[source]
        if (host.paused or not host.running) and not self._is_forged():
            words = packet_words(self.run, packet, source)
            self.report(source, f"sent a datagram while {self._state(source)}", packet=words)

    def _is_forged(self) -> bool:
        return any(abs(self.run.now - start) < SLACK_S for start in self._forged_at)

    def delivered(self, member: i64, kind: i64, item: GossipedItem) -> None:
        host = self._hosts[member]
        if host.paused or not host.running:
            what = "sent" if kind == SENT else "received"
            self.report(member, f"{what} {item.name!r} while {self._state(member)}")

    def _state(self, member: i64) -> str:
        host = self._hosts[member]
        return "it was gone" if not host.running else "it was stopped"
