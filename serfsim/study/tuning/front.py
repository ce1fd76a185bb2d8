"""The Pareto front: the settings that no other one beats in both of two goals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serfsim.study.statistics import Interval, interval
from serfsim.study.tuning.goals import Goal
from serfsim.study.tuning.settings import Setting


def measured(setting: Setting, goal: Goal, confidence: float) -> Interval:
    """A goal at a setting. A run without the figure counts as worse than any with one."""
    worst = math.inf if goal.better == "lower" else -math.inf
    values = setting.values(goal.figure, without=worst, failed=worst)
    return interval(values, goal.statistic, confidence)


def on_front(first: Sequence[float], second: Sequence[float], ways: tuple[str, str]) -> list[bool]:
    """Which of the points (first, second) no other is at least as good as in both, and better in one.

    `ways`: whether 'lower' or 'higher' is better in each. What is not finite is on no front.
    """
    signs = [1.0 if way == "lower" else -1.0 for way in ways]
    points = [(signs[0] * x, signs[1] * y) for x, y in zip(first, second, strict=True)]

    def beaten(point: tuple[float, float]) -> bool:
        return any(x <= point[0] and y <= point[1] and (x, y) != point for x, y in points)

    return [math.isfinite(x) and math.isfinite(y) and not beaten((x, y)) for x, y in points]
