"""Reports over time: a lane for every node, a mark for every event, a bar for every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedFormatter, FixedLocator

from serfsim.protocol import events as kind
from serfsim.report.plots import style
from serfsim.results.scoring.recording import Floats, Integers
from serfsim.results.scoring.scored_run import is_of, pieces, rows_of, rows_of_kind, scored_rows

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

TITLE = "Events by observer"
MOST_MARKS = 20_000  # per kind; more are thinned evenly
NAMED_LANES = 42  # up to this many nodes, every lane is labelled
THICKEST = 22.0  # points; the largest height of a bar

# label, kinds, colour, marker, size; later ones are drawn on top.
MARKS = (
    ("join", (kind.JOIN,), style.GREEN, "^", 22),
    ("left", (kind.LEFT, kind.LEFT_FORCED, kind.REAP), style.GREY, "s", 14),
    ("TCP fallback only", (kind.TCP_FALLBACK_OK,), style.YELLOW, "o", 12),
    ("suspect (own probe)", (kind.SUSPECT,), style.ORANGE, "|", 46),
    ("refute", (kind.REFUTE_SUSPECT, kind.REFUTE_DEAD, kind.REFUTE_ALIVE), style.BLUE, "v", 22),
    ("failed", (kind.FAILED,), style.RED, "x", 24),
)


def draw(result: RunResult, ax: Axes) -> Axes:
    truth = result.truth
    events, end, n = result.events, truth.end_s, len(truth.names)
    if is_empty(result):
        return style.draw_nothing(ax, TITLE, "no events after the warm-up and no faults")
    bars(
        ax,
        truth.faulted_spans.node,
        truth.faulted_spans.start,
        truth.faulted_spans.end,
        n,
        end,
        False,
    )
    bars(ax, truth.down_spans.node, truth.down_spans.start, truth.down_spans.end, n, end, True)
    first, last = scored_rows(events, end)
    scored = rows_of(events, first, last)
    total, thinned = 0, False
    for label, wanted, colour, marker, size in MARKS:
        rows = first + rows_of_kind(scored, wanted)
        total += len(rows)
        if len(rows) == 0:
            continue
        every = -(-len(rows) // MOST_MARKS)
        thinned |= every > 1
        shown = rows[::every]
        outlined = marker in "|x"
        ax.scatter(
            events.t[shown],
            events.observer[shown],
            s=size if n <= 60 else size / 2.5,
            c=colour,
            marker=marker,
            linewidths=1.4 if outlined and n <= 60 else (0.8 if outlined else 0),
            label=f"{label} ({len(rows):,})",
            rasterized=len(shown) > style.MOST_SHAPES,
            alpha=0.9,
            zorder=3,
        )
    ax.set_ylim(n - 0.4, -0.6)
    if n <= NAMED_LANES:
        ax.yaxis.set_major_locator(FixedLocator(range(n)))
        ax.yaxis.set_major_formatter(FixedFormatter(truth.names))
        ax.tick_params(axis="y", labelsize=9 if n <= 24 else 7.5)
        ax.set_ylabel("observer")
    else:
        ax.set_ylabel("observer (number)")
    ax.grid(axis="y", visible=n <= NAMED_LANES)
    style.time_axis(ax, 0.0, end)
    note = f"{total:,} events after the warm-up" + (", thinned" if thinned else "")
    note += ". Marks: events in the observer's lane; bars: the node itself under a fault or down."
    style.heading(ax, TITLE, note)
    style.legend(ax, markerscale=1.2, scatterpoints=1)
    return ax


def is_empty(result: RunResult) -> bool:
    """Return True if there would be neither marks nor bars."""
    truth, events = result.truth, result.events
    first, last = scored_rows(events, truth.end_s)
    marked = [number for _, wanted, *_ in MARKS for number in wanted]
    spans = (truth.faulted_spans, truth.down_spans)
    return not (
        any(is_of(part.kind, marked).any() for part in pieces(rows_of(events, first, last)))
        or any(one.touches(0.0, truth.end_s).any() for one in spans)
    )


def bars(
    ax: Axes,
    node: Integers,
    start: Floats,
    stop: Floats,
    n: int,
    end: float,
    down: bool,
) -> None:
    """Draw a bar in each node's lane for each of its intervals."""
    rows = (stop > 0.0) & (start < end)
    if not rows.any():
        return
    left, right = np.maximum(start[rows], 0.0), np.minimum(stop[rows], end)
    segments = [((a, lane), (b, lane)) for a, b, lane in zip(left, right, node[rows], strict=True)]
    # The lane's height in points, so that bars fill most of it for any number of lanes.
    height = min(THICKEST, ax.get_window_extent().height / ax.figure.dpi * 72.0 / max(1, n))
    colour = style.DOWN if down else style.FAULTED
    ax.add_collection(
        LineCollection(
            segments,
            colors=colour,
            linewidths=max(0.7, (0.55 if down else 0.85) * height),
            capstyle="butt",
            rasterized=len(segments) > style.MOST_SHAPES,
            zorder=1.2 if down else 1.0,
        ),
        autolim=False,
    )
    # A patch for the legend, which would draw a line as thick as the lane.
    ax.fill([], [], color=colour, label="down" if down else "under a fault")
