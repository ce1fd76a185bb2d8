"""Remaining time, estimated from recent progress.

A simulated storm takes a hundred times as long as the calm before it: the pace since the start, or over half
a minute, would promise too early an end.
"""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 5.0
LEAST_S: Final = 0.5  # seconds; shorter spans are too noisy
APART_S: Final = 0.1


class Pace:
    """Estimator fed with the fraction done, 0 to 1, and the time in seconds."""

    def __init__(self, now: float) -> None:
        self._told = deque([(now, 0.0)])  # samples within the window, and the last one before it

    def tell(self, share: float, now: float) -> None:
        if now - self._told[-1][0] < APART_S:
            return
        self._told.append((now, share))
        while len(self._told) > 2 and now - self._told[1][0] >= WINDOW_S:
            self._told.popleft()

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds left at the pace of the last WINDOW_S; None where unknown."""
        (began, first), (_, share) = self._told[0], self._told[-1]
        passed, done = now - began, share - first
        if passed < LEAST_S or done <= 0.0:
            return None
        return max(0.0, 1.0 - share) * passed / done
