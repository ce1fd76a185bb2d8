"""Measures of a run: events within a window, rates, health, coordinates. Times are since the join."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serfsim.protocol import events
from serfsim.results.scoring.pair_errors import PairErrors
from serfsim.results.scoring.recording import Floats, PerSecond, Recording
from serfsim.rivals.coordinate_table import Places
from serfsim.rivals.euclidean import euclidean
from serfsim.validation.conversion import true_rtt
from serfsim.validation.golden import Golden

Figures = dict[str, list[float]]
Booleans = NDArray[np.bool_]

PER_MINUTE = {
    "failed_ping": events.FAILED_PING,
    "suspect": events.SUSPECT,
    "timeout": events.SUSPICION_TIMEOUT,
    "tcp_saved": events.TCP_FALLBACK_OK,
    "refute_suspect": events.REFUTE_SUSPECT,
    "refute_dead": events.REFUTE_DEAD,
    "push_pull": events.PUSH_PULL,
    "push_pull_failed": events.PUSH_PULL_FAILED,
    "reconnect": events.RECONNECT,
    "failed": events.FAILED,
    "join": events.JOIN,
    "left": events.LEFT,
}
MESSAGES = (
    "ping",
    "indirect_ping",
    "ack",
    "nack",
    "suspect",
    "alive",
    "dead",
    "join_intent",
    "leave_intent",
    "user_event",
    "query",
    "query_response",
)
NUMBERED = ("ping", "indirect_ping", "ack", "nack")
# Sequence numbers below 128 take one byte; this early none has reached 128.
EARLY_S = 45.0


@dataclass(frozen=True)
class Window:
    """A time window [start, end] in seconds since the join."""

    start: float
    end: float

    @property
    def minutes(self) -> float:
        return (self.end - self.start) / 60.0


@dataclass(frozen=True)
class Rows:
    """Rows of the event table, all of shape (m,), in order of time `t` since the join."""

    t: Floats
    observer: NDArray[np.int64]
    subject: NDArray[np.int64]
    detail: NDArray[np.int64]

    def where(self, mask: Booleans) -> Rows:
        return Rows(self.t[mask], self.observer[mask], self.subject[mask], self.detail[mask])

    def within(self, window: Window) -> Rows:
        return self.where((self.t >= window.start) & (self.t <= window.end))

    def about(self, nodes: Iterable[int]) -> Rows:
        return self.where(np.isin(self.subject, list(nodes)))

    def by(self, nodes: Iterable[int]) -> Rows:
        return self.where(np.isin(self.observer, list(nodes)))

    def not_about(self, nodes: Iterable[int]) -> Rows:
        return self.where(~np.isin(self.subject, list(nodes)))

    def not_by(self, nodes: Iterable[int]) -> Rows:
        return self.where(~np.isin(self.observer, list(nodes)))

    def __len__(self) -> int:
        return len(self.t)


@dataclass(frozen=True)
class Measured:
    """A run, and the recording it follows."""

    golden: Golden
    recording: Recording

    @property
    def n(self) -> int:
        return self.golden.n

    @property
    def end(self) -> float:
        return self.golden.end

    def rows(self, *kinds: int) -> Rows:
        """Return the events of these kinds, in order of time."""
        table = self.recording.events
        mask = np.isin(table.kind, kinds)
        return Rows(
            table.t[mask] + self.recording.warm_up,
            table.observer[mask].astype(np.int64),
            table.subject[mask].astype(np.int64),
            table.detail[mask].astype(np.int64),
        )

    # Rates -----------------------------------------------------------------------------------------

    def per_minute(self, window: Window) -> Figures:
        """Return events of the whole cluster per minute."""
        return {
            f"{name}_per_min": [len(self.rows(kind).within(window)) / window.minutes]
            for name, kind in PER_MINUTE.items()
        }

    def rates(self, window: Window) -> Figures:
        """Return messages, streams and bytes per node and second, over the whole seconds of the window.

        Bytes of a message type are those of the messages, of `udp` and `tcp` those of IP packets.
        """
        counts, sizes = self.recording.traffic_counts, self.recording.traffic_bytes
        found = {}
        for name in MESSAGES:
            found[f"{name}_per_node_s"] = [self._rate(counts, f"udp/{name}", window)]
            found[f"{name}_message_bytes_per_node_s"] = [self._rate(sizes, f"message/{name}", window)]
        found["gossip_per_node_s"] = [self._rate(counts, "udp/gossip", window)]
        found["tcp_opens_per_node_s"] = [self._rate(counts, "tcp/connections", window)]
        found["udp_bytes_per_node_s"] = [self._rate(sizes, "udp/datagrams", window)]
        found["tcp_bytes_per_node_s"] = [self._rate(sizes, "tcp/packets", window)]
        return found

    def message_sizes(self) -> Figures:
        """Return the mean bytes of a message of each type without headers; a type never sent is missing."""
        found: Figures = {}
        for name in MESSAGES:
            window = Window(-math.inf, EARLY_S if name in NUMBERED else self.end)
            sent, _ = self.column(self.recording.traffic_counts, f"udp/{name}", window)
            size, _ = self.column(self.recording.traffic_bytes, f"message/{name}", window)
            found[f"{name}_message_bytes"] = [size / sent] if sent else []
        return found

    def _rate(self, table: PerSecond, column: str, window: Window) -> float:
        values, seconds = self.column(table, column, window)
        return values / (seconds * self.n)

    def column(self, table: PerSecond, column: str, window: Window) -> tuple[float, int]:
        """Return the sum of a column over the whole seconds in the window, and their number.

        A table may end before the window does; missing seconds count as 0.
        """
        begin = table.start + self.recording.warm_up
        first = math.ceil(max(window.start - begin, 0.0) - 1e-9)
        last = math.floor(window.end - begin + 1e-9)
        if column not in table.columns:
            return 0.0, last - first
        values = table.values[first:last, table.columns.index(column)]
        return float(values.sum()), last - first

    # Views -----------------------------------------------------------------------------------------

    def flaps(self) -> tuple[int, int]:
        """Count joins after a failed by the same observer of the same subject: all, within flap_timeout."""
        timeout = np.broadcast_to(self.recording.flap_timeout, (self.n,))
        failed: dict[tuple[int, int], float] = {}
        flaps = quick = 0
        joins, fails = self.rows(events.JOIN), self.rows(events.FAILED)
        merged = [(t, 1, o, s) for t, o, s in zip(joins.t, joins.observer, joins.subject, strict=True)]
        merged += [(t, 0, o, s) for t, o, s in zip(fails.t, fails.observer, fails.subject, strict=True)]
        for t, is_join, observer, subject in sorted(merged):
            pair = (int(observer), int(subject))
            if not is_join:
                failed[pair] = t
            elif pair in failed:
                flaps += 1
                quick += t - failed.pop(pair) < timeout[pair[0]]
        return flaps, quick

    def pairs_not_alive(self, at: float, nodes: Iterable[int]) -> int:
        """Count ordered pairs of different `nodes` whose observer did not see the subject alive at a time."""
        among = sorted(nodes)
        alive = np.zeros((self.n, self.n), dtype=np.bool_)
        changes = [(t, o, s, True) for t, o, s, _ in self._rows_of(events.JOIN)]
        for kind in (events.FAILED, events.LEFT, events.LEFT_FORCED):
            changes += [(t, o, s, False) for t, o, s, _ in self._rows_of(kind)]
        for t, observer, subject, up in sorted(changes):
            if t <= at:
                alive[observer, subject] = up
        chosen = alive[np.ix_(among, among)]
        return int((~chosen).sum() - (~np.diag(chosen)).sum())

    def _rows_of(self, kind: int) -> list[tuple[float, int, int, int]]:
        rows = self.rows(kind)
        columns = (rows.t.tolist(), rows.observer.tolist(), rows.subject.tolist(), rows.detail.tolist())
        return list(zip(*columns, strict=True))

    # Health ----------------------------------------------------------------------------------------

    def health(self, window: Window, nodes: Iterable[int]) -> float:
        """Return the mean health score of `nodes` over the window."""
        rows = self.rows(events.HEALTH)
        means = []
        for node in nodes:
            mine = rows.where(rows.observer == node)
            before = mine.detail[mine.t <= window.start]
            inside = (mine.t > window.start) & (mine.t < window.end)
            times = np.concatenate(([window.start], mine.t[inside], [window.end]))
            first = before[-1] if len(before) else 0
            scores = np.concatenate(([first], mine.detail[inside]))
            means.append(float((scores * np.diff(times)).sum() / (window.end - window.start)))
        return float(np.mean(means)) if means else math.nan

    # Coordinates -----------------------------------------------------------------------------------

    def sample_at(self, at: float) -> int | None:
        """Return the index of the sample nearest to a time; None without samples."""
        times = self.recording.coordinates.t
        return int(np.argmin(np.abs(times + self.recording.warm_up - at))) if len(times) else None

    def sample_time(self, sample: int) -> float:
        return float(self.recording.coordinates.t[sample]) + self.recording.warm_up

    def coordinate_errors(self, sample: int, rtt: Floats | None = None) -> tuple[float, float, float]:
        """Return median and p90 relative error and median absolute error (ms) of one sample.

        Over all ordered pairs of live nodes, by Serf's own distance; `rtt`, (n, n), is the truth, by default
        the recording's.
        """
        samples = self.recording.coordinates
        nodes = np.flatnonzero(samples.live[sample])
        if len(nodes) < 2:
            return math.nan, math.nan, math.nan
        places = Places(samples.vec[sample], samples.height[sample], samples.adjustment[sample])
        true = true_rtt(self.golden) if rtt is None else rtt
        errors = PairErrors(len(nodes) ** 2)
        self_pair = np.eye(len(nodes), dtype=np.bool_)
        errors.add(euclidean(places, nodes, nodes), true[np.ix_(nodes, nodes)], self_pair)
        relative, absolute = errors.figures()
        return float(relative[0]), float(relative[1]), 1000.0 * float(absolute[0])

    def vivaldi_error(self, sample: int) -> float:
        """Return the mean error term of the live nodes' own coordinates."""
        samples = self.recording.coordinates
        return float(samples.error[sample][samples.live[sample]].mean())


def spread(name: str, values: Floats | list[float]) -> Figures:
    """Return median, mean and extremes of values within one run, each a figure; empty without values."""
    if len(values) == 0:
        return {f"{name}_{what}_s": [] for what in ("first", "median", "mean", "last")}
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return {
        f"{name}_first_s": [float(ordered[0])],
        f"{name}_median_s": [float(np.median(ordered))],
        f"{name}_mean_s": [float(ordered.mean())],
        f"{name}_last_s": [float(ordered[-1])],
    }
