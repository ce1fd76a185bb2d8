"""Linux's timer wheel (kernel/time/timer.c), which rounds up the more the further ahead a timer is.

    timeout        is rounded up to a multiple of
    below 0.252 s    4 ms
    below 2.016 s   32 ms
    below 16.13 s  256 ms
    and so on, each level eight times as far and as coarse

Multiples count from the start of the clock, so a timeout of 1 s takes 1.0 to 1.032 s, and the next one,
set as that one fires, 1.024 s. All kernels tick at HZ = 250, and together.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i64

HZ: Final = 250.0
FIRST_LEVEL: Final = 63  # ticks that the finest level reaches
LEVELS: Final = 8
ROUNDING: Final = 1e-6  # of a tick: times that were ticks are not quite so in floating point


def fires_at(now: float, timeout: float) -> float:
    """Return the time at which a timer fires that is set at `now` for `timeout` seconds later."""
    ticks: i64 = i64(math.ceil(timeout * HZ - ROUNDING))
    due: i64 = i64(math.floor(now * HZ + ROUNDING)) + ticks
    level: i64 = 0
    reach: i64 = FIRST_LEVEL
    while ticks >= reach and level < LEVELS:
        level += 1
        reach *= 8
    unit: i64 = 1 << (3 * level)
    return float((due // unit + 1) * unit) / HZ
