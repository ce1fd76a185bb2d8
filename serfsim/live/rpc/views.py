"""What a node knows: its members, and the figures that `serf info` shows."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any, NamedTuple

from serfsim.base.expressions import is_full_match
from serfsim.protocol.directory import Record
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.tags import decode_tags

Stats = dict[str, dict[str, str]]


class MemberView(NamedTuple):
    """A member as Serf tells of it. The version fields are lowest, highest and current."""

    name: str
    address: bytes
    port: int
    tags: dict[str, str]
    status: str
    protocol: tuple[int, int, int]
    delegate: tuple[int, int, int]

    def record(self) -> dict[str, Any]:
        """The member in an RPC reply."""
        return {
            "Addr": self.address,
            "DelegateCur": self.delegate[2],
            "DelegateMax": self.delegate[1],
            "DelegateMin": self.delegate[0],
            "Name": self.name,
            "Port": self.port,
            "ProtocolCur": self.protocol[2],
            "ProtocolMax": self.protocol[1],
            "ProtocolMin": self.protocol[0],
            "Status": self.status,
            "Tags": self.tags,
        }


def member_view(node: SerfNode, member: int, status: str | None = None) -> MemberView:
    """A member by what memberlist says of it now; `status` where Serf has just forgotten it."""
    directory = node.directory
    record: Record = node.memberlist.core.members.record(member)
    return MemberView(
        directory.names[member],
        directory.address_bytes(record.address, 4),
        int(record.port),
        decode_tags(record.meta),
        STATUS_NAMES[node.members.status(member)] if status is None else status,
        (int(record.protocol_min), int(record.protocol_max), int(record.protocol_current)),
        (int(record.delegate_min), int(record.delegate_max), int(record.delegate_current)),
    )


def member_views(node: SerfNode) -> list[MemberView]:
    """All members that a node knows, in the order of their numbers."""
    return [member_view(node, int(member)) for member in node.members.known()]


def is_wanted(view: MemberView, tags: dict[str, str], status: str, name: str) -> bool:
    """Do all filters fit? Each is an expression for the whole; "" is none. ValueError for a bad one."""
    return (
        all(is_full_match(expression, view.tags.get(tag, "")) for tag, expression in tags.items())
        and (status == "" or is_full_match(status, view.status))
        and (name == "" or is_full_match(name, view.name))
    )


def runtime_stats() -> dict[str, str]:
    """What Go would say of its runtime, said of this one."""
    from serfsim._version import __version__

    machine = platform.machine()
    return {
        "os": sys.platform,
        "arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        "version": f"serfsim{__version__}",
        "max_procs": "1",
        "goroutines": "1",
        "cpu_count": str(os.cpu_count() or 1),
    }


def stats_of(node: SerfNode) -> Stats:
    """What the stats command answers: all values are text."""
    members, queues = node.members, node.queues
    serf = {
        "members": members.count,
        "failed": len(members.failed),
        "left": len(members.left),
        "health_score": node.memberlist.core.awareness.score,
        "member_time": node.intents.clock.time(),
        "event_time": node.event_clock.time(),
        "query_time": node.query_clock.time(),
        "intent_queue": queues.intents.depth,
        "event_queue": queues.user_events.depth,
        "query_queue": queues.queries.depth,
    }
    told = {name: str(int(value)) for name, value in serf.items()}
    told["encrypted"] = "true" if node.memberlist.core.config.encryption_overhead > 0 else "false"
    if not node.config.disable_coordinates:
        told["coordinate_resets"] = str(int(node.vivaldi.resets))
    return {
        "agent": {"name": node.core.name()},
        "runtime": runtime_stats(),
        "serf": told,
        "tags": decode_tags(node.core.record().meta),
        "event_handlers": {},
    }
