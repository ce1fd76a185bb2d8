"""Views that a converged start shares: all members 0 .. n - 1 alive, as at one moment.

Every node begins with the same view, so it exists once. A node copies it before its first change; in a
large cluster it keeps only its changes (`protocol.large`). A push/pull skips what both nodes still share.
"""

from __future__ import annotations

from serfsim.native import i64, u8, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.wire.msgpack import unsigned_size


class ConvergedView:
    """memberlist's: `keys[node]` is `key` for all `nodes`.

    `entries_size` is the bytes of a push/pull's entries.
    """

    def __init__(self, directory: Directory, nodes: i64, key: i64) -> None:
        self.nodes: i64 = nodes
        self.key: i64 = key
        self.is_large = nodes > directory.large_above
        self.keys: vec[i64] = vec[i64]([key] * nodes)
        self.entries_size: i64 = nodes * unsigned_size(key >> 2)
        node: i64 = 0
        while node < nodes:
            self.entries_size += directory.first[node].entry_size
            node += 1


class ConvergedStatuses:
    """Serf's: all alive, each with the Lamport time at which it joined, which is its own number.

    `statuses` are as `SerfMembers` keeps them; the member at time 0 has another one than those after it.
    `numbers` and `ltimes` are what a push/pull tells of them, `ltimes_size` its bytes, names included.
    """

    def __init__(self, directory: Directory, nodes: i64, first: i64, others: i64) -> None:
        self.nodes: i64 = nodes
        self.is_large = nodes > directory.large_above
        self.last_ltime: i64 = nodes - 1
        self.statuses: vec[u8] = vec[u8]([u8(others)] * nodes)
        self.statuses[0] = u8(first)
        self.numbers: vec[i64] = vec[i64]([0] * nodes)
        self.ltimes: vec[i64] = vec[i64]([0] * nodes)
        self.ltimes_size: i64 = 0
        node: i64 = 0
        while node < nodes:
            self.numbers[node] = node
            self.ltimes[node] = node
            self.ltimes_size += directory.first[node].name_size + unsigned_size(node)
            node += 1


def converged_view(directory: Directory, nodes: i64, key: i64) -> ConvergedView:
    """Return the view that all nodes of a start share."""
    shared = directory.converged_view
    if shared is None or shared.nodes != nodes or shared.key != key:
        shared = ConvergedView(directory, nodes, key)
        directory.converged_view = shared
    return shared


def converged_statuses(directory: Directory, nodes: i64, first: i64, others: i64) -> ConvergedStatuses | None:
    """Return Serf's statuses that all share; None where the directory has another status time for one."""
    shared = directory.converged_statuses
    if shared is not None and shared.nodes == nodes:
        return shared
    node: i64 = 1
    while node < nodes:
        if directory.shared_ltime(node, node) != node:
            return None
        node += 1
    shared = ConvergedStatuses(directory, nodes, first, others)
    directory.converged_statuses = shared
    return shared
