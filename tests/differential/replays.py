"""All kinds of vectors."""

from __future__ import annotations

from tests.differential import (
    broadcasts,
    coalescing,
    members,
    probing,
    protocol_versions,
    serf_handlers,
    sizes,
    snapshots,
)
from tests.differential.replaying import Replay

REPLAYS: tuple[Replay, ...] = (
    members.STATE,
    members.DATAGRAMS,
    broadcasts.QUEUE,
    probing.PROBE,
    protocol_versions.CHECK,
    sizes.MEMBERLIST,
    sizes.SERF,
    serf_handlers.HANDLERS,
    coalescing.COALESCERS,
    snapshots.SNAPSHOT,
)
