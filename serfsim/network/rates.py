"""Counts, in buckets of about 3 %, of what members sent or received in single seconds.

Values below EXACT have buckets of their own; above, every doubling has PARTS buckets of equal width.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, vec

PART_BITS: Final = 5
PARTS: Final = 32
EXACT: Final = 64
BUCKETS: Final = 64 + 32 * 40


def bucket_of(value: i64) -> i64:
    """Return the bucket of a value, which is not negative."""
    shift: i64 = 0
    while value >> shift >= EXACT:
        shift += 1
    return value if shift == 0 else EXACT + (shift - 1) * PARTS + (value >> shift) - PARTS


def middle_of(bucket: i64) -> float:
    """Return the value in the middle of a bucket."""
    if bucket < EXACT:
        return float(bucket)
    shift: i64 = (bucket - EXACT) // PARTS + 1
    lowest: i64 = (PARTS + (bucket - EXACT) % PARTS) << shift
    width: i64 = 1
    width <<= shift
    return float(lowest) + float(width - 1) / 2.0


class Rates:
    """`counts` of positive values by bucket; `n` values with their `total`, the largest of them `most`."""

    def __init__(self) -> None:
        self.counts = vec[i64]([0] * BUCKETS)
        self.n: i64 = 0
        self.total: i64 = 0
        self.most: i64 = 0

    def add(self, value: i64) -> None:
        self.counts[bucket_of(value)] += 1
        self.n += 1
        self.total += value
        if value > self.most:
            self.most = value
