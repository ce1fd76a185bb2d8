"""What the parts of one Serf node share: settings, members, queues, the application, and memberlist below."""

from __future__ import annotations

from serfsim.native import Random, i64
from serfsim.protocol.directory import Directory, Record
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.members import SerfMembers
from serfsim.protocol.serf.queues import BroadcastQueues
from serfsim.protocol.serf.tags import decode_tags


class SerfCore:
    def __init__(
        self, config: SerfConfig, memberlist: Core, runtime: Runtime, rng: Random, application: Application
    ) -> None:
        self.config = config
        self.memberlist = memberlist
        self.me: i64 = memberlist.me
        self.directory: Directory = memberlist.directory
        self.runtime = runtime
        self.rng = rng
        self.application = application
        self.tags = decode_tags(memberlist.record.meta)  # its own; all of them, whatever it may say of them
        self.members = SerfMembers(memberlist.directory, memberlist.members.seen)
        self.queues = BroadcastQueues(config, self.members, memberlist)

    def record(self) -> Record:
        """What this node says of itself."""
        return self.memberlist.record

    def name(self) -> str:
        return self.directory.names[self.me]

    def log(self, now: float, line: i64, subject: i64, a: i64 = 0, b: i64 = 0, text: str = "") -> None:
        self.runtime.log(now, line, subject, a, b, text)

    def send(self, target: Record, message: UserMessage, now: float) -> None:
        """Send a message to one node, best effort, with nothing else in the datagram."""
        self.memberlist.send_alone(target.address, message, now)
