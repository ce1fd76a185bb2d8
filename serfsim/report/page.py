"""One self-contained HTML page of a result: question, claims, figures, plots. No network needed."""

from __future__ import annotations

import base64
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim.report.releases import nodes_text
from serfsim.report.tables import Row, claim_rows, summary_rows, traffic_rows

if TYPE_CHECKING:
    from serfsim.result import Result

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2933;max-width:1060px;margin:2em auto;padding:0 1.2em}
h1{font-size:1.7em;margin-bottom:.1em}h2{font-size:1.15em;margin:1.8em 0 .4em}
.question{font-size:1.1em;color:#52606d;margin-top:0}.run{color:#7b8794;font-size:.85em}
table{border-collapse:collapse;width:100%;table-layout:fixed}
td,th{padding:.22em .7em;text-align:left;border-bottom:1px solid #e4e7eb}
td:first-child{white-space:pre-wrap;width:34%}td.value{width:28%;text-align:right;font-variant-numeric:tabular-nums;white-space:pre}td.meaning{color:#7b8794}
.holds{color:#007a5a;font-weight:600}.fails{color:#b4351c;font-weight:600}
figure{margin:1.4em 0}img{max-width:100%}pre{background:#f5f7fa;padding:1em;overflow:auto;font-size:.85em}
"""


def rows_html(rows: list[Row]) -> str:
    parts = []
    for section, group in groupby(rows, key=lambda row: row.section):
        parts.append(f"<h2>{escape(section)}</h2><table>")
        for row in group:
            mark = {"holds": " holds", "FAILS": " fails"}.get(row.value, "")
            parts.append(
                f'<tr title="{escape(row.figure)}"><td>{escape(row.label)}</td>'
                f'<td class="value{mark}">{escape(row.value)} {escape(row.unit)}</td>'
                f'<td class="meaning">{escape(row.meaning)}</td></tr>'
            )
        parts.append("</table>")
    return "".join(parts)


def run_line(summary: dict[str, Any]) -> str:
    """Which run this was, in one line."""
    speed = summary["events_per_s"]
    form = "compiled" if summary["versions"]["compiled"] else "interpreted"
    pieces = [
        nodes_text(summary),
        f"{summary['warm_up_s'] + summary['duration_s']:g} s simulated",
        f"seed {summary['seed']}",
        f"digest {summary['digest'][:16]}",
        f"serfsim {summary['versions']['serfsim']} ({form})",
        f"{summary['wall_s']:.2f} s wall",
    ]
    if speed:
        pieces.append(f"{speed / 1e6:.2f} M events/s")
    if not summary["complete"]:
        pieces.append(f"INTERRUPTED at {summary['interrupted_at_s']:g} s")
    return " &middot; ".join(pieces)


def write_page(result: Result, path: Path, plots: Path) -> None:
    """Write the page with every image of the folder `plots` inside it."""
    from serfsim.result import scenario_text

    summary = result.summary
    images = [
        f'<figure><img alt="{escape(image.stem)}" '
        f'src="data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()}"></figure>'
        for image in ordered_images(plots)
    ]
    rows = claim_rows(summary) + summary_rows(summary) + traffic_rows(summary)
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(summary["name"])}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(summary['name'])}</h1>"
        f'<p class="question">{escape(summary["question"])}</p><p class="run">{run_line(summary)}</p>'
        f"{rows_html(rows)}<h2>Figures</h2>{''.join(images)}"
        f"<h2>Scenario</h2><pre>{escape(scenario_text(result.scenario))}</pre></body></html>\n",
        encoding="utf-8",
    )


def ordered_images(plots: Path) -> list[Path]:
    """The images in the order of the figures, unknown ones last."""
    from serfsim.report.figures import FIGURES

    order = {name: place for place, name in enumerate(FIGURES)}
    return sorted(plots.glob("*.png"), key=lambda path: (order.get(path.stem, len(order)), path.stem))
