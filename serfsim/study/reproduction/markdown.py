"""The page of a reproduction in Markdown: for the documentation, and in its folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from serfsim.study.reproduction import words

if TYPE_CHECKING:
    from serfsim.study.reproduction.result import Reproduction


def markdown(found: Reproduction, images: str) -> str:
    """Return the page; `images` is the beginning of the images' paths."""
    paper = found.paper
    parts = [
        f"# {paper.title}",
        "",
        paper.question,
        "",
        f"**{words.answer_text(found)}** {words.run_text(found)}",
        "",
        f"Source: {paper.citation}",
        "",
        "```console",
        f"$ {words.command_text(found)}",
        "```",
        "",
        "## Verdicts",
        "",
        *table(words.VERDICT_COLUMNS, map(words.verdict_cells, words.judged_verdicts(found))),
    ]
    for line in words.not_judged_lines(found):
        parts += [line, ""]
    if paper.notes:
        parts += [paper.notes.strip(), ""]
    figures = found.draw()
    for name, figure in figures.items():
        (ax,) = figure.axes
        parts += [f"![{ax.get_title(loc='left') or name}]({images}{name}.png)", ""]
    for own in found.own_tables:
        parts += [f"## {own.title}", "", *table(own.columns, own.rows)]
    if tables := words.figure_tables(found):
        parts += ["## Published figures beside ours", ""]
    for one in tables:
        parts += [f"### {one.source}", "", *table(words.FIGURE_COLUMNS, one.rows)]
    if rows := words.assumption_rows(found):
        parts += ["## Assumptions", "", *table(words.ASSUMPTION_COLUMNS, rows)]
    if changes := list(words.sensitivity_rows(found)):
        parts += ["## Sensitivity", "", SENSITIVITY, "", *table(words.SENSITIVITY_COLUMNS, changes)]
    return "\n".join(parts).rstrip() + "\n"


SENSITIVITY = "Each alternative beside the value used, over the same cells and seeds."


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, and an empty one."""
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
