"""The Serf releases, or variants, of a run's nodes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serfsim.base.english import format_count


def nodes_text(summary: Mapping[str, Any]) -> str:
    """Describe the nodes: '3 nodes of Serf 0.9', '30 nodes (5 of Serf 0.8, 25 of 0.9)'.

    A name that is no release of Serf comes with what it stands for: '3 nodes of latest (Serf 0.10.2 with
    memberlist 0.6.0)'.

    After an upgrade: '9 nodes of Serf 0.7, before: of 0.6'. Nodes of a variant: '3 nodes as MyNode of
    Serf 0.9', '3 nodes (suspicion: Mine) of Serf 0.9'. Nodes of a rival: '3 nodes of heartbeats'.
    """
    versions = summary.get("versions", {})
    variant = versions.get("node_class", "").rpartition(".")[2]
    nodes = format_count(summary["nodes"], "node") + (f" as {variant}" if variant else "")
    parts = [f"{name}: {path.rpartition('.')[2]}" for name, path in versions.get("parts", {}).items()]
    if parts:
        nodes += f" ({', '.join(parts)})"
    releases, layers = summary.get("serf_releases", {}), summary.get("layers", {})
    start, end = releases.get("start", {}), releases.get("end", {})
    if "protocol" in versions:
        return f"{nodes} of {versions['protocol']}"
    if not end:
        return nodes
    text = nodes + _of(end, layers, is_first=True)
    return text if start == end else f"{text}, before: {_of(start, layers).removeprefix(' ').strip('()')}"


def _of(counts: Mapping[str, int], layers: Mapping[str, Mapping[str, str]], is_first: bool = False) -> str:
    if len(counts) == 1:
        return f" of {_named(next(iter(counts)), layers, is_first)}"
    shares = [
        f"{count} of {_named(release, layers, is_first and place == 0)}"
        for place, (release, count) in enumerate(counts.items())
    ]
    return f" ({', '.join(shares)})"


def _named(release: str, layers: Mapping[str, Mapping[str, str]], is_first: bool) -> str:
    """Return a release's name, with what it stands for where it is none of Serf."""
    if release[:1].isdigit():
        return f"Serf {release}" if is_first else release
    both = layers.get(release)
    return f"{release} (Serf {both['serf']} with memberlist {both['memberlist']})" if both else release
