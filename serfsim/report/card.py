"""A notebook card of a result: question, answer, claims, and the figures that matter most.

The card omits what differs between runs on one machine (wall time, speed), so that a notebook's
stored output changes only with the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from serfsim.report.answer import answer, readable_claims
from serfsim.report.releases import nodes_text
from serfsim.report.tables import Row, summary_rows, traffic_rows
from serfsim.scenario.card import card_style, environment
from serfsim.scenario.phrases import describe_length

if TYPE_CHECKING:
    from serfsim.results.run_result import RunResult
    from serfsim.results.stored_truth import StoredTruth

# The figures to see at a glance, if a run has them.
HEADLINES = (
    "detection.false_positives",
    "detection.tcp_fallbacks",
    "detection.first_s",
    "detection.full_s",
    "convergence.one_view_s",
    "convergence.views_disagreeing",
    "coordinates.relative_error",
    "dissemination.events.p50_s",
    "dissemination.events.delivered_share",
    "dissemination.queries.answered_share",
    "traffic.bytes_per_node_s",
    "health.score.max",
)


def result_card(result: RunResult) -> str:
    """Return the card as HTML for embedding in another page."""
    summary = result.summary
    rows = summary_rows(summary)
    return (
        environment("serfsim.report")
        .get_template("card.html.j2")
        .render(
            style=Markup(card_style()),
            name=summary["name"],
            question=summary["question"],
            run=run_words(summary),
            answer=answer(summary, is_quiet(result.truth)),
            claims=readable_claims(summary),
            headlines=[row for row in rows if row.figure in HEADLINES],
            sections=sections(rows + traffic_rows(summary)),
        )
    )


def sections(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    return [(section, list(group)) for section, group in groupby(rows, key=lambda row: row.section)]


def is_quiet(truth: StoredTruth) -> bool:
    """Return True if no member was down or under a fault in the scored time."""
    end = truth.end_s
    return not (truth.faulted_spans.touches(0.0, end) | truth.down_spans.touches(0.0, end)).any()


def run_words(summary: Mapping[str, Any]) -> str:
    """Describe the run: '30 nodes of Serf 0.9, 7 min after a warm-up of 30 s, seed 1, digest dc7cd05'."""
    time = describe_length(summary["duration_s"], summary["warm_up_s"])
    return f"{nodes_text(summary)}, {time}, seed {summary['seed']}, digest {summary['digest'][:7]}"
