"""Network load: IP bytes per node and second, by message type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from serfsim.report.plots import style

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult

SHOWN = 7  # the heaviest types, which get a colour
# From the bottom up, always in the same colours.
COLOURS = {
    "ack (udp)": style.BLUE,
    "ping (udp)": style.SKY,
    "gossip (udp)": style.ORANGE,
    "user (udp)": style.YELLOW,
    "indirect_ping (udp)": style.PINK,
    "nack (udp)": style.RED,
    "push_pull (tcp)": style.GREEN,
    "overhead (tcp)": style.MINT,
    "ping (tcp)": style.VIOLET,
    "ack (tcp)": style.LILAC,
}
MOST_BINS = 120  # more would show only single push/pulls


def draw(result: RunResult, ax: Axes) -> Axes:
    title = "Network load by message type"
    columns, truth = result.columns("traffic"), result.truth
    t, sizes = columns["t_s"], columns["bytes"].astype(np.float64)
    if len(t) == 0:
        return style.draw_nothing(ax, title, "no traffic was recorded")
    start = min(0.0, float(t.min()))
    edges = style.second_edges(start, truth.end_s, MOST_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    n = len(truth.names)
    up = np.array([n - int(truth.down_spans.covered_at(float(t)).sum()) for t in middles])
    rates = {}
    kinds, transports = columns["message_type"], columns["transport"]
    for carrier, code in np.unique(np.column_stack((transports.codes, kinds.codes)), axis=0).tolist():
        rows = (transports.codes == carrier) & (kinds.codes == code)
        rate = style.rate_per_bin(t[rows], sizes[rows], edges)
        rates[f"{kinds.names[code]} ({transports.names[carrier]})"] = rate / np.maximum(up, 1)
    scored = middles >= 0
    heaviest = sorted(rates, key=lambda name: (-float(rates[name][scored].sum()), name))
    known = [name for name in COLOURS if name in heaviest[:SHOWN]]
    layers = {name: rates[name] for name in known}
    if len(known) < len(rates):
        layers["other"] = np.sum([rates[name] for name in rates if name not in known], axis=0)
    colours = [COLOURS.get(name, style.LIGHT) for name in layers]
    stack = np.repeat(np.array(list(layers.values())), 2, axis=1)
    ax.stackplot(
        np.repeat(edges, 2)[1:-1], stack, labels=list(layers), colors=colours, alpha=0.88, linewidth=0
    )
    total = np.sum(list(rates.values()), axis=0)
    # The peak of the join would flatten everything after it.
    calm = float(total[scored].max(initial=0.0))
    cut = bool(calm and total.max(initial=0.0) > 3 * calm)
    ax.set_ylim(0, 1.15 * (calm if cut else max(float(total.max(initial=0.0)), 1.0)))
    ax.yaxis.set_major_locator(style.few_ticks())
    ax.set_ylabel("IP bytes per node and second")
    style.time_axis(ax, start, truth.end_s)
    width = edges[1] - edges[0]
    seen = f"Whole IP packets, averaged over {width:g} s." if width > 1 else "Whole IP packets."
    if scored.any():
        seen += f" After the warm-up {total[scored].mean():,.0f} B/s per node."
    if cut:
        seen += f" The join, cut off above, peaks at {total.max():,.0f} B/s."
    style.heading(ax, title, seen)
    style.legend(ax)
    return ax
