"""Plots of recorded beside simulated figures: over time, over loss, and all figures at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from serfsim.report.plots import style
from serfsim.results.scoring.recording import Floats
from serfsim.validation.compare import AGREES, OPEN, Pair, Row, compare, finite, group_of
from serfsim.validation.figures.coordinates import TIMES_S
from serfsim.validation.releases import order_of
from serfsim.validation.runs import pool_figures

DPI = 130
LOSSES = (5, 10, 20, 30)  # percent


def save_figures(folder: Path, pairs: list[Pair]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(style.STYLE):
        for name, (_, draw) in FIGURES.items():
            draw(pairs).savefig(folder / f"{name}.png", dpi=DPI)


# Behaviour: six panels ------------------------------------------------------------------------------


def behaviour(pairs: list[Pair]) -> Figure:
    """Plot the behaviour of real and simulated clusters, over time and over loss."""
    figure = Figure(figsize=(14.4, 9.4), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.16))
    axes = figure.subplots(2, 3)
    detection(axes[0, 0], pairs)
    spreading(axes[0, 1], pairs)
    coordinates(axes[0, 2], pairs)
    probes_under_loss(axes[1, 0], pairs)
    suspicions_under_loss(axes[1, 1], pairs)
    plot_stopped(axes[1, 2], pairs)
    figure.legend(
        handles=[
            Line2D(
                [],
                [],
                color=style.GREY,
                marker="o",
                markersize=6,
                linestyle="",
                label="real agents, of all releases",
            ),
            Line2D([], [], color=style.GREY, linewidth=2, label="simulated"),
            Patch(color=style.GREY, alpha=0.22, label="middle 98 % of simulated runs"),
        ],
        loc="outside lower center",
        ncols=3,
        fontsize=11,
    )
    return figure


def members(pairs: list[Pair], group: str) -> list[Pair]:
    return [pair for pair in pairs if group_of(pair.golden) == group]


def recorded_values(pairs: list[Pair], figure: str) -> Floats:
    return finite([value for pair in pairs for value in pair.recorded.get(figure, [])])


def simulated_values(pairs: list[Pair], figure: str) -> Floats:
    return finite([value for pair in pairs for value in pool_figures(pair.runs, figure)])


def distribution(ax: Axes, pairs: list[Pair], figure: str, colour: str, label: str) -> None:
    """Draw cumulative distributions: a line for simulated values, dots for recorded ones."""
    ours, theirs = np.sort(simulated_values(pairs, figure)), np.sort(recorded_values(pairs, figure))
    if len(ours) == 0 or len(theirs) == 0:
        return
    ax.plot(ours, (np.arange(len(ours)) + 0.5) / len(ours), color=colour, linewidth=2)
    height = (np.arange(len(theirs)) + 0.5) / len(theirs)
    ax.plot(theirs, height, color=colour, marker="o", markersize=5, linestyle="", label=label)


def shares(ax: Axes) -> None:
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    ax.set_ylim(0, 1)


CRASHES = (
    ("b-crash-n16", "16 agents", style.ORANGE),
    ("b-crash-n16-spread", "16, started over 1 s", style.RED),
    ("b-crash-n32", "32 agents", style.SKY),
    ("b-crash-n32-spread", "32, started over 1 s", style.BLUE),
)


def of_crashes(ax: Axes, pairs: list[Pair], figure: str, limits: tuple[float, float]) -> None:
    """Draw one figure of all victims, a line and a row of dots for each group of recordings."""
    for group, label, colour in CRASHES:
        distribution(ax, members(pairs, group), figure, colour, label)
    shares(ax)
    ax.set_xlim(limits)
    ax.set_ylabel("share of victims")
    ax.legend(loc="lower right")


def detection(ax: Axes, pairs: list[Pair]) -> None:
    of_crashes(ax, pairs, "first_failed_s", (5, 13))
    ax.set_xlabel("from the kill to the first failed [s]")
    style.heading(ax, "A crash is detected", "The first member to declare a killed one failed.")


def spreading(ax: Axes, pairs: list[Pair]) -> None:
    of_crashes(ax, pairs, "failed_spread_s", (0, 0.8))
    ax.set_xlabel("from the first failed to the last [s]")
    style.heading(ax, "The news spreads", "By gossip, and by suspicion timers that expire elsewhere.")


def coordinates(ax: Axes, pairs: list[Pair]) -> None:
    for group, label, colour in (
        ("a-baseline-n16", "16 agents", style.ORANGE),
        ("a-baseline-n32", "32 agents", style.BLUE),
        ("a-baseline-n40", "40 agents", style.GREEN),
    ):
        there = members(pairs, group)
        times = [at for at in TIMES_S if len(recorded_values(there, f"coordinate_error_p50_at_{at}s"))]
        if not times:
            continue
        values = [simulated_values(there, f"coordinate_error_p50_at_{at}s") for at in times]
        low, high = np.array([np.quantile(value, (0.01, 0.99)) for value in values]).T
        ax.fill_between(times, low, high, color=colour, alpha=0.16, linewidth=0)
        ax.plot(times, [value.mean() for value in values], color=colour, linewidth=2)
        for pair in there:
            dots = [pair.recorded[f"coordinate_error_p50_at_{at}s"][0] for at in times]
            ax.plot(times, dots, color=colour, marker="o", markersize=5, linestyle="")
        ax.plot([], [], color=colour, marker="o", markersize=5, linestyle="", label=label)
    ax.set_yscale("log")
    ax.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    ax.set_xlabel("since the join [s]")
    ax.set_ylabel("median relative error")
    ax.legend(loc="upper right")
    style.heading(ax, "Coordinates converge", "Estimated against true round-trip times, all pairs.")


def loss_share(pair: Pair) -> float | None:
    """Return the share of packets lost independently; None for other models."""
    rules = [arguments[0] for _, action, arguments in pair.golden.actions if action == "rule"]
    return next((float(rule["loss"]) for rule in rules if 0.0 < float(rule.get("loss", 1.0)) < 1.0), None)


def over_loss(ax: Axes, pairs: list[Pair], word: str, figure: str, colour: str, label: str) -> None:
    """Draw a figure of the loss recordings whose names contain `word` over the share of lost packets."""
    by_share: dict[float, list[Pair]] = {}
    for pair in pairs:
        share = loss_share(pair)
        if pair.golden.kind == "loss" and f"-{word}-" in pair.golden.name and share is not None:
            by_share.setdefault(share, []).append(pair)
    at = sorted(by_share)
    if not at:
        return
    percent = 100 * np.array(at)
    values = [simulated_values(by_share[share], figure) for share in at]
    low, high = np.array([np.quantile(value, (0.01, 0.99)) for value in values]).T
    ax.fill_between(percent, low, high, color=colour, alpha=0.22, linewidth=0)
    ax.plot(percent, [value.mean() for value in values], color=colour, linewidth=2)
    for share in at:
        there = recorded_values(by_share[share], figure)
        ax.plot([100 * share] * len(there), there, color=colour, marker="o", markersize=6, linestyle="")
    ax.plot([], [], color=colour, marker="o", markersize=6, linestyle="", label=label)


def probes_under_loss(ax: Axes, pairs: list[Pair]) -> None:
    over_loss(ax, pairs, "udp", "failed_ping_per_min", style.BLUE, "no direct ack in time")
    over_loss(ax, pairs, "udp", "tcp_saved_per_min", style.ORANGE, "only TCP answered")
    ax.set_yscale("log")
    ax.set_ylim(0.5, 2000)
    ax.set_xticks(LOSSES)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("lost datagrams [%]; TCP is untouched")
    ax.set_ylabel("probes a minute, 32 agents")
    ax.legend(loc="lower right")
    style.heading(ax, "Probes under loss", "With the TCP fallback no member is ever suspected.")


def suspicions_under_loss(ax: Axes, pairs: list[Pair]) -> None:
    over_loss(ax, pairs, "notcp", "suspect_per_min", style.RED, "suspicions, TCP blocked")
    over_loss(ax, pairs, "notcp", "refute_suspect_per_min", style.PINK, "refutations, TCP blocked")
    over_loss(ax, pairs, "both", "suspect_per_min", style.GREEN, "suspicions, TCP lossy too")
    ax.set_yscale("symlog", linthresh=10)
    ax.set_ylim(0, 600)
    ax.set_xticks(LOSSES)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("lost packets [%]")
    ax.set_ylabel("a minute, 32 agents")
    ax.legend(loc="lower right")
    style.heading(ax, "Suspicions under loss", "Where TCP cannot save every probe.")


def plot_stopped(ax: Axes, pairs: list[Pair]) -> None:
    for group, label, colour in (
        ("f-pause-n32", "running 1 to 2 s between stops", style.BLUE),
        ("f-pause-4of32-gap50to500ms-n32", "running 50 to 500 ms", style.ORANGE),
    ):
        distribution(ax, members(pairs, group), "pause_to_first_failed_s", colour, label)
    shares(ax)
    ax.set_xlim(5, 14)
    ax.set_xlabel("from the stop to the first failed [s]")
    ax.set_ylabel("share of stops that led to one")
    ax.legend(loc="lower right")
    style.heading(ax, "Stopped processes", "4 of 32 agents stopped for 8 to 16 s, again and again.")


# Agreement: every figure that is judged by its mean ---------------------------------------------------

MARKERS = "osD^v"


def agreement(pairs: list[Pair]) -> Figure:
    """Plot recorded over simulated mean of figures with a margin: a line per figure, a mark per group."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in compare(pairs):
        if has_ratio(row):
            found.setdefault((row.kind, row.figure), []).append(row)
    releases = sorted({row.release for rows in found.values() for row in rows}, key=order_of)
    marks = dict(zip(releases, MARKERS, strict=False))
    figure = Figure(figsize=(12.0, 1.8 + 0.2 * len(found)), layout="constrained")
    ax = figure.subplots()
    for place, rows in enumerate(found.values()):
        one_line(ax, place, rows, marks)
    ax.set_yticks(range(len(found)), [f"{kind}  {name}" for kind, name in found], fontsize=8)
    ax.set_ylim(len(found) - 0.3, -0.7)
    ax.set_xlim(0.4, 1.9)
    ax.axvline(1.0, color=style.GREY, linewidth=0.9)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * (value - 1):+.0f} %"))
    ax.set_xlabel("recorded mean relative to the simulated one; what lies further out is at the edge")
    ax.grid(axis="y", visible=False)
    style.heading(ax, "Recorded figures against simulated ones", "Those with a margin for their means.")
    ax.legend(
        handles=[
            Line2D([], [], color=colour, marker="o", markersize=6, linestyle="", label=label)
            for label, colour in (("agrees", style.BLUE), ("open", style.ORANGE), ("differs", style.RED))
        ]
        + [
            Line2D([], [], color=style.GREY, marker=mark, markersize=5, linestyle="", label=f"Serf {release}")
            for release, mark in marks.items()
        ]
        + [Patch(color=style.SKY, alpha=0.35, label="margin")],
        loc="upper right",
        frameon=True,
        fontsize=9,
    )
    return figure


def has_ratio(row: Row) -> bool:
    judged = row.tolerance is not None and row.tolerance.check == "mean"
    return judged and len(row.recorded) > 0 and len(row.simulated) > 0 and bool(row.simulated.mean() > 0.0)


def one_line(ax: Axes, place: int, rows: list[Row], marks: dict[str, str]) -> None:
    margin = min(row.tolerance.margin for row in rows if row.tolerance is not None)
    ax.barh(place, 2 * margin, 0.5, 1 - margin, color=style.SKY, alpha=0.35, linewidth=0)
    for row in rows:
        ratio = min(max(float(row.recorded.mean()) / float(row.simulated.mean()), 0.41), 1.89)
        colour = {AGREES: style.BLUE, OPEN: style.ORANGE}.get(row.verdict, style.RED)
        ax.plot(ratio, place, color=colour, marker=marks[row.release], markersize=4, alpha=0.8)


FIGURES: dict[str, tuple[str, Callable[[list[Pair]], Figure]]] = {
    "validation-behaviour": ("What real and simulated clusters do", behaviour),
    "validation-agreement": ("Every figure with a margin, recorded against simulated", agreement),
}
