"""The Serf releases, or variants, of a run's nodes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serfsim.base.english import format_count


def nodes_text(summary: Mapping[str, Any]) -> str:
    """Describe the nodes: '3 nodes of Serf 0.9', '30 nodes (5 of Serf 0.8, 25 of 0.9)'.

    After an upgrade: '9 nodes of Serf 0.7, before: of 0.6'. Nodes of a variant: '3 nodes as MyNode of
    Serf 0.9', '3 nodes (suspicion: Mine) of Serf 0.9'.
    """
    versions = summary.get("versions", {})
    variant = versions.get("node_class", "").rpartition(".")[2]
    nodes = format_count(summary["nodes"], "node") + (f" as {variant}" if variant else "")
    parts = [f"{name}: {path.rpartition('.')[2]}" for name, path in versions.get("parts", {}).items()]
    if parts:
        nodes += f" ({', '.join(parts)})"
    releases = summary.get("serf_releases", {})
    start, end = releases.get("start", {}), releases.get("end", {})
    if not end:
        return nodes
    text = nodes + _of(end, "of Serf ")
    return text if start == end else f"{text}, before: {_of(start, 'of ').strip(' ()')}"


def _of(counts: Mapping[str, int], what: str) -> str:
    if len(counts) == 1:
        return f" {what}{next(iter(counts))}"
    shares = [f"{count} of {release}" for release, count in counts.items()]
    return f" ({', '.join(shares).replace('of ', what, 1)})"
