"""The interface between the simulator and a member that runs another protocol than Serf's.

A rival is sans-IO like Serf's machines: packets, streams and timers come in with the time, effects go out
through the runtime's verbs. It keeps a view of the members, whose changes are what a run is scored by, and
implements `begin`, `on_message` and `on_timer`; `ask_to_join` where new members need help.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import USER, Packet, StreamMessage, UserMessage
from serfsim.protocol.runtime import Machine, Runtime
from serfsim.protocol.serf.intents import GONE, STAYING
from serfsim.protocol.vivaldi.coordinate import Coordinate

# What a member thinks of another.
UNKNOWN: Final = 0
ALIVE: Final = 1
FAILED: Final = 2
LEFT: Final = 3

USER_KIND: Final = 15  # no kind of Serf's: traffic counts a rival's messages as `user` datagrams
HEADER: Final = 4  # bytes of a message: its kind, and the sender's number


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class RivalMessage(UserMessage):
    """A message of a rival, alone in its datagram; `size` counts all its bytes."""

    def __init__(self, sender: i64, size: i64) -> None:
        super().__init__(USER_KIND, sender, size)


@mypyc_attr(allow_interpreted_subclasses=True)
class Rival(Machine):
    """One member. `settings` are those of its protocol by name: seconds, counts, shares, and 0 or 1."""

    def __init__(
        self, me: i64, directory: Directory, runtime: Runtime, rng: Random, settings: dict[str, float]
    ) -> None:
        self.me = me
        self.directory = directory
        self.runtime = runtime
        self.rng = rng
        self.settings = settings
        self.status: dict[int, int] = {}  # of every other member that it ever knew, by number
        self.leave_phase: i64 = STAYING

    # What a rival implements -------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Begin, alone or with the members that `status` has."""
        raise NotImplementedError

    def on_message(self, message: UserMessage, sender: i64, now: float) -> None:
        """Handle a message of another member."""
        raise NotImplementedError

    def ask_to_join(self, address: i64, now: float) -> None:
        """Ask the member at an address to take this one in."""
        raise NotImplementedError

    def say_goodbye(self, now: float) -> None:
        """Tell the others that this member leaves, in a protocol that has such a message."""

    def coordinate(self) -> Coordinate | None:
        """Return the member's place in a coordinate system, of a protocol that has one."""
        return None

    def waiting(self) -> i64:
        """Return how many messages wait to be sent."""
        return 0

    # The view of the members -------------------------------------------------------------------

    def up(self, member: i64, now: float) -> None:
        """Take a member for alive."""
        if member != self.me and self.status.get(member, UNKNOWN) != ALIVE:
            self.status[member] = ALIVE
            self.runtime.notify(now, events.JOIN, member, 0)

    def down(self, member: i64, now: float) -> None:
        """Take a member that was alive for failed."""
        if self.status.get(member, UNKNOWN) == ALIVE:
            self.status[member] = FAILED
            self.runtime.notify(now, events.FAILED, member, 0)

    def gone(self, member: i64, now: float) -> None:
        """Take a member for one that has left."""
        if self.status.get(member, UNKNOWN) in (ALIVE, FAILED):
            self.status[member] = LEFT
            self.runtime.notify(now, events.LEFT, member, 0)

    def is_alive(self, member: i64) -> bool:
        return self.status.get(member, UNKNOWN) == ALIVE

    def alive(self) -> list[int]:
        """Return the other members that are alive, in the order in which they became known."""
        return [member for member, status in self.status.items() if status == ALIVE]

    # Sending -----------------------------------------------------------------------------------

    def address_of(self, member: i64) -> i64:
        return self.directory.first[member].address

    def send(self, member: i64, message: UserMessage, now: float) -> bool:
        """Send a message to a member, alone in a datagram."""
        return self.send_to(self.address_of(member), message, now)

    def send_to(self, address: i64, message: UserMessage, now: float) -> bool:
        packet = Packet(USER, 0, message.size)
        packet.node = self.me
        packet.broadcasts = [message]
        return self.runtime.send_packet(address, packet, now)

    def dial(self, member: i64, timeout: float, now: float) -> i64:
        """Open a TCP link to a member; return its number, by which the `on_link` methods speak of it."""
        return self.dial_to(self.address_of(member), timeout, now)

    def dial_to(self, address: i64, timeout: float, now: float) -> i64:
        return self.runtime.open_link(address, timeout, now)

    def write(self, link: i64, message: UserMessage, now: float) -> None:
        """Write a message on a link of either side; before it is open, it waits."""
        self.runtime.write_link(link, message, now)

    def hang_up(self, link: i64, now: float) -> None:
        """Close a link behind what has been written; nothing more is heard of it."""
        self.runtime.close_link(link, now)

    def call_after(self, seconds: float, timer: i64, a: i64, b: i64, now: float) -> None:
        """Have `on_timer(timer, a, b, ...)` called in so many seconds."""
        self.runtime.call_at(now + seconds, timer, a, b)

    # Calls of the simulator --------------------------------------------------------------------

    def start(self, now: float, file: object | None = None) -> None:
        self.begin(now)

    def start_converged(self, nodes: i64, now: float, file: object | None = None) -> None:
        """Begin with every other member alive."""
        member: i64 = 0
        while member < nodes:
            if member != self.me:
                self.status[member] = ALIVE
            member += 1
        self.begin(now)

    def join(self, addresses: list[int], now: float, ignore_old: bool = True) -> None:
        for address in addresses:
            self.ask_to_join(address, now)

    def leave(self, now: float) -> None:
        self.say_goodbye(now)
        self.leave_phase = GONE
        self.runtime.notify(now, events.LEAVE_DONE, self.me, 1)

    def shut_down(self, now: float) -> None:
        """End; a rival has nothing to tidy up."""

    def log(self, now: float, line: i64, subject: i64, a: i64 = 0, b: i64 = 0, text: str = "") -> None:
        """Log nothing: the lines are those of Serf's agent."""

    # Calls of the runtime ----------------------------------------------------------------------

    def on_packet(self, packet: Packet, source: i64, now: float, received_at: float) -> None:
        messages = packet.broadcasts
        if messages is not None:
            for message in messages:
                if isinstance(message, UserMessage):
                    self.on_message(message, packet.node, now)

    def on_stream_request(self, request: StreamMessage, source: i64, now: float) -> StreamMessage | None:
        return None

    def on_stream_answered(self, request: StreamMessage, source: i64, now: float) -> None:
        pass

    def on_stream_result(self, token: i64, outcome: i64, reply: StreamMessage | None, now: float) -> None:
        pass
