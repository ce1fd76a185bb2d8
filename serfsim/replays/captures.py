"""Captures of a real cluster as a replay: its packets joined into probes, and the events in its messages.

A capture has no truth and no views. A member's view is known as far as it passes on what it believes: it
gossips only messages that it accepted, and its state in a push/pull is its whole view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from serfsim.base.english import printable
from serfsim.capture.messages import DEFAULT_PORTS, CapturedTraffic, read_captures
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.replays.captured_names import CapturedNames
from serfsim.replays.captured_packets import PacketRow, ProbeOutcomes, packet_rows
from serfsim.replays.captured_views import views_of
from serfsim.replays.document import pack
from serfsim.replays.observed import Observed, observed_events
from serfsim.replays.tables import (
    KIND_NAMES,
    LONGEST_FLIGHT,
    LOST,
    SEGMENT_NAMES,
    TICKS,
    Arrays,
    as_tables,
    line_arrays,
    members_type,
    no_arrays,
)
from serfsim.scenario.phrases import format_names

NS: Final = 1e9
MS: Final = 1e3


@dataclass(frozen=True, kw_only=True)
class Capture(Observed):
    """The traffic of some captures. `outcomes` counts probes; `warnings` are for the reader, in words."""

    packets: list[PacketRow]
    outcomes: ProbeOutcomes
    warnings: list[str]

    def counts(self) -> dict[str, int]:
        """Count packets, probes and what can be scored without a truth, in words."""
        return {"packets": len(self.packets)} | self.outcomes.counts() | super().counts()

    def round_trips(self) -> str:
        """Return the round trips of direct acks in words, or ""."""
        times = self.outcomes.rtts
        if not times:
            return ""
        half, most = np.percentile(times, [50, 99]) * MS
        return f"acks after {half:.2f} ms (median), {most:.2f} ms (99th percentile)"

    def lost_acks(self) -> Counter[tuple[str, str]]:
        """Count the pings that no ack came for, by prober and target."""
        named = self.members
        return Counter({(named[a], named[b]): count for (a, b), count in self.outcomes.unanswered.items()})


def read_capture(
    paths: Sequence[Path], keys: Sequence[bytes] = (), ports: frozenset[int] = frozenset()
) -> Capture:
    """Read captures of a cluster, all of one clock; `keys` decrypt, `ports` are memberlist's (none: 7946).

    Raises ResultError for a file that is no capture, or has no traffic that can be read.
    """
    traffic = read_captures(paths, keys, ports or DEFAULT_PORTS)
    names = CapturedNames(traffic)
    rows, outcomes = packet_rows(traffic, names)
    events = sorted([*views_of(traffic, names), *outcomes.events])
    times = [row.t for row in rows] + [event[0] for event in events]
    return Capture(
        members=[printable(name) for name in names.members],
        observers=sorted({row.source for row in rows}),
        events=events,
        start=min(times),
        end=max(times),
        begins_with_start=_begins_with_join(traffic),
        starts=[],
        packets=rows,
        outcomes=outcomes,
        warnings=traffic.warnings,
    )


def _begins_with_join(traffic: CapturedTraffic) -> bool:
    """Tell whether the first push/pull is a join: then nothing is known of the members before."""
    first = next((talk.request for talk in traffic.talks if isinstance(talk.request, PushPull)), None)
    return first is not None and bool(first.join)


def capture_bytes(capture: Capture) -> bytes:
    """Return the data of the page for captures, as `document.document_bytes` does for a result."""
    n = len(capture.members)
    none = np.zeros(0)
    arrays = no_arrays(n) | {
        "packets": packets_of(capture),
        "events": observed_events(capture),
        "log": line_arrays(none, none.astype(np.int64), [], n),
    }
    names = [capture.members[number] for number in capture.observers]
    without = "without the truth; flights are half of the round trip where no arrival was captured"
    return pack(capture.heading(f"packets of {format_names(names)}", without), as_tables(arrays))


def packets_of(capture: Capture) -> Arrays:
    """Return the packets as the page reads them, their times from the start."""
    rows = capture.packets
    small = members_type(len(capture.members))
    flight = np.array([LOST if row.flight is None else row.flight * TICKS for row in rows])
    flight = np.where(flight == LOST, LOST, np.clip(flight, 0, LONGEST_FLIGHT))
    return {
        "t": np.array([row.t for row in rows], dtype=np.float64) - capture.start,
        "flight": flight.astype(np.uint32),
        "kind": np.array([KIND_NAMES.index(row.kind) for row in rows], dtype=np.int8),
        "segment": np.array(
            [SEGMENT_NAMES.index(row.segment) if row.segment else -1 for row in rows], dtype=np.int8
        ),
        "source": np.array([row.source for row in rows], dtype=small),
        "target": np.array([row.target for row in rows], dtype=small),
        "about": np.array([row.about for row in rows], dtype=small),
        "carries": np.array([row.carries for row in rows], dtype=np.uint8),
        "probe": np.array([row.probe for row in rows], dtype=np.int32),
        "bytes": np.array([min(row.bytes, 65535) for row in rows], dtype=np.uint16),
    }
