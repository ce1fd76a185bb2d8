"""Members and statistics of a node, as data, RPC replies, and the text of `serf members` and `serf info`.

Texts are byte for byte those of the real commands. Where these print in no defined order (tags in a row), the
order here is that of the tags' setting.
"""

from __future__ import annotations

import ipaddress
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from serfsim._version import __version__
from serfsim.base.english import printable
from serfsim.base.expressions import is_full_match
from serfsim.live.addresses import format_endpoint
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.members import STATUS_NAMES
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.tags import decode_tags

Stats = dict[str, dict[str, str]]


class MemberView(NamedTuple):
    """A member as Serf shows it.

    `protocol` and `delegate` are versions: lowest, highest, current.
    """

    name: str
    address: bytes
    port: int
    tags: dict[str, str]
    status: str
    protocol: tuple[int, int, int]
    delegate: tuple[int, int, int]

    def record(self) -> dict[str, Any]:
        """Return the member as in RPC replies."""
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
    """Return a member according to memberlist's record; `status` is for one that Serf has just forgotten."""
    directory = node.directory
    record: NodeIdentity = node.memberlist.core.members.record(member)
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
    """Return all members a node knows, in the order of their numbers."""
    return [member_view(node, int(member)) for member in node.members.known()]


def is_wanted(view: MemberView, tags: dict[str, str], status: str, name: str) -> bool:
    """Return True if all filters match the whole of their values; "" matches anything.

    Raises ValueError for an invalid filter.
    """
    return (
        all(is_full_match(expression, view.tags.get(tag, "")) for tag, expression in tags.items())
        and (status == "" or is_full_match(status, view.status))
        and (name == "" or is_full_match(name, view.name))
    )


def runtime_stats() -> dict[str, str]:
    """Return this runtime's equivalents of Go's runtime statistics."""
    machine = platform.machine()
    return {
        "os": sys.platform,
        "arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        "version": f"serfsim{__version__}",
        "max_procs": "1",
        "goroutines": "1",
        "cpu_count": str(os.cpu_count() or 1),
    }


def is_encrypted(node: SerfNode) -> bool:
    """Return whether a node has keys, or does as if it had."""
    gate = node.memberlist.gate
    has_keys = gate is not None and gate.keys is not None
    return has_keys or bool(node.memberlist.core.config.encryption_overhead > 0)


def stats_of(node: SerfNode) -> Stats:
    """Return the response to the stats command; all values are text."""
    members, queues = node.members, node.queues
    serf = {
        "members": members.count,
        "failed": len(members.failed),
        "left": len(members.left),
        "health_score": node.memberlist.core.awareness.score,
        "member_time": node.intents.clock.time(),
        "event_time": node.user_events.clock.time(),
        "query_time": node.queries.clock.time(),
        "intent_queue": queues.intents.depth,
        "event_queue": queues.user_events.depth,
        "query_queue": queues.queries.depth,
    }
    format_endpoint = {name: str(int(value)) for name, value in serf.items()}
    format_endpoint["encrypted"] = "true" if is_encrypted(node) else "false"
    if not node.config.disable_coordinates:
        format_endpoint["coordinate_resets"] = str(int(node.vivaldi.resets))
    return {
        "agent": {"name": node.name()},
        "runtime": runtime_stats(),
        "serf": format_endpoint,
        "tags": decode_tags(node.record().meta),
        "event_handlers": {},
    }


def members_text(members: Iterable[MemberView], detailed: bool = False) -> str:
    """Format one row per member, as `serf members`; `detailed` adds the protocol versions."""
    rows = []
    for member in members:
        tags = ",".join(f"{printable(key)}={printable(value)}" for key, value in member.tags.items())
        row = f"{member.name}|{address_text(member)}|{member.status}|{tags}"
        if detailed:
            lowest, highest, current = member.delegate
            row += f"|Protocol Version: {current}|Available Protocol Range: [{lowest}, {highest}]"
        rows.append(row)
    return columns(rows).strip()


def columns(rows: Sequence[str]) -> str:
    """Format cells separated by bars as left-justified columns; a row's last cell is not padded."""
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    widths = [0] * max((len(row) for row in cells), default=0)
    for row in cells:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], len(cell))
    lines = []
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]))
    return "\n".join(lines)


def address_text(member: MemberView) -> str:
    """Format a member's address with its port, an IPv6 address in brackets."""
    return format_endpoint((str(ipaddress.ip_address(member.address)), member.port))


def members_json(members: Iterable[MemberView]) -> str:
    """Format members as `serf members -format json`."""
    listed = [
        {
            "name": member.name,
            "addr": address_text(member),
            "port": member.port,
            "tags": dict(sorted(member.tags.items())),
            "status": member.status,
            "protocol": {
                "max": member.delegate[1],
                "min": member.delegate[0],
                "version": member.delegate[2],
            },
        }
        for member in members
    ]
    return go_json({"members": listed or None})


def info_text(stats: Stats) -> str:
    """Format statistics as `serf info`."""
    lines = []
    for topic in sorted(stats):
        lines.append(f"{topic}:")
        lines += [f"\t{printable(name)} = {printable(value)}" for name, value in sorted(stats[topic].items())]
    return "\n".join(lines).strip()


def info_json(stats: Stats) -> str:
    """Format statistics as `serf info -format json`."""
    return go_json({topic: dict(sorted(stats[topic].items())) for topic in sorted(stats)})


def go_json(value: Any) -> str:
    """Format JSON with Go's indentation and escapes."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
