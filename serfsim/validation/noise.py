"""What the recording machine's other jobs added to packets, taken from what each recording noted.

Agents and switch shared a busy machine. How much longer each ping took than both latencies was recorded:
its median and 90th percentile over the run, and the longest of every second. So each way of a packet takes
a little longer at random (`body`), and where the longest of a second stands out the machine stalls for so
long (`stalls`): from a random moment of that second on, the first packet that would arrive waits, and
whatever would arrive in the meantime waits for the stall's end with it. Packets that leave together for the
same target take equally long: the machine let none overtake another. An emulated network with jitter did.

Nothing here is fitted to what is compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from serfsim.native import Random
from serfsim.network.jitter import Jitter
from serfsim.validation.golden import Golden

# Of the recordings' excess the 90th percentile is so many medians, in the median of recordings; for those
# whose own also holds what was done to agents or network.
USUAL_SPREAD = 2.2
OFF_THE_SCALE_S = 0.020  # the recorded quantiles end here
NORMAL = NormalDist()

# Kinds in which a ping takes long for other reasons than the machine: its target was stopped.
STOPPED = ("pause",)

EARLY_S = 3.0  # the latency filters of all pairs hold their first samples
EARLY_STALL_S = 0.015


def both_ways(golden: Golden) -> tuple[float, float] | None:
    """What a round trip takes longer, as median * exp(sigma * N(0, 1)) seconds: (median, sigma).

    None where packets are given jitter, which the recorded figures then hold as well.
    """
    if golden.jitter_fraction:
        return None
    excess = golden.raw["traffic"]["ping_excess"]
    median, high = float(excess["p50_us"]) * 1e-6, float(excess["p90_us"]) * 1e-6
    if golden.kind in STOPPED or high >= OFF_THE_SCALE_S:
        high = USUAL_SPREAD * median
    return median, math.log(high / median) / NORMAL.inv_cdf(0.9)


def body(golden: Golden) -> tuple[float, float] | None:
    """The same of each way, by Fenton's approximation of a sum of lognormals (1960)."""
    both = both_ways(golden)
    if both is None:
        return None
    median, sigma = both
    each = math.log1p(2.0 * math.expm1(sigma**2))
    mean = median * math.exp(0.5 * sigma**2)
    return 0.5 * mean * math.exp(-0.5 * each), math.sqrt(each)


def stalls(golden: Golden) -> list[float]:
    """Seconds that the machine stalled for, a value a second from `series_start` on.

    The longest excess of a second's pings without the median; where no ping told, how late the switch
    wrote a packet, or the overrun of a thread that slept 10 ms at a time. What the body's longest of so
    many pings comes to is no stall.
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
    """The longest stall of the first seconds after the join, in seconds; 0 where none was long.

    What falls into the join stays in the coordinates' latency filters and comes back a minute later.
    """
    begin = float(golden.raw["traffic"]["series_start"])
    early = [length for k, length in enumerate(stalls(golden)) if -1.0 < begin + k < EARLY_S]
    longest = max(early, default=0.0)
    return longest if longest >= EARLY_STALL_S else 0.0


class MachineNoise(Jitter):
    """`others` and the stalls; `begin` is when the first second starts, on the clock of `now`.

    `overtaking`: packets that leave together take each its own time.
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
        # When, how far and by whose random numbers the last packet left, and what it took longer.
        self.last: tuple[float, float, Random | None] = (-math.inf, 0.0, None)
        self.last_extra = 0.0
        self.overtaking = overtaking
        self.lengths = [*lengths, 0.0]
        self.ready = [*(begin + k + rng.random() for k in range(len(lengths))), math.inf]
        self.coming = 0  # the stall that has not begun
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
        # Packets are drawn as they are sent: one that arrives before the stall may be drawn after it.
        if self.stalled_from <= arrival < self.stalled_until:
            return extra + self.stalled_until - arrival
        return extra

    def stall(self, arrival: float) -> None:
        """Begin the stall that is due; those of seconds without a packet never come."""
        while arrival >= self.ready[self.coming + 1]:
            self.coming += 1
        until = arrival + self.lengths[self.coming]
        self.coming += 1
        if until > self.stalled_until:
            self.stalled_from = min(arrival, self.stalled_from) if arrival < self.stalled_until else arrival
            self.stalled_until = until

    def mean(self, base: float) -> float:
        return self.others.mean(base)
