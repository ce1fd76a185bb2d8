"""User events and queries: how fast and how far they spread. One value of each event or query.

Seconds from when it was sent until a share of all other members had it, of those that so many members
had at all. Copies are what was sent on the wire until the next of its kind was: of a query 8 by everybody
who had it, the asking member too. Of an event those send none who had it first by push/pull.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from serfsim.protocol.serf.application import ACKED, ANSWERED, CLOSED, RECEIVED, SENT
from serfsim.results.scoring.recording import Floats
from serfsim.validation.figures import general
from serfsim.validation.figures.measures import Figures, Measured, Window

SHARES = {"t50_s": 0.5, "t90_s": 0.9, "t100_s": 1.0}
KINDS = ("event", "query")
SPREADING = (*SHARES, "reached")
ANSWERING = ("acks", "answers", "last_ack_s", "closed_s")


def figures(measured: Measured) -> Figures:
    found = general.figures(measured)
    for kind in KINDS:
        for name in (*SPREADING, *(ANSWERING if kind == "query" else ())):
            found[f"{kind}_{name}"] = []
    for item, announced in enumerate(measured.recording.deliveries.items):
        if announced.is_internal or announced.kind not in KINDS:
            continue
        values = spreading(measured, item)
        if announced.kind == "query":
            values |= answering(measured, item)
        for name, value in values.items():
            found[f"{announced.kind}_{name}"].append(value)
    for kind in KINDS:
        sent = copies(measured, kind)
        had = [reached + 1.0 for reached in found[f"{kind}_reached"]]
        found[f"{kind}_copies"] = sent
        found[f"{kind}_copies_per_member"] = [a / b for a, b in zip(sent, had, strict=True)]
    return found


def when(measured: Measured, item: int, action: int) -> tuple[Floats, Floats]:
    """When that became of an item, since it was sent, and at which member; in order of time."""
    table = measured.recording.deliveries
    mine = table.item == item
    sent = table.t[mine & (table.action == SENT)]
    chosen = mine & (table.action == action)
    return table.t[chosen] - sent[0], table.node[chosen]


def spreading(measured: Measured, item: int) -> dict[str, float]:
    source = measured.recording.deliveries.items[item].source
    t, node = when(measured, item, RECEIVED)
    took = np.sort(t[node != source])
    found = {"reached": float(len(took))}
    for name, share in SHARES.items():
        count = math.ceil(share * (measured.n - 1))
        if count <= len(took):
            found[name] = float(took[count - 1])
    return found


def answering(measured: Measured, item: int) -> dict[str, float]:
    """What came back, the asking member's own included."""
    acks, _ = when(measured, item, ACKED)
    answers, _ = when(measured, item, ANSWERED)
    closed, _ = when(measured, item, CLOSED)
    found = {"acks": float(len(acks)), "answers": float(len(answers))}
    if len(acks):
        found["last_ack_s"] = float(acks.max())
    if len(closed):
        found["closed_s"] = float(closed[0])
    return found


def copies(measured: Measured, kind: str) -> list[float]:
    """Copies on the wire, in order; counted from the second in which it was sent to that of the next."""
    counts = measured.recording.traffic_counts
    begin = counts.start + measured.recording.warm_up
    seconds = [
        begin + math.floor(t - begin) for t, what, _, _ in measured.golden.announcements if what == kind
    ]
    column = "udp/user_event" if kind == "event" else "udp/query"
    return [
        measured.column(counts, column, Window(start, end))[0]
        for start, end in pairwise([*seconds, measured.end])
    ]
