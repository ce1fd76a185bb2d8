"""Deliveries of user events and queries in a recording, in the form of a simulated run.

An agent logs an event or query when it passes it to its handlers, whether received by gossip or push/pull, or
sent itself. Acks and responses are those sent to the client that asked. Serf's server may send that client a
burst of empty ones when a query closes; these have no sender and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from serfsim.protocol.serf.application import ACKED, ANSWERED, CLOSED, DELIVERED, RECEIVED, SENT
from serfsim.results.scoring.recording import DeliveryTable, ItemSummary
from serfsim.validation.golden import Golden
from serfsim.validation.scenario import EVENT_PAYLOAD, QUERY_PAYLOAD

Row = tuple[float, int, int, int, int]  # t, node, action, item, peer

NOBODY = -1
CLIENT_TOLD = {"q-ack": ACKED, "q-response": ANSWERED, "q-done": CLOSED}


def delivery_table(golden: Golden, warm_up: float) -> DeliveryTable:
    """Return the deliveries, on a clock that starts `warm_up` seconds after the join."""
    rows = sorted([*sent_rows(golden), *log_rows(golden), *client_rows(golden)], key=lambda row: row[0])
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    node, action, item, peer = columns[1:].astype(np.int64)
    return DeliveryTable(columns[0] - warm_up, node, action, item, peer, items(golden))


def items(golden: Golden) -> list[ItemSummary]:
    """Return one item for each user event and query; Lamport times count from 1 for each kind."""
    ltimes = {"event": 0, "query": 0}
    found = []
    for _, kind, node, name in golden.announcements:
        ltimes[kind] += 1
        size = EVENT_PAYLOAD if kind == "event" else QUERY_PAYLOAD
        found.append(ItemSummary(kind, name, ltimes[kind], node, size, kind == "query"))
    return found


def sent_rows(golden: Golden) -> Iterator[Row]:
    for item, (t, _, node, _) in enumerate(golden.announcements):
        yield t, node, SENT, item, NOBODY


def log_rows(golden: Golden) -> Iterator[Row]:
    """Yield the time each agent had the item: within 0.1 ms also the time it received it."""
    logged = golden.raw.get("user_events") or {}
    for item, (_, kind, _, name) in enumerate(golden.announcements):
        for node, t in logged.get(f"{kind}-delivered:{name}", {"first": {}})["first"].items():
            for action in (RECEIVED, DELIVERED):
                yield t, int(node), action, item, NOBODY


def client_rows(golden: Golden) -> Iterator[Row]:
    places = {name: item for item, (_, kind, _, name) in enumerate(golden.announcements) if kind == "query"}
    for t, what, node, *rest in golden.raw.get("rpc_events") or ():
        if what not in CLIENT_TOLD:
            continue
        name, peer = rest
        if what == "q-done":
            yield t, node, CLOSED, places[name], NOBODY
        elif peer is not None:
            yield t, node, CLIENT_TOLD[what], places[name], peer
