"""Dotted names in the columns of a table."""

from __future__ import annotations

import re


def break_name(name: str, width: int) -> str:
    """Break a long name into lines, each ending after a dot, an underscore or a space."""
    lines = [""]
    for part in re.findall(r"[^._ ]*[._ ]*", name):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
