"""What the real commands print: `serf members`, `serf info` and their JSON, to the byte.

Where the real command prints in no order (tags in a row), the order here is that of the tags' setting.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Sequence
from typing import Any

from serfsim.base.english import printable
from serfsim.live.rpc.views import MemberView, Stats


def members_text(members: Iterable[MemberView], detailed: bool = False) -> str:
    """A row a member; with `detailed` the versions of Serf's protocol too."""
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
    """Cells between bars, as left-justified columns; a row's last cell is not padded."""
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
    address = str(ipaddress.ip_address(member.address))
    return f"[{address}]:{member.port}" if ":" in address else f"{address}:{member.port}"


def members_json(members: Iterable[MemberView]) -> str:
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
    lines = []
    for topic in sorted(stats):
        lines.append(f"{topic}:")
        lines += [f"\t{printable(name)} = {printable(value)}" for name, value in sorted(stats[topic].items())]
    return "\n".join(lines).strip()


def info_json(stats: Stats) -> str:
    return go_json({topic: dict(sorted(stats[topic].items())) for topic in sorted(stats)})


def go_json(value: Any) -> str:
    """JSON as Go indents and escapes it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
