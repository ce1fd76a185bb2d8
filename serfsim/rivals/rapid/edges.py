"""The detector of an edge: probes, and how many of the last ones failed (section 6)."""

from __future__ import annotations

from serfsim.native import i64


class Edge:
    """One subject of an observer. `history` has a bit for each of its last probes, 1 for a failed one."""

    def __init__(self, window: i64, failures: i64) -> None:
        self.mask: int = (1 << int(window)) - 1
        self.failures: i64 = failures
        self.history: int = 0
        self.awaited: i64 = 0  # the number of the probe under way, 0 without one
        self.is_faulty = False

    def sent(self, number: i64) -> None:
        self.awaited = number

    def answered(self, number: i64) -> None:
        if self.awaited == number:
            self.awaited = 0
            self.history = (self.history << 1) & self.mask

    def end_probe(self) -> bool:
        """Count a probe without answer as failed; return True if the edge turns faulty, for good."""
        if self.awaited:
            self.awaited = 0
            self.history = (self.history << 1 | 1) & self.mask
        if self.is_faulty or self.history.bit_count() < self.failures:
            return False
        self.is_faulty = True
        return True
