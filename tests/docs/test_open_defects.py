"""The page of open defects: its tables are those of the studies, and the studies run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import open_defects
from tools.open_defects import PAGE, STUDIES, Study, members, points, table_of, with_table

NAMES = [study.name for study in STUDIES]


def rows_on_the_page(name: str) -> list[str]:
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition(f"<!-- table of {name} -->\n")[2].partition(f"<!-- end of {name} -->")[0]
    return table.splitlines()[2:]


@pytest.mark.parametrize("study", STUDIES, ids=NAMES)
def test_every_point_of_a_study_has_its_row(study: Study) -> None:
    found = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows_on_the_page(study.name)]
    assert [cells[: len(study.axes)] for cells in found] == [
        list(point.words.values()) for point in points(study)
    ]


def test_renewing_a_table_leaves_the_rest_of_the_page_alone() -> None:
    page = "a\n<!-- table of D1 -->\nold\n<!-- end of D1 -->\nb\n"
    renewed = with_table(page, "D1", "| new |")
    assert renewed == "a\n<!-- table of D1 -->\n| new |\n<!-- end of D1 -->\nb\n"
    assert with_table(renewed, "D1", "| new |") == renewed


def test_a_study_runs_with_and_without_its_fix_on_the_same_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_defects, "RUNS", tmp_path)
    study = next(study for study in STUDIES if study.name == "D4")
    highest = {"2^32 - 1": study.axes["incarnation"]["2^32 - 1"]}
    brief = study._replace(axes={"members": members(5), "incarnation": highest}, few={})
    row = table_of(brief, seeds=2).splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:4] == ["5", "2^32 - 1", "2", "4 → 0"], "everybody but the victim holds it for dead"
