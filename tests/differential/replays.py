"""All kinds of vectors."""

from __future__ import annotations

from tests.differential import (
    broadcasts,
    cluster,
    coalescing,
    event_filters,
    keyrings,
    members,
    probing,
    protocol_versions,
    rpc_sessions,
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
    cluster.CLUSTER,
    protocol_versions.CHECK,
    keyrings.KEYRING,
    sizes.MEMBERLIST,
    sizes.SERF,
    serf_handlers.HANDLERS,
    coalescing.COALESCERS,
    snapshots.SNAPSHOT,
    event_filters.FILTERS,
    rpc_sessions.SESSIONS,
)
