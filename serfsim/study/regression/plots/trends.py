"""The history plot: medians of headline figures over the accepted baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from serfsim.report.plots import style
from serfsim.scenario.figures import unit_of
from serfsim.study.regression.history import HEADLINES, RECORDED, series

COLUMNS = 3
PANEL = (4.2, 2.5)  # inches
MOST_LINES = 60
MOST_SCENARIOS = 8  # per panel
DASHES: Any = ("-", (0, (4, 1.5)), (0, (1, 1)))
MARKERS = ("o", "s", "^")
NAMED = 12  # commits named below a panel


def panels(history: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return {figure: scenarios} of the latest lines; the scenarios that moved most where there are many."""
    names = list(dict.fromkeys(name for line in history for name in line["scenarios"]))
    found = {}
    for figure in HEADLINES:
        having = [name for name in names if not np.isnan(series(list(history), name, figure)[:, 1]).all()]
        having.sort(key=lambda name: -_relative_movement(history, name, figure))
        if having:
            found[figure] = sorted(having[:MOST_SCENARIOS])
    return found


def _relative_movement(history: Sequence[dict[str, Any]], scenario: str, figure: str) -> float:
    """Return the relative movement of the median over time."""
    median = series(list(history), scenario, figure)[:, 1]
    median = median[~np.isnan(median)]
    return float(np.ptp(median) / (np.abs(median).max() or 1.0))


def size(history: Sequence[dict[str, Any]]) -> tuple[float, float]:
    rows = -(-len(panels(history[-MOST_LINES:])) // COLUMNS)
    return COLUMNS * PANEL[0], max(rows, 1) * PANEL[1] + 1.0


def draw(history: Sequence[dict[str, Any]], figure: Figure) -> None:
    """Draw all panels into an empty figure."""
    shown = list(history[-MOST_LINES:])
    which = panels(shown)
    if not which:
        style.draw_nothing(figure.add_subplot(), "History", "no line in the history yet")
        return
    names = sorted({name for those in which.values() for name in those})
    look = {name: _look(place) for place, name in enumerate(names)}
    rows = -(-len(which) // COLUMNS)
    axes = figure.subplots(rows, COLUMNS, squeeze=False)
    for ax, (name, scenarios) in zip(axes.flat, which.items(), strict=False):
        if len(shown) == 1:
            _single(ax, shown, name, scenarios, look)
        else:
            _panel(ax, shown, name, scenarios, look)
    for ax in list(axes.flat)[len(which) :]:
        ax.set_axis_off()
    handles = {}
    for ax in axes.flat:
        handles.update(dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True)))
    if len(shown) > 1:
        ordered = [handles[name] for name in names]
        figure.legend(handles=ordered, loc="outside lower center", ncols=min(7, len(ordered)), fontsize=9)
    first, last = shown[0].get("date", "")[:10], shown[-1].get("date", "")[:10]
    count = f"the last {len(shown)} of {len(history)}" if len(shown) < len(history) else str(len(shown))
    what = f"{count} {'lines' if len(history) > 1 else 'line'} of the history"
    if any(line.get("kind") == RECORDED for line in shown):
        what += " (hollow: recorded, not accepted)"
    when = first if first == last else f"{first} to {last}"
    figure.suptitle(
        f"Medians over seeds, with the middle half of the runs: {what}, {when}",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )


def _look(place: int) -> dict[str, Any]:
    colours = [colour for colour in style.CYCLE if colour != style.GREY]
    turn = place // len(colours) % len(MARKERS)
    return {"color": colours[place % len(colours)], "linestyle": DASHES[turn], "marker": MARKERS[turn]}


def _single(
    ax: Axes, lines: list[dict[str, Any]], figure: str, scenarios: list[str], look: dict[str, dict[str, Any]]
) -> None:
    """Draw a history of one line: a row for each scenario."""
    for row, name in enumerate(reversed(scenarios)):
        low, middle, high = series(lines, name, figure)[0]
        ax.plot([low, high], [row, row], color=look[name]["color"], linewidth=3, alpha=0.35)
        ax.plot([middle], [row], color=look[name]["color"], marker="o", markersize=5)
    _title(ax, figure)
    ax.set_yticks(range(len(scenarios)), list(reversed(scenarios)), fontsize=7)
    ax.set_ylim(-0.7, len(scenarios) - 0.3)
    least = min(series(lines, name, figure)[0, 0] for name in scenarios)
    ax.set_xlim(left=0.0 if least >= 0.0 else None)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.tick_params(axis="x", labelsize=8)


def _title(ax: Axes, figure: str) -> None:
    unit = unit_of(figure)
    ax.set_title(f"{figure} [{unit}]" if unit else figure, fontsize=9, pad=5)


def _panel(
    ax: Axes, lines: list[dict[str, Any]], figure: str, scenarios: list[str], look: dict[str, dict[str, Any]]
) -> None:
    x = np.arange(len(lines))
    for name in scenarios:
        low, middle, high = series(lines, name, figure).T
        ax.fill_between(x, low, high, color=look[name]["color"], alpha=0.15, linewidth=0)
        ax.plot(x, middle, markersize=4, linewidth=1.4, label=name, **look[name])
        recorded = [place for place, line in enumerate(lines) if line.get("kind") == RECORDED]
        hollow = {**look[name], "linestyle": "", "markerfacecolor": "white"}
        ax.plot(x[recorded], middle[recorded], markersize=4, **hollow)
    _title(ax, figure)
    ax.set_xlim(-0.5, len(lines) - 0.5)
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.tick_params(labelsize=8)
    every = -(-len(lines) // NAMED)
    ax.set_xticks(x[::every])
    ax.set_xticklabels([_name(line) for line in lines[::every]], rotation=35, ha="right", fontsize=7)


def _name(line: dict[str, Any]) -> str:
    commit = str(line.get("commit") or "")
    return f"{commit[:7]}{'+' if commit.endswith('+changes') else ''}" or str(line.get("date", ""))[:10]
