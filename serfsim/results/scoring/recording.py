"""The raw data of one run: what the nodes did, and the truth meanwhile.

The engine fills a `Recording`; scoring and reports read it. Times are seconds on the scenario's
clock: 0 is the end of the warm-up, so start and join have negative times.
Nodes are numbered 0 .. n-1 in the order of the scenario; the observer reports about the subject.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol.serf.config import SerfConfig
from serfsim.rivals.coordinate_table import SERF

FLAP_TIMEOUT = SerfConfig().flap_timeout  # Serf's default, seconds
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """A half-open interval [start, end), seconds."""

    start: float
    end: float


class TrueRtt(Protocol):
    """The type of `Truth.rtt`."""

    def __call__(self, node: int, t: float | None = None) -> Floats: ...


@dataclass
class Truth:
    """The true state of nodes and network over time.

    `down[i]`: when node i did not run (crashed, left, or not yet started). `faulted[i]`: when it
    was under any fault, its own or its network's (Lifeguard's "anomalous"); down counts as faulted.
    `reachable(observer, subject, t)`: True if packets of some transport could pass from the observer to the
    address that the subject tells, and back: faults, NATs and wrong addresses prevent it.
    `crashes`: (t, node) of every crash; `leaves`: (t, node) of every graceful leave.
    `anomalies`: (t, node) of every time that a running process began to hang (a stall, pause or freeze).
    `rtt(i, t)`: the true round-trip time in seconds from node i to every node at time t, shape (n,),
    without jitter's spread: base latency both ways, the mean jitter and the subject's processing delay;
    `rtt(i)` is that at the end. `rtt_changes`: the times at which it changed, ascending.
    """

    down: list[list[Interval]]
    faulted: list[list[Interval]]
    reachable: Callable[[int, int, float], bool]
    rtt: TrueRtt
    crashes: list[tuple[float, int]] = field(default_factory=list)
    leaves: list[tuple[float, int]] = field(default_factory=list)
    positions: Floats | None = None  # (n, 2) in seconds, where the topology has a map
    rtt_changes: list[float] = field(default_factory=list)
    anomalies: list[tuple[float, int]] = field(default_factory=list)


@dataclass
class EventTable:
    """Rows of `protocol.events` kinds below COUNTED_ONLY, in order of time; signed arrays of shape (m,)."""

    t: Floats
    observer: Integers
    subject: Integers
    kind: Integers
    detail: Integers


@dataclass(frozen=True)
class ItemSummary:
    """A user event ("event") or query ("query"), first sent by `source`; `size`: payload bytes.

    `wants_ack`: the query asks members for acks.
    """

    kind: str
    name: str
    ltime: int
    source: int
    size: int
    wants_ack: bool = False

    @property
    def is_internal(self) -> bool:
        """True for Serf's internal queries, which agents do not show to users."""
        return self.kind == "query" and self.name.startswith("_serf_")


@dataclass
class DeliveryTable:
    """Deliveries of user events and queries, in order of time; all arrays of shape (m,).

    `action` is a number of `protocol.serf.application` (SENT ...) and happened at `node`; `item` is an
    index into `items`; `peer` sent the ack or response, else -1.
    """

    t: Floats
    node: Integers
    action: Integers
    item: Integers
    peer: Integers
    items: list[ItemSummary]


def no_deliveries() -> DeliveryTable:
    """Return the table of a run without user events or queries."""
    none = np.zeros(0, dtype=np.int64)
    return DeliveryTable(np.zeros(0), none, none, none, none, [])


@dataclass
class LogTable:
    """Lines of agents' logs that no event produces, in order of time; all arrays of shape (m,).

    `line` is a number of `protocol.log_lines`, logged by `node` about `subject`; it defines `a` and `b`.
    `text` is an index into `texts`. `mark`: number of preceding rows of the event table. `left_out`: number
    of lines about received messages dropped for space.
    """

    t: Floats
    node: Integers
    line: Integers
    subject: Integers
    a: Integers
    b: Integers
    text: Integers
    mark: Integers
    texts: list[str]
    left_out: int = 0

    def of_node(self, node: int, rows: Integers) -> LogTable:
        """Return one node's lines, with `mark` relative to its own `rows` of the event table."""
        own = self.node == node
        return LogTable(
            self.t[own],
            self.node[own],
            self.line[own],
            self.subject[own],
            self.a[own],
            self.b[own],
            self.text[own],
            np.searchsorted(rows, self.mark[own]),
            self.texts,
            self.left_out,
        )


def no_log() -> LogTable:
    """Return the table of a run that kept no lines."""
    none = np.zeros(0, dtype=np.int64)
    return LogTable(np.zeros(0), none, none, none, none, none, none, none, [])


@dataclass
class CoordinateSamples:
    """Samples of all nodes' own coordinates. t: (k,); vec: (k, n, width); the rest (k, n); seconds.

    `system` names the coordinate system, which says what `vec` is. `told_bytes`: bytes of coordinates on the
    wire in the scored time, None where nobody counted. `live[k, i]` is False where node i was down or stopped
    at sample k.
    """

    t: Floats
    vec: Floats
    height: Floats
    adjustment: Floats
    error: Floats
    live: NDArray[np.bool_]
    system: str = SERF
    told_bytes: int | None = None


QUEUES = ("broadcasts", "intents", "queries", "events", "handoff")


@dataclass
class QueueSamples:
    """Samples of the messages waiting in each of QUEUES. t: (k,); depth: (k, n, queues); live: (k, n)."""

    t: Floats
    depth: Integers
    live: NDArray[np.bool_]


def no_queues() -> QueueSamples:
    return QueueSamples(
        np.zeros(0), np.zeros((0, 0, len(QUEUES)), dtype=np.int64), np.zeros((0, 0), dtype=np.bool_)
    )


@dataclass
class PerSecond:
    """Counts per whole second. `start` is the time of the first row; `values` has a row per second."""

    start: float
    columns: list[str]
    values: Integers


@dataclass(frozen=True)
class MemberRates:
    """Bytes of members in single seconds: `counts[i]` of about `values[i]`, both (m,), none of 0.

    `total` and `most` are exact.
    """

    values: Floats
    counts: Integers
    total: int
    most: int


@dataclass
class Recording:
    """One run; `interrupted_at` is the time at which it was stopped early, else None.

    `converged_start`: the nodes began with complete views, so no join was reported for what they
    knew from the start; None lets scoring infer it from the absence of any join before t = 0.

    `releases`: (t, node, Serf release) that each node runs from t on, in order of time.

    `lost_broadcasts`: broadcasts that queues lost to another of their number after the warm-up (spec
    memberlist.md section 8.5); None if nobody counted.
    `addresses`: the number of the address that each node advertises at first, as in `protocol.directory`;
    none where node i has the i-th. `strangers`: names and such addresses of members that forged messages made
    up, whose numbers follow those of the nodes.

    `flap_timeout`: Serf's setting in seconds, for all nodes or for each, shape (n,).

    `rates`: IP bytes of single members in scored seconds, "sent" and "received".

    `most_push_pulls`: the most that any node was asked for within one second of the scored time.
    `most_handed_off`: the most messages that then waited in the handoff queues of any node.

    `is_protected`: some node has encryption keys or a label.

    `probe_counts`: columns are names of `protocol.events`. `traffic_counts` and `traffic_bytes`:
    columns "udp/ping", "udp/alive", "tcp/push_pull" ...: UDP message types count every message in a
    datagram; "udp/datagrams" and "tcp/packets" count packets and whole IP bytes. The bytes of
    "udp/<leading type>" are those of the IP packets that it leads.
    """

    names: list[str]
    groups: list[str]
    warm_up: float
    duration: float
    events: EventTable
    probe_counts: PerSecond
    traffic_counts: PerSecond
    traffic_bytes: PerSecond
    coordinates: CoordinateSamples
    truth: Truth
    events_processed: int
    wall_s: float
    cpu_s: float
    interrupted_at: float | None = None
    converged_start: bool | None = None
    deliveries: DeliveryTable = field(default_factory=no_deliveries)
    releases: list[tuple[float, int, str]] = field(default_factory=list)
    queues: QueueSamples = field(default_factory=no_queues)
    flap_timeout: float | Floats = FLAP_TIMEOUT
    is_protected: bool = False
    log: LogTable = field(default_factory=no_log)
    lost_broadcasts: int | None = None
    most_push_pulls: int | None = None
    addresses: list[int] = field(default_factory=list)
    most_handed_off: int = 0
    strangers: list[tuple[str, int]] = field(default_factory=list)
    rates: dict[str, MemberRates] = field(default_factory=dict)
