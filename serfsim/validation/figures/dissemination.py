"""User events and queries: speed and reach. One value per event or query.

Times are seconds from sending until a share of all other members had it, among items that reached that many
at all. Copies are messages on the wire until the next item of the kind was sent: for a query, 8 from
everybody who had it, including the origin. Members that got an event by push/pull first send none.
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


def times_of(measured: Measured, item: int, action: int) -> tuple[Floats, Floats]:
    """Return the times since sending and the members of an action on an item, in order of time."""
    table = measured.recording.deliveries
    mine = table.item == item
    sent = table.t[mine & (table.action == SENT)]
    chosen = mine & (table.action == action)
    return table.t[chosen] - sent[0], table.node[chosen]


def spreading(measured: Measured, item: int) -> dict[str, float]:
    source = measured.recording.deliveries.items[item].source
    t, node = times_of(measured, item, RECEIVED)
    took = np.sort(t[node != source])
    found = {"reached": float(len(took))}
    for name, share in SHARES.items():
        count = math.ceil(share * (measured.n - 1))
        if count <= len(took):
            found[name] = float(took[count - 1])
    return found


def answering(measured: Measured, item: int) -> dict[str, float]:
    """Measure the responses, including the origin's own."""
    acks, _ = times_of(measured, item, ACKED)
    answers, _ = times_of(measured, item, ANSWERED)
    closed, _ = times_of(measured, item, CLOSED)
    found = {"acks": float(len(acks)), "answers": float(len(answers))}
    if len(acks):
        found["last_ack_s"] = float(acks.max())
    if len(closed):
        found["closed_s"] = float(closed[0])
    return found


def copies(measured: Measured, kind: str) -> list[float]:
    """Return the copies on the wire for each item, from the second it was sent to that of the next item."""
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
