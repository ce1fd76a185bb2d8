"""Conversion of a trace's packed arrays to the tables that scoring and reports read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from serfsim.engine.trace import (
    BETWEEN_ZONES,
    CONNECTIONS,
    DATAGRAMS,
    LOADED_PACKET,
    LOST,
    MESSAGE,
    MOST_RECEIPTS,
    OVERFLOWED,
    PACKET,
    SEGMENTS,
    STREAM,
    STREAMED,
    STREAMED_USER,
    TO_NOBODY,
    TRAFFIC_COLUMNS,
    USER_MESSAGE,
    Trace,
)
from serfsim.network.rates import Rates as ByteRates
from serfsim.network.rates import middle_of
from serfsim.network.tcp_link import LINK
from serfsim.protocol import events
from serfsim.protocol.memberlist import messages as memberlist
from serfsim.protocol.serf import messages as serf
from serfsim.protocol.serf.application import SENT
from serfsim.protocol.serf.messages import GossipedItem
from serfsim.protocol.serf.query_messages import Query
from serfsim.results.scoring.recording import (
    CoordinateSamples,
    DeliveryTable,
    EventTable,
    Integers,
    ItemSummary,
    LogTable,
    MemberRates,
    PerSecond,
    QueueSamples,
)
from serfsim.results.scoring.rows import Rows
from serfsim.rivals.rival import USER_KIND

if TYPE_CHECKING:
    from serfsim.simulation.agents import Agents

# Messages that lead a datagram, by wire type; their bytes are those of the whole IP packet.
LEADING = {
    memberlist.PING: "ping",
    memberlist.INDIRECT_PING: "indirect_ping",
    memberlist.ACK: "ack",
    memberlist.NACK: "nack",
}
# Messages that are piggybacked or fill a gossip datagram.
BROADCASTS = {memberlist.ALIVE: "alive", memberlist.SUSPECT: "suspect", memberlist.DEAD: "dead"}
SERF = {
    serf.JOIN: "join_intent",
    serf.LEAVE: "leave_intent",
    serf.USER_EVENT: "user_event",
    serf.QUERY: "query",
    serf.QUERY_RESPONSE: "query_response",
    serf.RELAY: "relay",
}
# Datagrams that no message leads.
CARRIERS = {memberlist.GOSSIP: "gossip", memberlist.USER: "user"}
STREAMS = {
    memberlist.PING: "ping",
    memberlist.ACK: "ack",
    memberlist.PUSH_PULL: "push_pull",
    memberlist.ERROR: "error",
}
UDP_TOTALS = {DATAGRAMS: "datagrams", LOST: "lost", OVERFLOWED: "overflowed"}


# Events are moved out of the trace from this many on.
TAKEN = 1 << 16


def as_array(values: Any, kind: Any) -> Any:
    """Copy a packed array to a numpy array."""
    return in_place(values, kind).copy()


def in_place(values: Any, kind: Any) -> Any:
    """Return a numpy view of a packed array that no longer changes."""
    return np.frombuffer(values, dtype=kind) if len(values) else np.zeros(0, dtype=kind)


class EventRows:
    """The events of a run, moved out of its trace while it runs, because a mass join has many."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._rows = Rows((np.float64, np.int32, np.int32, np.int8, np.int64))

    def take(self) -> None:
        """Move the trace's events here if there are enough."""
        if self.trace.events.count >= TAKEN:
            self._rows.append(self._latest())
            self.trace.forget_events()

    def move(self) -> EventTable:
        """Move the trace's events here, however few, and return them."""
        latest = self._latest()
        self._rows.append(latest)
        self.trace.forget_events()
        return EventTable(*latest)

    def _latest(self) -> list[Any]:
        rows = self.trace.events.trim()
        return [
            in_place(rows.t, np.float64),
            in_place(rows.observer, np.int32),
            in_place(rows.subject, np.int32),
            # Readers use codes below 0 beside the few kinds.
            in_place(rows.kind, np.int8),
            in_place(rows.detail, np.int64),
        ]

    def table(self) -> EventTable:
        """Return all events after the run."""
        self._rows.append(self._latest())
        return EventTable(*self._rows.columns())


def event_table(trace: Trace) -> EventTable:
    """Return the events now in the trace."""
    return EventRows(trace).table()


def recorded(
    agents: Agents,
    rows: EventRows,
    coordinates: CoordinateSamples,
    queues: QueueSamples,
    lost_broadcasts: int,
) -> dict[str, Any]:
    """Return the fields of a `Recording` that are about some agents alone: the cluster's, or a pool's."""
    trace, members = agents.trace, agents.roster.members
    return {
        "names": [member.name for member in members],
        "groups": [member.group for member in members],
        "events": rows.table(),
        "probe_counts": probe_counts(trace),
        "traffic_counts": traffic_counts(trace),
        "traffic_bytes": traffic_bytes(trace),
        "coordinates": coordinates,
        "deliveries": delivery_table(trace),
        "releases": agents.releases,
        "queues": queues,
        "flap_timeout": np.array([member.config.flap_timeout for member in members]),
        "is_protected": agents.directory.is_protected,
        "log": log_table(trace),
        "lost_broadcasts": lost_broadcasts,
        "most_push_pulls": int(trace.most_push_pulls),
        "addresses": [member.advertised for member in members],
        "most_handed_off": int(trace.most_handed_off),
        "strangers": agents.strangers,
        "rates": {"sent": member_rates(trace.sent_rates), "received": member_rates(trace.received_rates)},
    }


def member_rates(rates: ByteRates) -> MemberRates:
    counts = as_array(rates.counts, np.int64)
    used = np.flatnonzero(counts)
    values = np.array([middle_of(int(bucket)) for bucket in used], dtype=np.float64)
    return MemberRates(values, counts[used], int(rates.total), int(rates.most))


def log_table(trace: Trace) -> LogTable:
    rows = trace.lines.trim()
    return LogTable(
        as_array(rows.t, np.float64),
        as_array(rows.node, np.int32),
        as_array(rows.line, np.uint8),
        as_array(rows.subject, np.int32),
        as_array(rows.a, np.int64),
        as_array(rows.b, np.int64),
        as_array(rows.text, np.int32),
        as_array(rows.mark, np.int32),
        list(rows.texts),
        max(0, int(trace.receipts) - MOST_RECEIPTS),
    )


def delivery_table(trace: Trace) -> DeliveryTable:
    """Return the deliveries of user events and queries; items the protocol cannot distinguish are one."""
    places: dict[object, int] = {}
    items: list[ItemSummary] = []
    numbers = []
    for message in trace.announced:
        own = message.id if isinstance(message, Query) else message.payload
        key = (message.ltime, message.name, own)
        if key not in places:
            places[key] = len(items)
            items.append(item_summary(message))
        numbers.append(places[key])
    item = as_array(trace.delivery_item, np.int32)
    node, kind = as_array(trace.delivery_node, np.int32), as_array(trace.delivery_kind, np.int8)
    for row in np.flatnonzero(kind == SENT).tolist():
        # A message has its sender's name, which several members may bear.
        place = numbers[item[row]]
        items[place] = replace(items[place], source=int(node[row]))
    return DeliveryTable(
        as_array(trace.delivery_t, np.float64),
        node,
        kind,
        np.array(numbers, dtype=np.int64)[item],
        as_array(trace.delivery_peer, np.int32),
        items,
    )


def item_summary(message: GossipedItem) -> ItemSummary:
    asked = isinstance(message, Query)
    return ItemSummary(
        "query" if asked else "event",
        message.name,
        int(message.ltime),
        int(message.node),
        len(message.payload),
        isinstance(message, Query) and message.wants_ack(),
    )


def probe_counts(trace: Trace) -> PerSecond:
    """Count events of every kind per second; rare kinds only if there were any."""
    table = as_array(trace.event_counts, np.int64).reshape(-1, events.KINDS)
    found = {name: table[:, kind] for kind, name in sorted(events.NAMES.items())}
    for kind in range(events.RARE, events.COUNTED_ONLY):
        if kind in events.NAMES and not table[:, kind].any():
            del found[events.NAMES[kind]]
    return per_second_table(trace, found)


def traffic_counts(trace: Trace) -> PerSecond:
    """Count messages by type, gossip datagrams, all datagrams, segments and connections per second."""
    table = as_array(trace.counts, np.int64).reshape(-1, TRAFFIC_COLUMNS)
    found = {f"udp/{name}": table[:, MESSAGE + kind] for kind, name in {**LEADING, **BROADCASTS}.items()}
    found |= {f"udp/{name}": table[:, USER_MESSAGE + kind] for kind, name in SERF.items()}
    if table[:, USER_MESSAGE + USER_KIND].any():
        found["udp/rival"] = table[:, USER_MESSAGE + USER_KIND]
    found |= shared_columns(table, trace.has_zones)
    if streams_packets(table):
        found |= {f"tcp/{name}": table[:, STREAMED + kind] for kind, name in BROADCASTS.items()}
        found |= {f"tcp/{name}": table[:, STREAMED_USER + kind] for kind, name in SERF.items()}
    found["tcp/connections"] = table[:, CONNECTIONS]
    return per_second_table(trace, found)


def traffic_bytes(trace: Trace) -> PerSecond:
    """Sum bytes per second: IP bytes of datagrams by leading type, message bytes on streams, totals."""
    table = as_array(trace.sizes, np.int64).reshape(-1, TRAFFIC_COLUMNS)
    found = {
        f"udp/{name}": table[:, PACKET + kind] + table[:, LOADED_PACKET + kind]
        for kind, name in LEADING.items()
    }
    return per_second_table(trace, found | shared_columns(table, trace.has_zones))


def streams_packets(table: Integers) -> bool:
    """Return whether any packet took a separate stream."""
    kinds = [kind for kind in {**LEADING, **CARRIERS} if kind not in STREAMS]
    return bool(table[:, [STREAM + kind for kind in kinds]].any())


def shared_columns(table: Integers, has_zones: bool) -> dict[str, Integers]:
    """Return the columns that are the same for counts and bytes."""
    found = {f"udp/{name}": table[:, PACKET + kind] for kind, name in CARRIERS.items()}
    found |= {f"udp/{name}": table[:, at] for at, name in UDP_TOTALS.items()}
    found |= {f"tcp/{name}": table[:, STREAM + kind] for kind, name in STREAMS.items()}
    if table[:, STREAM + LINK].any():
        found["tcp/rival"] = table[:, STREAM + LINK]
    if streams_packets(table):
        more = {kind: name for kind, name in {**LEADING, **CARRIERS}.items() if kind not in STREAMS}
        found |= {f"tcp/{name}": table[:, STREAM + kind] for kind, name in more.items()}
    found["tcp/packets"] = table[:, SEGMENTS]
    if table[:, TO_NOBODY].any():
        found["ip/to_nobody"] = table[:, TO_NOBODY]
    if has_zones:
        found["ip/between_zones"] = table[:, BETWEEN_ZONES]
    return found


def per_second_table(trace: Trace, columns: dict[str, Integers]) -> PerSecond:
    return PerSecond(float(trace.first_second), list(columns), np.column_stack(list(columns.values())))
