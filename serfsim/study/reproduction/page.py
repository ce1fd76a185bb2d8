"""One self-contained HTML page of a reproduction, with style and components of a result's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from serfsim.report.page import page_style, page_template
from serfsim.report.svg import page_figure
from serfsim.study.reproduction import words
from serfsim.study.reproduction.paper import FAILS, HOLDS
from serfsim.study.sweeps.keys import code_version

if TYPE_CHECKING:
    from serfsim.study.reproduction.result import Reproduction

HEIGHT: Final = 3.4  # inches


def page(found: Reproduction) -> str:
    """Return the page as text."""
    paper = found.paper
    drawn = found.draw()
    outcomes = {one.outcome for one in found.judged}
    state = "fails" if FAILS in outcomes else "holds" if HOLDS in outcomes else "seen"
    return page_template("reproduction.html.j2").render(
        style=Markup(page_style()),
        paper=paper,
        state=state,
        answer=words.answer_text(found),
        run=words.run_text(found),
        command=words.command_text(found),
        verdict_columns=words.VERDICT_COLUMNS,
        verdicts=[(one.outcome, words.verdict_cells(one)) for one in words.judged_verdicts(found)],
        not_judged=words.not_judged_lines(found),
        figures=[page_figure(figure, name, HEIGHT, named=False) for name, figure in drawn.items()],
        own_tables=found.own_tables,
        tables=words.figure_tables(found),
        figure_columns=words.FIGURE_COLUMNS,
        assumptions=words.assumption_rows(found),
        assumption_columns=words.ASSUMPTION_COLUMNS,
        sensitivity=list(words.sensitivity_rows(found)),
        sensitivity_columns=words.SENSITIVITY_COLUMNS,
        code=code_version(),
    )
