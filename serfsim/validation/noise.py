"""Delays caused by other load on the recording machine, estimated from each recording.

Agents and switch shared a busy machine. Recordings contain the excess of pings over both latencies: median
and 90th percentile over the run, and the maximum of every second. Each one-way trip therefore takes slightly
longer at random (`body`), and where the maximum of a second stands out the machine stalls (`stalls`): from a
random moment of that second, the next packet to arrive waits for the length of the stall, and so do packets
that arrive during it. Packets sent together to one target take equally long, since the machine did not
reorder them; an emulated network with jitter did.

Nothing here is fitted to the compared figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from serfsim.native import Random
from serfsim.network.jitter import Jitter
from serfsim.validation.golden import Golden

# Ratio of the 90th percentile to the median of the excess, in the median recording; for recordings whose own
# quantiles include faults of agents or network.
USUAL_SPREAD = 2.2
OFF_THE_SCALE_S = 0.020  # seconds; the recorded quantiles end here
NORMAL = NormalDist()

# Kinds in which a ping is slow for another reason: its target was stopped.
STOPPED = ("pause",)

EARLY_S = 3.0  # seconds; the latency filters of all pairs hold their first samples
EARLY_STALL_S = 0.015


def both_ways(golden: Golden) -> tuple[float, float] | None:
    """Return the excess of a round trip, median * exp(sigma * N(0, 1)) seconds, as (median, sigma).

    None for emulated jitter, which the recorded figures then include.
    """
    if golden.jitter_fraction:
        return None
    excess = golden.raw["traffic"]["ping_excess"]
    median, high = float(excess["p50_us"]) * 1e-6, float(excess["p90_us"]) * 1e-6
    if golden.kind in STOPPED or high >= OFF_THE_SCALE_S:
        high = USUAL_SPREAD * median
    return median, math.log(high / median) / NORMAL.inv_cdf(0.9)


def body(golden: Golden) -> tuple[float, float] | None:
    """Return the excess of a one-way trip, by Fenton's approximation of a sum of lognormals (1960)."""
    both = both_ways(golden)
    if both is None:
        return None
    median, sigma = both
    each = math.log1p(2.0 * math.expm1(sigma**2))
    mean = median * math.exp(0.5 * sigma**2)
    return 0.5 * mean * math.exp(-0.5 * each), math.sqrt(each)


def stalls(golden: Golden) -> list[float]:
    """Return the seconds the machine stalled in every second from `series_start` on.

    The maximum excess of a second's pings beyond the median; without pings, the switch's delay in writing a
    packet, or the overrun of a thread sleeping 10 ms at a time. Maxima that `body` explains are no stalls.
    """
    traffic = golden.raw["traffic"]
    told = traffic.get("ping_excess_max_us_per_s") or []
    median, usual = 0.0, 0.0
    both = both_ways(golden)
    if both is not None:
        median, usual = both[0], both[0] * math.exp(both[1] * NORMAL.inv_cdf(1.0 - 1.0 / golden.n))
    if golden.kind in STOPPED or both is None:
        told = []
    others = [traffic.get(f"{what}_max_us_per_s") or [] for what in ("lateness", "sleep_overrun")]
    seconds = range(max(map(len, (told, *others))))
    noted = [1e-6 * (at(told, k) or max(at(series, k) for series in others)) for k in seconds]
    return [length - median if length > usual else 0.0 for length in noted]


def at(series: Sequence[float], second: int) -> float:
    return float(series[second]) if second < len(series) else 0.0


def early_stall(golden: Golden) -> float:
    """Return the longest stall of the first seconds after the join, in seconds; 0 without a long one.

    A stall during the join stays in the coordinates' latency filters and returns a minute later.
    """
    begin = float(golden.raw["traffic"]["series_start"])
    early = [length for k, length in enumerate(stalls(golden)) if -1.0 < begin + k < EARLY_S]
    longest = max(early, default=0.0)
    return longest if longest >= EARLY_STALL_S else 0.0


class MachineNoise(Jitter):
    """Network noise: `others` and the stalls.

    `begin`: start of the first second, on the clock of `now`. `overtaking`: packets sent together have
    independent delays.
    """

    def __init__(
        self,
        others: Jitter,
        lengths: list[float],
        begin: float,
        rng: Random,
        now: Callable[[], float],
        *,
        overtaking: bool = False,
    ) -> None:
        self.others = others
        self.now = now
        # Time, distance, random stream and excess of the last packet.
        self.last: tuple[float, float, Random | None] = (-math.inf, 0.0, None)
        self.last_extra = 0.0
        self.overtaking = overtaking
        self.lengths = [*lengths, 0.0]
        self.ready = [*(begin + k + rng.random() for k in range(len(lengths))), math.inf]
        self.coming = 0  # index of the next stall
        self.stalled_from = self.stalled_until = -math.inf

    def sample(self, base: float, rng: Random) -> float:
        extra = self.others.sample(base, rng)
        packet = (self.now(), base, rng)
        if packet == self.last and not self.overtaking:
            extra = self.last_extra
        self.last, self.last_extra = packet, extra
        arrival = packet[0] + base + extra
        if arrival >= self.ready[self.coming]:
            self.stall(arrival)
        # Packets are drawn when sent: one arriving before the stall may be drawn after it.
        if self.stalled_from <= arrival < self.stalled_until:
            return extra + self.stalled_until - arrival
        return extra

    def stall(self, arrival: float) -> None:
        """Begin the stall that is due; stalls of seconds without packets are skipped."""
        while arrival >= self.ready[self.coming + 1]:
            self.coming += 1
        until = arrival + self.lengths[self.coming]
        self.coming += 1
        if until > self.stalled_until:
            self.stalled_from = min(arrival, self.stalled_from) if arrival < self.stalled_until else arrival
            self.stalled_until = until

    def mean(self, base: float) -> float:
        return self.others.mean(base)
