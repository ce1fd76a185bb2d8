"""The plot of a tuning: two goals against each other, with the Pareto front."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.report.plots import style
from serfsim.report.plots.labels import place_labels
from serfsim.study.statistics import Interval
from serfsim.study.tuning.describe import SIGNS, format_confidence
from serfsim.study.tuning.goals import Constraint, Goal

if TYPE_CHECKING:
    from serfsim.study.tuning.tuning import Judged, Tuning

# verdict: colour, marker, filled, legend label
LOOKS: Final = {
    "satisfied": (style.BLUE, "o", True, "satisfied"),
    "undecided": (style.ORANGE, "D", False, "undecided"),
    "violated": (style.RED, "X", True, "violated"),
}
MANY: Final = 30.0  # ratio of the largest to the smallest positive value above which an axis is logarithmic
MOST_NAMED: Final = 12  # settings; above this only the front is named and has intervals
LINE: Final = 115  # characters of a line below the title
ROOM: Final = 0.12  # fraction of the axis beyond the outermost point


def draw(tuning: Tuning, ax: Axes) -> Axes:
    shown = [one for one in tuning.settings if all(math.isfinite(goal.estimate) for goal in one.pareto)]
    names = " and ".join(goal.name for goal in tuning.pareto)
    title = f"{tuning.name}: settings and what they cost"
    if not shown:
        return style.draw_nothing(ax, title, f"no setting has both {names} in every run")
    named = [one for one in shown if len(shown) <= MOST_NAMED or one.on_front or one is tuning.chosen]
    left_out = len(tuning.settings) - len(shown)
    hidden = f"; {left_out} without a value not drawn" if left_out else ""
    if len(named) < len(shown):
        hidden += f"; {len(shown) - len(named)} behind the front are not named"
    style.heading(ax, title, textwrap.fill(f"{_subtitle(tuning)}{hidden}", LINE))
    for side, goal in enumerate(tuning.pareto):
        _axis(ax, "xy"[side], goal, [one.pareto[side] for one in shown], tuning)
    _threshold(ax, tuning)
    _front(ax, [one for one in shown if one.on_front])
    for verdict in LOOKS:
        members = [one for one in shown if one.verdict == verdict]
        _bars(ax, [one for one in members if one in named], LOOKS[verdict][0])
        _points(ax, members, verdict, asked=bool(tuning.constraints))
    if tuning.chosen in shown:
        x, y = (goal.estimate for goal in tuning.chosen.pareto)
        ax.scatter([x], [y], s=330, facecolors="none", edgecolors=style.BLUE, linewidths=2.0, zorder=5)
    _labels(ax, named, tuning.chosen)
    style.legend(ax)
    return ax


def _subtitle(tuning: Tuning) -> str:
    chosen = "no setting is shown to keep the constraints"
    if tuning.chosen is not None:
        chosen = f"chosen: {tuning.chosen.setting.name}"
    bars = (
        f"{format_confidence(tuning.confidence)} intervals over seeds, with an arrow where there is no bound"
    )
    return f"Bars: {bars}; {chosen}"


def _axis(ax: Axes, side: str, goal: Goal, intervals: Sequence[Interval], tuning: Tuning) -> None:
    """Set label, scale and limits so that every estimate and every finite bound shows."""
    values = [
        value for one in intervals for value in (one.estimate, one.low, one.high) if math.isfinite(value)
    ]
    if isinstance(goal, Constraint):
        values.append(goal.threshold)
    low, high = min(values), max(values)
    positive = [abs(value) for value in values if value != 0]
    wide = low >= 0 and bool(positive) and high > MANY * min(positive)
    scale, limit = (ax.set_xscale, ax.set_xlim) if side == "x" else (ax.set_yscale, ax.set_ylim)
    if wide:
        scale("symlog", linthresh=min(positive), linscale=0.6)
        (ax.xaxis if side == "x" else ax.yaxis).set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        limit(-0.45 * min(positive) if low == 0 else low / 1.6, high * 2.2)
    else:
        span = high - low or abs(high) or 1.0
        limit(low - ROOM * span, high + ROOM * span)
    unit = f" [{goal.unit}]" if goal.unit else ""
    label = f"{goal.figure}, {goal.statistic} over seeds{unit}"
    (ax.set_xlabel if side == "x" else ax.set_ylabel)(label)


def _threshold(ax: Axes, tuning: Tuning) -> None:
    """Draw the constraint on the first axis and shade the excluded side."""
    goal = tuning.pareto[0]
    if not isinstance(goal, Constraint):
        return
    low, high = ax.get_xlim()
    asked = f"{SIGNS[goal.comparison]} {goal.threshold:g} {goal.unit}".rstrip()
    bad = (goal.threshold, high) if goal.better == "lower" else (low, goal.threshold)
    ax.axvspan(*bad, color=style.FAULT, linewidth=0, zorder=0.4)
    ax.axvline(goal.threshold, color=style.GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=0.6)
    ax.annotate(
        f"asked: {goal.statistic} {asked}",
        (goal.threshold, 0.0),
        (4, 5),
        ("data", "axes fraction"),
        "offset points",
        fontsize=9,
        color=style.SOFT,
    )


def _front(ax: Axes, members: Sequence[Judged]) -> None:
    """Draw a line through the front, from one member to the next."""
    points = _corners(members)
    if len(points) > 1:
        x, y = zip(*points, strict=True)
        ax.plot(x, y, color=style.LIGHT, linewidth=2.4, zorder=1.5, label="Pareto front")


def _corners(members: Sequence[Judged]) -> list[tuple[float, float]]:
    return sorted((one.pareto[0].estimate, one.pareto[1].estimate) for one in members)


def _points(ax: Axes, members: Sequence[Judged], verdict: str, *, asked: bool) -> None:
    if not members:
        return
    colour, marker, filled, label = LOOKS[verdict]
    ax.scatter(
        [one.pareto[0].estimate for one in members],
        [one.pareto[1].estimate for one in members],
        s=72,
        marker=marker,
        facecolors=colour if filled else "white",
        edgecolors=colour if not filled else "white",
        linewidths=1.8 if not filled else 0.8,
        zorder=4,
        label=label if asked else "setting",
    )


def _bars(ax: Axes, members: Sequence[Judged], colour: str) -> None:
    for one in members:
        x, y = one.pareto
        _bar(ax, "x", x, y.estimate, colour)
        _bar(ax, "y", y, x.estimate, colour)


def _bar(ax: Axes, side: str, interval: Interval, across: float, colour: str) -> None:
    """Draw an interval as a line, with an arrow at the edge for an unknown bound."""
    edges = ax.get_xlim() if side == "x" else ax.get_ylim()
    ends = [
        bound if math.isfinite(bound) else edges[end]
        for end, bound in enumerate((interval.low, interval.high))
    ]
    along, level = np.array(ends), np.full(2, across)
    x, y = (along, level) if side == "x" else (level, along)
    ax.plot(x, y, color=colour, linewidth=1.3, alpha=0.75, zorder=2.5)
    for end, bound in enumerate((interval.low, interval.high)):
        if not math.isfinite(bound):
            arrow = {"x": "<>", "y": "v^"}[side][end]
            ax.plot(x[end], y[end], marker=arrow, color=colour, markersize=6, clip_on=False, zorder=2.5)


def _labels(ax: Axes, shown: Sequence[Judged], chosen: Judged | None) -> None:
    points = [(one.pareto[0].estimate, one.pareto[1].estimate) for one in shown]
    texts = [one.setting.name for one in shown]
    bold = [one is chosen for one in shown]
    bars = [[(goal.low, goal.high) for goal in one.pareto] for one in shown]
    place_labels(
        ax, points, texts, bold=bold, bars=bars, line=_corners([one for one in shown if one.on_front])
    )
