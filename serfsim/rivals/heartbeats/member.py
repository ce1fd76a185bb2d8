"""A member that sends a heartbeat to all others, and takes silent members for failed."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.rivals.rival import HEADER, LEFT, Rival, RivalMessage

TICK: Final = 1
# What a heartbeat says beside "I live".
NOTHING: Final = 0
MAY_I_JOIN: Final = 1
I_LEAVE: Final = 2
ENTRY: Final = 6  # bytes of a member's address and port


class Heartbeat(RivalMessage):
    """`known` are the members that it names to a newcomer; `says` is one of the words above."""

    def __init__(self, sender: i64, known: list[int], says: i64 = NOTHING) -> None:
        super().__init__(sender, HEADER + ENTRY * len(known))
        self.known = known
        self.says = says


class HeartbeatMember(Rival):
    """Heartbeats go to every other member, to failed ones too, so that views heal."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        super().__init__(me, directory, runtime, rng, settings)
        self.interval = settings["interval"]
        self.timeout = settings["timeout"]
        self.heard: dict[int, float] = {}

    def begin(self, now: float) -> None:
        for member in self.status:
            self.heard[member] = now
        self.call_after(self.interval * self.rng.random(), TICK, 0, 0, now)

    def ask_to_join(self, address: i64, now: float) -> None:
        self.send_to(address, Heartbeat(self.me, [], MAY_I_JOIN), now)

    def say_goodbye(self, now: float) -> None:
        for member in self.alive():
            self.send(member, Heartbeat(self.me, [], I_LEAVE), now)

    def on_timer(self, timer: i64, a: i64, b: i64, now: float) -> None:
        for member, status in list(self.status.items()):
            if now - self.heard[member] > self.timeout:
                self.down(member, now)
            if status != LEFT:
                self.send(member, Heartbeat(self.me, []), now)
        self.call_after(self.interval, TICK, 0, 0, now)

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        assert isinstance(message, Heartbeat)
        self.heard[sender] = now
        if message.says == I_LEAVE:
            self.gone(sender, now)
            return
        if message.says == MAY_I_JOIN:
            self.send(sender, Heartbeat(self.me, self.alive()), now)
        self.up(sender, now)
        for member in message.known:
            if member != self.me and member not in self.status:
                self.heard[member] = now
                self.up(member, now)
                self.send(member, Heartbeat(self.me, []), now)
