"""A member that sends numbered heartbeats to all others, and watches each of them by NFD-S or NFD-E."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.rivals.chen.nfd_e import NfdE
from serfsim.rivals.chen.nfd_s import NfdS
from serfsim.rivals.heartbeats.member import I_LEAVE, MAY_I_JOIN, NOTHING, Heartbeat
from serfsim.rivals.rival import LEFT, Rival

# Timers.
BEAT: Final = 1
STALE: Final = 2  # a: the member, b: the number of the watch

NUMBERED: Final = 12  # bytes of a heartbeat's number, and of when its process began to send


class NumberedHeartbeat(Heartbeat):
    """Heartbeat `number` of a process that sent number 0 at `began`, on the clock that all share."""

    def __init__(self, sender: i64, number: i64, began: float, known: list[int], says: i64) -> None:
        super().__init__(sender, known, says)
        self.size += NUMBERED
        self.number = number
        self.began = began


class Watch:
    """The detector of one other process, by what the settings say."""

    def __init__(self, began: float, settings: dict[str, float]) -> None:
        self.began = began
        self.estimates = settings["estimate"] > 0.0
        self.by_clock = NfdS(settings["interval"], settings["slack"])
        self.by_arrival = NfdE(settings["interval"], settings["slack"], int(settings["window"]))
        self.timer: i64 = 0  # the number of the timer that counts

    def receive(self, heartbeat: i64, now: float) -> None:
        if self.estimates:
            self.by_arrival.receive(heartbeat, now)
        else:
            self.by_clock.receive(heartbeat)

    @property
    def trusted_until(self) -> float:
        if self.estimates:
            return self.by_arrival.trusted_until
        return self.began + self.by_clock.trusted_until


class ChenMember(Rival):
    """`watches` are of every process heard of; heartbeats go to failed members too, so that views heal."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.interval = settings["interval"]
        self.began = 0.0
        self.number: i64 = 0
        self.timers: i64 = 0
        self.watches: dict[int, Watch] = {}

    def begin(self, now: float) -> None:
        self.began = now + self.interval * self.rng.random()
        for member in self.status:
            self._await_first(member, now)
        self.call_after(self.began - now, BEAT, 0, 0, now)

    def ask_to_join(self, address: i64, now: float) -> None:
        self.send_to(address, self._heartbeat([], MAY_I_JOIN), now)

    def say_goodbye(self, now: float) -> None:
        for member in self.alive():
            self.send(member, self._heartbeat([], I_LEAVE), now)

    def _heartbeat(self, known: list[int], says: i64) -> NumberedHeartbeat:
        return NumberedHeartbeat(self.me, self.number, self.began, known, says)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        if timer == BEAT:
            for member, status in list(self.status.items()):
                if status != LEFT:
                    self.send(member, self._heartbeat([], NOTHING), now)
            self.number += 1
            self.call_after(self.began + self.interval * float(self.number) - now, BEAT, 0, 0, now)
        elif b == self.watches[a].timer:
            self.down(a, now)

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        assert isinstance(message, NumberedHeartbeat)
        if message.says == I_LEAVE:
            self.gone(sender, now)
            return
        if message.says == MAY_I_JOIN:
            self.send(sender, self._heartbeat(self.alive(), NOTHING), now)
            if not self.is_alive(sender):
                self._await_first(sender, now)
            self.up(sender, now)
        else:
            self._beat(message, sender, now)
        for member in message.known:
            if member != self.me and member not in self.status:
                self._await_first(member, now)
                self.up(member, now)
                self.send(member, self._heartbeat([], MAY_I_JOIN), now)

    def _beat(self, message: NumberedHeartbeat, sender: i64, now: float) -> None:
        """Trust a member until the next freshness point, if that is still to come."""
        watch = self.watches.get(sender)
        if watch is None or message.began > watch.began:
            watch = Watch(message.began, self.settings)
            self.watches[sender] = watch
        elif message.began < watch.began:
            return  # of an earlier process
        watch.receive(message.number, now)
        until = watch.trusted_until
        if until > now:
            self.up(sender, now)
            self._call_at(until, sender, watch, now)

    def _await_first(self, member: i64, now: float) -> None:
        """Trust a member without heartbeats as long as if it had begun now."""
        watch = Watch(-1.0, self.settings)
        self.watches[member] = watch
        self._call_at(now + self.interval + self.settings["slack"], member, watch, now)

    def _call_at(self, at: float, member: i64, watch: Watch, now: float) -> None:
        self.timers += 1
        watch.timer = self.timers
        self.call_after(at - now, STALE, member, watch.timer, now)
