"""Latency of packets between two hosts when nothing disturbs them.

A latency model answers `one_way(source, target)` for every packet, in a few instructions and from packed
arrays. A round trip is the sum of both ways: `rtt_row` is the truth that coordinates are scored against.

Jitter, loss and processing have modules of their own (`jitter`, `loss`, `host`). Models that change with
time implement `advance`.
"""

from __future__ import annotations

import math

from serfsim.native import append, i32, i64, mypyc_attr, vec


@mypyc_attr(allow_interpreted_subclasses=True)
class Latency:
    """Base of all models. Hosts are numbered from 0; all times are seconds."""

    def one_way(self, source: i64, target: i64) -> float:
        """Seconds from `source` to `target`; 0 from a host to itself."""
        raise NotImplementedError

    def advance(self, now: float) -> float:
        """Make the latencies those of the time `now`; the time of the next change.

        Infinity where nothing will change again, as for all models but `SliceLatency`.
        """
        return math.inf

    def rtt_row(self, source: i64, n: i64) -> vec[float]:
        """Round-trip seconds from `source` to each of the hosts 0 .. n-1; shape (n,)."""
        row = vec[float]()
        target: i64 = 0
        while target < n:
            row = append(row, self.one_way(source, target) + self.one_way(target, source))
            target += 1
        return row

    def one_way_row(self, source: i64, n: i64) -> vec[float]:
        """One-way seconds from `source` to each of the hosts 0 .. n-1; shape (n,)."""
        row = vec[float]()
        target: i64 = 0
        while target < n:
            row = append(row, self.one_way(source, target))
            target += 1
        return row


class PlaneLatency(Latency):
    """Hosts on a plane, each at the end of an access link: the model behind Vivaldi's height.

    RTT = Euclidean distance + both heights, clipped to [rtt_min, rtt_max]; a bound of 0 does not
    bind. One way is half of it. x, y, height: seconds of RTT, shape (n,). ValueError if the
    shapes differ. Source: Dabek et al., "Vivaldi", SIGCOMM 2004, section 5.4.
    """

    def __init__(
        self, x: vec[float], y: vec[float], height: vec[float], rtt_min: float = 0.0, rtt_max: float = 0.0
    ) -> None:
        if len(x) != len(y) or len(x) != len(height):
            raise ValueError("x, y and height must be equally long")
        self.x = x
        self.y = y
        self.height = height
        self.rtt_min = rtt_min
        self.rtt_max = rtt_max

    def one_way(self, source: i64, target: i64) -> float:
        if source == target:
            return 0.0
        dx = self.x[source] - self.x[target]
        dy = self.y[source] - self.y[target]
        rtt = math.sqrt(dx * dx + dy * dy) + (self.height[source] + self.height[target])
        if self.rtt_min > 0.0 and rtt < self.rtt_min:
            rtt = self.rtt_min
        if self.rtt_max > 0.0 and rtt > self.rtt_max:
            rtt = self.rtt_max
        return rtt / 2.0


class WholeNanosecondPlane(Latency):
    """A plane whose RTTs are cut to whole nanoseconds, as Serf's own test networks are.

    RTT = (Euclidean distance + both heights) * unit_ns, cut to an integer. x, y and height are
    counted in units (the spacing of a grid, the radius of a circle), shape (n,). ValueError if the
    shapes differ. Source: spec coordinate.md section 6.
    """

    def __init__(self, x: vec[float], y: vec[float], height: vec[float], unit_ns: float) -> None:
        if len(x) != len(y) or len(x) != len(height):
            raise ValueError("x, y and height must be equally long")
        self.x = x
        self.y = y
        self.height = height
        self.unit_ns = unit_ns

    def one_way(self, source: i64, target: i64) -> float:
        if source == target:
            return 0.0
        dx = self.x[source] - self.x[target]
        dy = self.y[source] - self.y[target]
        rtt = math.sqrt(dx * dx + dy * dy) + (self.height[source] + self.height[target])
        # A millionth of a nanosecond is added so that rounding does not cut a whole number short.
        return float(math.floor(rtt * self.unit_ns + 1e-6)) / 2e9


class MatrixLatency(Latency):
    """Any latencies at all. one_way: seconds, n * n values row by row, row = source.

    May be asymmetric; the diagonal is ignored. ValueError if the shape is wrong.
    """

    def __init__(self, n: i64, one_way: vec[float]) -> None:
        if len(one_way) != n * n:
            raise ValueError("a matrix of latencies needs n * n values")
        self.n: i64 = n
        self.values = one_way

    def one_way(self, source: i64, target: i64) -> float:
        if source == target:
            return 0.0
        return self.values[source * self.n + target]


class SliceLatency(Latency):
    """A matrix that is replaced by the next one at given times, such as measurements over days.

    starts: when each slice begins, rising, seconds; shape (k,). The first also holds before its
    start, the last for ever. one_way: seconds, k * n * n values, slice by slice and row by row.
    ValueError if a shape is wrong or the starts do not rise.
    """

    def __init__(self, n: i64, starts: vec[float], one_way: vec[float]) -> None:
        if len(starts) == 0 or len(one_way) != len(starts) * n * n:
            raise ValueError("slices of latencies need n * n values for each start")
        i: i64 = 1
        while i < len(starts):
            if not starts[i] > starts[i - 1]:
                raise ValueError("the starts of slices must rise")
            i += 1
        self.n: i64 = n
        self.starts = starts
        self.values = one_way
        self.offset: i64 = 0  # where the slice in force begins in `values`

    def one_way(self, source: i64, target: i64) -> float:
        if source == target:
            return 0.0
        return self.values[self.offset + source * self.n + target]

    def advance(self, now: float) -> float:
        k: i64 = 0
        while k + 1 < len(self.starts) and self.starts[k + 1] <= now:
            k += 1
        self.offset = k * self.n * self.n
        if k + 1 < len(self.starts):
            return self.starts[k + 1]
        return math.inf


class SiteLatency(Latency):
    """Many hosts at a few sites (data centres, routers), which takes n + sites^2 numbers.

    One way = access of the source + between the two sites + access of the target, in seconds.
    site: the site of each host, shape (n,). one_way: sites * sites values row by row; those on the
    diagonal hold between two different hosts of one site. access: shape (n,). ValueError if a
    shape is wrong or a site does not exist.
    """

    def __init__(self, site: vec[i32], sites: i64, one_way: vec[float], access: vec[float]) -> None:
        if len(one_way) != sites * sites or len(site) != len(access):
            raise ValueError("sites need sites * sites values, and each host a site and an access latency")
        i: i64 = 0
        while i < len(site):
            number: i64 = i64(site[i])
            if number < 0 or number >= sites:
                raise ValueError("a host is at a site that does not exist")
            i += 1
        self.site = site
        self.sites: i64 = sites
        self.values = one_way
        self.access = access

    def one_way(self, source: i64, target: i64) -> float:
        if source == target:
            return 0.0
        between = self.values[i64(self.site[source]) * self.sites + i64(self.site[target])]
        return between + (self.access[source] + self.access[target])
