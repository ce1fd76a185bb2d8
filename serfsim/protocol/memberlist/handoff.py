"""The two queues between a node's listener and its worker (spec memberlist.md section 2.1).

Pings and acks are answered where they are read; broadcasts wait here. The worker takes alive
messages first, and from each queue the newest first. A full queue drops the newcomer. Before Serf
0.8.2 there was one queue, worked off in order.
"""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.memberlist.messages import ALIVE, Message


@mypyc_attr(allow_interpreted_subclasses=True)
class HandoffQueues:
    def __init__(self, depth: i64, is_split: bool = True) -> None:
        self.depth: i64 = depth
        self.is_split = is_split
        self.high_priority: list[Message] = []
        self.low_priority: list[Message] = []

    def push(self, message: Message) -> bool:
        """Queue a message; False if its queue is full and it was dropped."""
        queue = self.high_priority if self.is_split and message.kind == ALIVE else self.low_priority
        if len(queue) >= self.depth:
            return False
        queue.append(message)
        return True

    def waiting(self) -> i64:
        """Return the number of messages in both queues."""
        return len(self.high_priority) + len(self.low_priority)

    def pop(self) -> Message | None:
        """Remove and return the worker's next message, or None."""
        if len(self.high_priority) > 0:
            return self.high_priority.pop()
        if len(self.low_priority) > 0:
            return self.low_priority.pop() if self.is_split else self.low_priority.pop(0)
        return None
