"""Outcomes of probes, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from serfsim.report.plots import style
from serfsim.report.tables import format_percent

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

# kind, label, colour, line width
OUTCOMES = (
    ("direct_ack", "direct ack", style.BLUE, 1.8),
    ("failed_ping", "no direct ack in time", style.GREY, 1.4),
    ("indirect_ack", "indirect or late ack", style.SKY, 1.4),
    ("tcp_fallback", "TCP fallback only", style.YELLOW, 1.6),
    ("nack", "nack", style.PINK, 1.2),
    ("suspect", "suspect: no ack", style.RED, 1.8),
)


def draw(result: RunResult, ax: Axes) -> Axes:
    title = "Probe outcomes"
    columns, truth = result.columns("probes"), result.truth
    t, count, kinds = columns["t_s"], columns["count"], columns["kind"]
    rows_of = {name: kinds.codes == code for code, name in enumerate(kinds.names)}
    if not any(count[rows_of[kind]].any() for kind, *_ in OUTCOMES if kind in rows_of):
        return style.draw_nothing(ax, title, "no probe completed")
    edges = style.second_edges(min(0.0, float(t.min())), truth.end_s)
    style.shade_faults(ax, truth)
    scored = {}
    for kind, label, colour, width in OUTCOMES:
        if kind not in rows_of:
            continue
        rows = rows_of[kind]
        rate = style.rate_per_bin(t[rows], count[rows].astype(np.float64), edges)
        scored[kind] = int(count[rows & (t >= 0)].sum())
        if rate.any():
            text = f"{label} ({scored[kind]:,})"
            ax.step(edges, np.append(rate, rate[-1]), where="post", color=colour, linewidth=width, label=text)
    # Failures are few and successes many: linear up to one per second, then decades.
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.6)
    ax.yaxis.set_major_formatter(FuncFormatter(style.format_plain))
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("per second, whole cluster")
    style.time_axis(ax, float(edges[0]), truth.end_s)
    begun = sum(scored.get(kind, 0) for kind in ("direct_ack", "indirect_ack", "tcp_fallback", "suspect"))
    share = scored.get("direct_ack", 0) / begun if begun else 0.0
    style.heading(
        ax,
        title,
        f"{begun:,} probes completed after the warm-up, {format_percent(share)} % with a direct ack.",
    )
    style.legend(ax)
    return ax
