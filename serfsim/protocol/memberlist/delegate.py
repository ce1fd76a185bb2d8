"""Interface between memberlist and the layer above it; Serf is one such layer.

The methods of this class do nothing, so that memberlist runs alone and a delegate overrides
only what it needs.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.ledger import Filling
from serfsim.protocol.memberlist.messages import Message, UserMessage
from serfsim.protocol.runtime import Machine
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.msgpack import filler


@mypyc_attr(allow_interpreted_subclasses=True)
class UserState:
    """The delegate's part of a push/pull; `size` is in bytes, uncompressed."""

    def __init__(self, size: i64) -> None:
        self.size: i64 = size

    def encode(self, directory: Directory) -> bytes:
        """Encode the state in `size` bytes; their content is arbitrary unless a subclass encodes it."""
        return filler(self.size, self.size)


@mypyc_attr(allow_interpreted_subclasses=True)
class Delegate(Machine):
    """The layer above memberlist; where a node has one, the runtime drives it and it drives memberlist."""

    def notify_join(self, record: NodeIdentity, now: float) -> None:
        """Handle a member that became alive and was unknown, dead or left."""

    def notify_leave(self, record: NodeIdentity, now: float) -> None:
        """Handle a member that became dead or left."""

    def notify_update(self, record: NodeIdentity, now: float) -> None:
        """Handle a change of a member's metadata."""

    def notify_conflict(self, existing: NodeIdentity, other: NodeIdentity, now: float) -> None:
        """Another address claims a member's name."""

    def notify_alive(self, record: NodeIdentity) -> str:
        """Return "" to accept a node, or the error with which its message is ignored (AliveDelegate)."""
        return ""

    def notify_merge(self, records: list[NodeIdentity]) -> str:
        """Return "" to let a join merge these remote entries, or the error that aborts it (MergeDelegate)."""
        return ""

    def notify_message(self, message: UserMessage, now: float) -> None:
        """Handle a user message received in a packet or stream."""

    def has_broadcasts(self) -> bool:
        """Would `get_broadcasts` give anything? Not asked if `Core.delegate_depth` says."""
        return False

    def get_broadcasts(self, overhead: i64, limit: i64, into: list[Message], now: float) -> i64:
        """Append user messages that fit in `limit` bytes; the bytes used, `overhead` each included."""
        return 0

    def fill(self, overhead: i64, limit: i64, filling: Filling, now: float) -> i64:
        """Fill a datagram with broadcasts by their numbers in the ledger."""
        messages: list[Message] = []
        used = self.get_broadcasts(overhead, limit, messages, now)
        for message in messages:
            filling.put(message)
        return used

    def is_settled(self, message: Message) -> bool:
        """Return whether a handled user message can never change anything again."""
        return False

    def local_state(self, join: bool) -> UserState | None:
        return None

    def merge_remote_state(self, state: UserState, join: bool, now: float) -> None:
        pass

    def ack_payload(self) -> Coordinate | None:
        """Return the coordinate to send with an ack."""
        return None

    def notify_ping_complete(
        self, record: NodeIdentity, rtt: float, payload: Coordinate | None, now: float
    ) -> None:
        """Handle the answer to a direct probe in time; `rtt` in seconds."""

    def notify_joined(self, token: i64, contacted: i64, now: float) -> None:
        """Handle the end of a `join` call that contacted so many addresses."""

    def notify_finished(self, token: i64, in_time: bool, now: float) -> None:
        """Handle the end of a wait under `token` (a leave, an update), finished or timed out."""
