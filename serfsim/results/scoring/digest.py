"""A digest of everything a run did, equal for two runs that did the same."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

from serfsim.results.scoring.recording import PerSecond, Recording
from serfsim.results.scoring.rows import let_go

CHUNK = 1 << 17  # array elements converted at a time


def digest(recording: Recording) -> str:
    """Return a sha256 over what happened, as 64 hex digits; the same on every machine.

    Covers, in this order: node names, events processed, the event table, the three counter tables, the
    coordinate samples, and the deliveries of user events and queries if there are any. Numbers are
    little-endian, 8 bytes each; every array is preceded by its length. Wall time, CPU time and the truth
    are not included.
    """
    state = hashlib.sha256(b"serfsim 1")

    def text(value: str) -> None:
        encoded = value.encode()
        state.update(struct.pack("<q", len(encoded)))
        state.update(encoded)

    def array(values: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_], kind: str) -> None:
        flat = values.reshape(-1)
        state.update(struct.pack("<q", len(flat)))
        for low in range(0, len(flat), CHUNK):
            state.update(np.ascontiguousarray(flat[low : low + CHUNK].astype(kind)).data)
            let_go((flat,))

    def table(values: PerSecond) -> None:
        state.update(struct.pack("<dq", values.start, len(values.columns)))
        for column in values.columns:
            text(column)
        array(values.values, "<i8")

    state.update(struct.pack("<qq", len(recording.names), recording.events_processed))
    for name in recording.names:
        text(name)
    events = recording.events
    array(events.t, "<f8")
    for column in (events.observer, events.subject, events.kind, events.detail):
        array(column, "<i8")
    for counters in (recording.probe_counts, recording.traffic_counts, recording.traffic_bytes):
        table(counters)
    samples = recording.coordinates
    for values in (samples.t, samples.vec, samples.height, samples.adjustment, samples.error):
        array(values, "<f8")
    array(samples.live, "<i8")
    deliveries = recording.deliveries
    if len(deliveries.t):
        array(deliveries.t, "<f8")
        for column in (deliveries.node, deliveries.action, deliveries.item, deliveries.peer):
            array(column, "<i8")
        for item in deliveries.items:
            text(f"{item.kind} {item.ltime} {item.source} {item.size} {item.wants_ack} {item.name}")
    return state.hexdigest()
