"""The self-contained HTML page of a result: question, answer, claims, and what happened.

The page needs no network, script or font of its own, and works in dark mode, in print and on a
phone. Figures are SVG in the page's type and colours (`svg.py`), words come from `answer.py` and
`timeline.py`, and the layout is the template beside them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from serfsim.base.atomic_files import write_whole
from serfsim.report.answer import answer, readable_claims
from serfsim.report.card import is_quiet, run_words, sections
from serfsim.report.figures import page_figures
from serfsim.report.tables import format_number, summary_rows
from serfsim.report.timeline import (
    crash_rows,
    more_than_shown,
    scored_crashes,
    timeline,
    view_rows,
)
from serfsim.results.run_result import scenario_of
from serfsim.scenario.card import environment
from serfsim.scenario.phrases import describe_cluster, format_names

if TYPE_CHECKING:
    from jinja2 import Template

    from serfsim.report.svg import PageFigure
    from serfsim.results.run_result import RunResult
    from serfsim.scenario.model import Scenario

MOST_TYPES = 12  # message types in the table of traffic
_QUANTITY = re.compile(r"(\d) (?=(?:%|(?:h|min|s|ms|us|B)\b))")


class Load(NamedTuple):
    """The cost of one message type to a node, as texts per second."""

    name: str
    bytes: str
    messages: str


def write_page(result: RunResult, path: Path, plots: Path | None = None) -> None:
    """Write the page atomically; with `plots`, save the figures there as images too."""
    write_whole(path, page(result, page_figures(result, plots)))


def page(result: RunResult, figures: list[PageFigure]) -> str:
    """Return the page as text."""
    summary, scenario = result.summary, scenario_of(result)
    crashes, views = crash_rows(result), view_rows(result)
    wrong = summary["convergence"]["views_disagreeing"] if views else 0
    return page_template("page.html.j2").render(
        style=Markup(page_style()),
        name=summary["name"],
        question=summary["question"],
        run=run_words(summary),
        answer=answer(summary, is_quiet(result.truth)),
        claims=readable_claims(summary),
        cluster=describe_cluster(scenario.cluster) if scenario else "",
        network=scenario.network.describe() if scenario else "",
        timeline=timeline(result, scenario),
        figures=[figure for figure in figures if figure.svg],
        not_drawn=[figure for figure in figures if not figure.svg],
        crashes=crashes,
        more_crashes=more_than_shown(len(scored_crashes(result.truth)), len(crashes), "crash"),
        views=[(format_names(row.nodes), row.misses, row.keeps) for row in views],
        more_views=more_than_shown(wrong, sum(len(row.nodes) for row in views), "node"),
        sections=sections(summary_rows(summary)),
        loads=loads(summary),
        scenario_text=result.scenario_yaml,
        command=command(summary, scenario),
        provenance=provenance(summary),
    )


def page_template(name: str) -> Template:
    """Return a template, which may use the filter `unbroken`."""
    templates = environment("serfsim.report")
    templates.filters["unbroken"] = unbroken
    return templates.get_template(name)


def unbroken(text: str) -> str:
    """Join every number and its unit by a no-break space."""
    return _QUANTITY.sub("\\1\u00a0", text)


@cache
def page_style() -> str:
    return (files("serfsim.report") / "templates" / "page.css").read_text(encoding="utf-8")


def loads(summary: dict[str, Any]) -> list[Load]:
    """Return the message types by bytes, the heaviest first."""
    by_type = summary["traffic"]["by_type"]
    heaviest = sorted(by_type.items(), key=lambda item: (-(item[1]["bytes_per_node_s"] or 0.0), item[0]))
    return [
        Load(name, format_number(rates["bytes_per_node_s"]), format_number(rates["messages_per_node_s"]))
        for name, rates in heaviest[:MOST_TYPES]
        if rates["bytes_per_node_s"]
    ]


def command(summary: dict[str, Any], scenario: Scenario | None) -> str:
    """Return the command that repeats the run, from the result folder."""
    return "serfsim run scenario.yaml" + ("" if scenario else f" --seed {summary['seed']}")


def provenance(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the provenance of the run as pairs of label and text."""
    versions = summary["versions"]
    form = "compiled" if versions.get("compiled") else "interpreted"
    others = [f"{name} {text}" for name, text in versions.items() if name not in ("serfsim", "compiled")]
    return [
        ("seed", str(summary["seed"])),
        ("digest", str(summary["digest"])),
        ("serfsim", ", ".join([f"{versions.get('serfsim', 'unknown')} ({form})", *others])),
        ("events", f"{summary['events_processed']:,} in {summary['wall_s']:.2f} s of wall time"),
    ]
