"""The panels of a topology's figure: each takes a survey and axes, and returns the axes.

Above SHOWN nodes, the panels show evenly spaced ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from serfsim.report.plots import style
from serfsim.report.topology_table import EXACT
from serfsim.results.scoring.pair_errors import evenly_spaced
from serfsim.rivals.coordinate_table import Places
from serfsim.rivals.euclidean import euclidean

if TYPE_CHECKING:
    from serfsim.report.topology_survey import Floor, Survey
    from serfsim.results.scoring.recording import Floats, Integers

SHOWN = 500  # nodes
BARS = 40
DECILES = 10
NO_FLOOR = "no best coordinates: nothing to place, or not requested"
COLOURS = "cividis"  # readable with any colour vision


def shown_nodes(survey: Survey) -> Integers:
    return evenly_spaced(np.arange(survey.topology.n, dtype=np.int64), SHOWN)


def shown_rtt(survey: Survey) -> Floats:
    """Return base round-trip times between the nodes shown, ms, shape (m, m)."""
    nodes = shown_nodes(survey)
    return 1000.0 * np.array([survey.topology.rtt_row(int(node))[nodes] for node in nodes])


def pairs_of(matrix: Floats) -> Floats:
    """Return each pair of a symmetric matrix once."""
    values: Floats = matrix[np.triu_indices(len(matrix), 1)]
    return values


def rtt_distribution(survey: Survey, ax: Axes) -> Axes:
    """Draw the distribution of round-trip times over pairs."""
    rtt = pairs_of(shown_rtt(survey))
    rtt = rtt[rtt > 0.0]
    if len(rtt) == 0:
        return style.draw_nothing(ax, "Round-trip times", "no pair of nodes")
    # A log scale from nanoseconds on: if times span decades, even bars would show only one of them.
    wide = rtt.max() > 30.0 * rtt.min()
    low, high = (
        (rtt.min(), rtt.max()) if rtt.max() > 1.001 * rtt.min() else (0.9 * rtt.min(), 1.1 * rtt.max())
    )
    edges = np.geomspace(low, high, BARS + 1) if wide else np.linspace(low, high, BARS + 1)
    ax.hist(rtt, bins=list(edges), weights=np.full(len(rtt), 100.0 / len(rtt)), color=style.SKY, linewidth=0)
    median = float(np.median(rtt))
    ax.axvline(median, color=style.BLUE, linewidth=1.6)
    if wide:
        ax.set_xlim(low / 1.1, high * 1.1)
        _log_axis(ax)
    ax.set_xlabel("round-trip time [ms]")
    ax.set_ylabel("pairs [%]")
    style.heading(ax, "Round-trip times", f"Base latency both ways; the median, {median:.3g} ms, is marked.")
    return ax


def rtt_heat_map(survey: Survey, ax: Axes) -> Axes:
    """Draw round-trip times of all pairs, near nodes side by side."""
    title = "Round-trip times by pair"
    rtt = shown_rtt(survey)
    if len(rtt) < 3 or not (pairs_of(rtt) > 0.0).any():
        return style.draw_nothing(ax, title, "needs three nodes")
    order = cluster_order(rtt)
    values = rtt[np.ix_(order, order)]
    values = np.where(np.eye(len(values), dtype=bool), np.nan, values)
    # A few distant pairs would otherwise leave the rest in one colour.
    image = ax.imshow(
        values,
        aspect="auto",
        cmap=COLOURS,
        interpolation="nearest",
        vmin=0.0,
        vmax=np.nanpercentile(values, 99),
    )
    _colour_bar(ax, image, "round-trip time [ms]")
    ax.grid(visible=False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("node")
    ax.set_ylabel("node")
    style.heading(ax, title, "Colours end at the 99th percentile; nodes in cluster order.")
    return ax


def cluster_order(distance: Floats) -> Integers:
    """Return the leaf order of average-linkage clustering."""
    # start-up: scipy is slow to import
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    symmetric = (distance + distance.T) / 2.0
    np.fill_diagonal(symmetric, 0.0)
    condensed = squareform(symmetric, checks=False)
    tree = linkage(condensed, "average")
    if len(distance) <= 150:
        tree = optimal_leaf_ordering(tree, condensed)
    return np.asarray(leaves_list(tree), dtype=np.int64)


def triangle_severity(survey: Survey, ax: Axes) -> Axes:
    """Draw the ratio of each pair's direct path to its shortest path by one other node."""
    title = "Triangle inequality"
    rtt = shown_rtt(survey)
    if len(rtt) < 3 or not (pairs_of(rtt) > 0.0).any():
        return style.draw_nothing(ax, title, "needs three nodes")
    ways = rtt.copy()
    np.fill_diagonal(ways, np.inf)
    detour = np.array([(ways + row).min(axis=1) for row in ways])
    ratio = np.sort(pairs_of(rtt) / np.maximum(pairs_of(detour), 1e-9))
    ax.axvspan(1.0, max(10.0, ratio[-1] * 2.0), color=style.FAULT, linewidth=0, zorder=0.4, label="violated")
    ax.plot(ratio, 100.0 * np.arange(1, len(ratio) + 1) / len(ratio), color=style.BLUE, linewidth=2.0)
    low, high = max(0.05, float(np.quantile(ratio, 0.001))), max(2.0, float(np.quantile(ratio, 0.999)))
    ax.set_xlim(min(low, 0.5), high)
    _log_axis(ax)
    ax.set_ylim(0.0, 102.0)
    ax.set_xlabel("direct path / shortest path by one other node")
    ax.set_ylabel("pairs up to here [%]")
    share = 100.0 * float(np.mean(ratio > 1.0 + 1e-9))
    style.heading(ax, title, f"{share:.3g} % of pairs have a shorter path by some other node (shaded).")
    return ax


def asymmetry(survey: Survey, ax: Axes) -> Axes:
    """Draw the difference between the two directions of each pair."""
    nodes = shown_nodes(survey)
    one_way = np.array([survey.topology.one_way_row(int(node))[nodes] for node in nodes])
    there, back = pairs_of(one_way), pairs_of(one_way.T)
    mean = (there + back) / 2.0
    ratio = 100.0 * np.sort(np.abs(there - back)[mean > 0.0] / mean[mean > 0.0])
    ax.plot(ratio, 100.0 * np.arange(1, len(ratio) + 1) / len(ratio), color=style.BLUE, linewidth=2.0)
    ax.set_xlim(0.0, max(1.0, float(np.quantile(ratio, 0.995))))
    ax.set_ylim(0.0, 102.0)
    ax.set_xlabel("difference of both directions / their mean [%]")
    ax.set_ylabel("pairs up to here [%]")
    style.heading(ax, "Asymmetry", "One-way latencies of every pair, to its 99.5th percentile.")
    return ax


def floor_distribution(survey: Survey, ax: Axes) -> Axes:
    """Draw the relative errors of the best static coordinates."""
    title = "Best static coordinates"
    floor = survey.floor
    if floor is None:
        return style.draw_nothing(ax, title, NO_FLOOR)
    if survey.vivaldi is None and floor.mean.relative_error["mean"] < EXACT:
        return style.draw_nothing(ax, title, "they fit every pair exactly")
    share = np.linspace(0.0, 100.0, len(floor.mean.curve))
    for placement, colour, dashes, label in (
        (floor.mean, style.BLUE, "-", "least mean"),
        (floor.median, style.ORANGE, (0, (5, 2)), "least median"),
    ):
        ax.plot(
            100.0 * np.maximum(placement.curve, 1e-6),
            share,
            color=colour,
            linestyle=dashes,
            linewidth=2.0,
            label=label,
        )
    last = 100.0 * float(np.quantile(floor.mean.curve, 0.995))
    ax.set_xlim(max(1e-4, min(0.1, last / 1e3)), max(last * 1.5, 0.01))
    vivaldi = survey.vivaldi
    if vivaldi is not None and vivaldi["p50"] is not None:
        points = [(100.0 * vivaldi[name], at) for name, at in (("p50", 50), ("p90", 90), ("p99", 99))]
        ax.plot(*zip(*points, strict=True), "o", color=style.RED, label=label, zorder=4)
        ax.set_xlim(right=max(ax.get_xlim()[1], points[-1][0] * 1.5))
    _log_axis(ax)
    ax.set_ylim(0.0, 102.0)
    ax.set_xlabel("relative error [%]")
    ax.set_ylabel("ordered pairs up to here [%]")
    ax.legend(loc="upper left", frameon=False, fontsize=9.5)
    style.heading(ax, title, "The error that remains even when every round-trip time is known.")
    return ax


def error_by_distance(survey: Survey, ax: Axes) -> Axes:
    """Draw the error of the best coordinates for near and distant pairs."""
    title = "Error by distance"
    if survey.floor is None:
        return style.draw_nothing(ax, title, NO_FLOOR)
    if survey.floor.mean.relative_error["mean"] < EXACT:
        return style.draw_nothing(ax, title, "the best coordinates are exact")
    rtt, error = floor_errors(survey.floor)
    order = np.argsort(rtt, kind="stable")
    groups = np.array_split(order, min(DECILES, len(order)))
    at = [1000.0 * float(np.median(rtt[group])) for group in groups]
    quartiles = np.array([100.0 * np.quantile(error[group], (0.25, 0.5, 0.75)) for group in groups])
    quartiles = np.maximum(quartiles, 1e-4)
    ax.fill_between(at, quartiles[:, 0], quartiles[:, 2], color=style.SKY, alpha=0.35, linewidth=0)
    ax.plot(at, quartiles[:, 1], "o-", color=style.BLUE, linewidth=2.0, markersize=4.5)
    for set_scale, values in ((ax.set_xscale, np.array(at)), (ax.set_yscale, quartiles)):
        if values.max() > 30.0 * values.min():
            set_scale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("round-trip time [ms], by tenths of all pairs")
    ax.set_ylabel("relative error [%]")
    style.heading(ax, title, "Least-mean placement: median and interquartile range per tenth of the pairs.")
    return ax


def floor_errors(floor: Floor) -> tuple[Floats, Floats]:
    """Return true times (s) and relative errors of the least-mean placement, over its fitted pairs."""
    found = floor.mean.embedding
    n = len(found.height)
    everybody = np.arange(n, dtype=np.int64)
    rows = everybody if floor.fitted_to_all else everybody[: len(floor.rtt_s)] * n // len(floor.rtt_s)
    estimate = euclidean(Places(found.vec, found.height, found.adjustment), rows, everybody)
    known = (floor.rtt_s > 0.0) & np.isfinite(floor.rtt_s) & (rows[:, None] != everybody)
    rtt = floor.rtt_s[known]
    return rtt, np.abs(estimate[known] - rtt) / rtt


def _colour_bar(ax: Axes, image: Any, label: str) -> None:
    """Add a narrow colour bar at the right."""
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.045, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)


def _log_axis(ax: Axes) -> None:
    """Set a logarithmic x axis with legible numbers, more of them over few decades."""
    low, high = ax.get_xlim()
    ax.set_xscale("log")
    decades = np.log10(high / max(low, 1e-9))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
