"""Errors of streams and merges, in the words of Go and memberlist (spec memberlist.md section 14)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.runtime import CLOSED, DIAL_NO_ROUTE, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT

# Flags of a refusal, above the version spoken, the lowest and the highest that all understand.
REFUSED: Final = 1 << 25
REFUSED_DELEGATE: Final = 1 << 24


def stream_error(outcome: i64, own: str, remote: str) -> str:
    """Go's error for how a stream from `own` to `remote` (addresses with ports) ended."""
    if outcome == DIAL_TIMEOUT:
        return f"dial tcp {remote}: i/o timeout"
    if outcome == DIAL_REFUSED:
        return f"dial tcp {remote}: connect: connection refused"
    if outcome == DIAL_NO_ROUTE:
        return f"dial tcp {remote}: connect: network is unreachable"
    if outcome == IO_TIMEOUT:
        return f"read tcp {own}->{remote}: i/o timeout"
    if outcome == CLOSED:
        return "EOF"
    return "Merge canceled"


def version_error(refusal: i64, name: str, lower: bool = False) -> str:
    """memberlist's error for the versions of a member, of which a `VersionRange` tells.

    `lower`: it begins in lower case, as from memberlist 0.6.0 on.
    """
    head = "node" if lower else "Node"
    kind = "delegate protocol" if refusal & REFUSED_DELEGATE else "protocol"
    version = refusal >> 16 & 255
    return (
        f"{head} '{name}' {kind} version ({version}) is incompatible: [{refusal >> 8 & 255}, {refusal & 255}]"
    )


def gathered(troubles: list[str]) -> str:
    """Several errors as the library tells of them together."""
    if len(troubles) == 0:
        return ""
    head = "1 error" if len(troubles) == 1 else f"{len(troubles)} errors"
    return f"{head} occurred:\n\t* " + "\n\t* ".join(troubles) + "\n\n"


def byte_list(data: bytes) -> str:
    """Bytes as Go's %v writes them."""
    return "[" + " ".join([str(byte) for byte in data]) + "]"
