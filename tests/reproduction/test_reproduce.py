"""`serfsim.reproduce` on the tiny paper: slices, resuming, verdicts, sensitivity, folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.study.reproduction import Cell, Options, Reproduction, find_paper, paper_folders
from serfsim.study.reproduction.held import accept
from serfsim.study.reproduction.shelf import paper_digest
from serfsim.study.reproduction.slices import check_slice, read_slice
from serfsim.study.reproduction.words import command_text


def tiny(**more: object) -> Reproduction:
    return serfsim.reproduce("tiny", **{"workers": 1, "progress": False, **more})  # type: ignore[arg-type]


def test_a_row_for_each_cell_and_seed_and_a_verdict_for_each_claim(papers: Path) -> None:
    found = tiny()
    assert len(found.rows) == 12
    assert list(found.rows.columns) == ["configuration", "C", "rules", "seed", "cpu_s", "delay_s"]
    assert found.verdicts.set_index("id")["outcome"].to_dict() == {"T1": "holds", "T2": "holds"}
    table = found.table.set_index("id")
    assert table.loc["slow.C=2", "ours"] == pytest.approx(4.0, abs=0.01)
    assert table.loc["slow.C=2", "ours_low"] < 4.0 < table.loc["slow.C=2", "ours_high"]


def test_seeds_come_one_after_the_other_so_that_a_cut_short_grid_is_whole(papers: Path) -> None:
    assert list(tiny(seeds="1-2").all_rows["seed"]) == [1] * 4 + [2] * 4


def test_a_slice_has_its_cells_and_judges_only_what_it_can(papers: Path) -> None:
    found = tiny(slice={"C": 2})
    assert set(found.rows["C"]) == {2}
    assert found.verdicts.set_index("id")["outcome"].to_dict() == {"T1": "not judged", "T2": "holds"}
    assert len(tiny(slice={"C": ["1", 2], "configuration": "slow"}, seeds=[5]).rows) == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"slice": {"D": 1}}, ["slice", "'D'", "configuration", "C"]),
        ({"slice": {"C": 3}}, ["slice C", "3", "1 or 2"]),
        ({"slice": {"configuration": "slwo"}}, ["'slwo'", "did you mean slow"]),
        ({"seeds": "3-1"}, ["seeds", "3-1"]),
        ({"seeds": []}, ["seeds", "at least one"]),
        ({"rules": "code-as-is"}, ["rules", "code or paper"]),
        ({"workers": 0}, ["workers", "0"]),
        ({"name": "tinny"}, ["'tinny'", "did you mean tiny"]),
    ],
)
def test_a_mistake_is_named_before_anything_runs(
    papers: Path, changed: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(SerfsimError) as caught:
        serfsim.reproduce(**{"name": "tiny", "workers": 1, "progress": False, **changed})  # type: ignore[arg-type]
    assert [word for word in words if word not in str(caught.value)] == []


def test_finished_runs_are_found_again_and_others_made(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("TINY_LOG", str(log))
    tiny(out=tmp_path / "o", slice={"C": 1}, seeds="1-2")
    first = log.read_text().splitlines()
    found = tiny(out=tmp_path / "o", seeds="1-2")
    again = log.read_text().splitlines()[len(first) :]
    assert len(first) == len(again) == 4
    assert all("C=2" in line for line in again)
    assert sum(outcome.found for outcome in found.outcomes) == 4


def test_a_change_of_the_papers_code_makes_its_runs_anew(papers: Path, tmp_path: Path) -> None:
    tiny(out=tmp_path / "o", seeds=[1])
    (papers / "tiny" / "verdicts.py").write_text('"""Reads rows."""\n')
    paper_digest.cache_clear()
    assert all(outcome.found for outcome in tiny(out=tmp_path / "o", seeds=[1]).outcomes)
    (papers / "tiny" / "more.py").write_text('"""Another."""\n')
    paper_digest.cache_clear()
    assert not any(outcome.found for outcome in tiny(out=tmp_path / "o", seeds=[1]).outcomes)


def test_an_interruption_keeps_the_finished_runs_and_their_rows(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_INTERRUPTS", "2")
    with pytest.raises(KeyboardInterrupt, match="4 of 12 runs are done and kept"):
        tiny(out=tmp_path / "o")
    assert len(pd.read_parquet(tmp_path / "o" / "rows.parquet")) == 4
    monkeypatch.delenv("TINY_INTERRUPTS")
    assert sum(outcome.found for outcome in tiny(out=tmp_path / "o").outcomes) == 4


def test_a_comma_within_a_value_of_the_grid_does_not_split_it() -> None:
    cells = [Cell(configuration=name, C=c) for name in ("a", "b 2,2", "b 2,4") for c in (1, 2)]

    def chosen(text: str) -> dict[str, tuple[object, ...]]:
        return check_slice(read_slice([text]), cells)  # type: ignore[return-value]

    assert chosen("C=1,2") == {"C": (1, 2)}
    assert chosen("configuration=b 2,2") == {"configuration": ("b 2,2",)}
    assert chosen("configuration=a, b 2,4,b 2,2") == {"configuration": ("a", "b 2,4", "b 2,2")}
    with pytest.raises(SerfsimError, match="'b 2'"):
        chosen("configuration=a,b 2,9")


def test_finished_runs_are_judged_without_running_others(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny(out=tmp_path / "o", slice={"C": 1}, seeds=[1])
    monkeypatch.setenv("TINY_FAILS", "1")
    found = tiny(out=tmp_path / "o", run=False)
    assert len(found.rows) == 2
    assert found.verdicts.set_index("id")["outcome"].to_dict() == {"T1": "holds", "T2": "not judged"}
    with pytest.raises(SerfsimError, match="no finished run"):
        tiny(out=tmp_path / "none", run=False)


def test_the_page_says_how_many_seeds_cells_have_where_some_have_fewer(papers: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    tiny(out=out, slice={"C": 1}, seeds="1-3")
    assert "Not all cells" not in (out / "page.md").read_text()
    tiny(out=out, seeds=[1])
    tiny(out=out, seeds="1-3", run=False)
    assert "3 seeds in 2 cells, 1 seed in 2 cells." in (out / "page.md").read_text()


def test_the_command_of_a_page_quotes_what_a_shell_would_split(papers: Path) -> None:
    found = dataclasses.replace(
        tiny(slice={"C": 1}), options=Options(slice={"network": ("five regions",), "C": (1, 2)}, seeds=(1,))
    )
    assert (
        command_text(found) == "serfsim reproduce tiny --slice 'network=five regions' --slice C=1,2 --seeds 1"
    )


def test_sensitivity_runs_only_where_asked_and_compares_equal_cells_and_seeds(papers: Path) -> None:
    assert len(tiny().sensitivity) == 0
    (row,) = tiny(sensitivity=True).sensitivity.to_dict("records")
    assert (row["assumption"], row["used"], row["alternative"]) == ("unit", "s", "ms")
    assert row["with_alternative"] == pytest.approx(1000 * row["with_used"])
    assert row["change"] == pytest.approx(999.0)


def test_the_folder_has_rows_verdicts_page_and_plots(papers: Path, tmp_path: Path) -> None:
    tiny(out=tmp_path / "o", sensitivity=True)
    names = {path.relative_to(tmp_path / "o").as_posix() for path in (tmp_path / "o").rglob("*.*")}
    assert names >= {"rows.parquet", "rows.csv", "verdicts.csv", "verdicts.json", "published.csv"}
    assert names >= {"sensitivity.csv", "summary.json", "page.md", "report.html", "plots/delay.png"}
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["verdicts"] == {"T1": "holds", "T2": "holds"}
    assert summary["runs"] == 16
    page = (tmp_path / "o" / "page.md").read_text()
    assert "| T1 | slow takes 2 s at C = 1 | 2 |" in page
    assert "### Figure 2" in page
    assert "## Longest delays\n\n| C | s |" in page
    html = (tmp_path / "o" / "report.html").read_text()
    assert "<svg" in html
    assert "slow takes 4" in html
    assert "Longest delays</h2>" in html


def test_two_processes_give_the_rows_of_one(papers: Path) -> None:
    drop = ["cpu_s"]
    pd.testing.assert_frame_equal(tiny(workers=2).rows.drop(columns=drop), tiny().rows.drop(columns=drop))


def test_a_verdict_is_lost_only_where_a_run_can_judge_what_was_recorded(
    papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tiny(slice={"C": 2})
    accept(papers / "tiny", found.options, found.judged)
    monkeypatch.setenv("TINY_SCALE", "3")
    assert [one.id for one in tiny().lost] == ["T2"]
    assert [one.id for one in tiny(slice={"C": 2}).lost] == ["T2"]
    assert tiny(slice={"C": 2}, seeds="1-2").lost == []
    assert tiny(slice={"C": 2, "configuration": "slow"}).lost == []
    assert tiny(slice={"C": 2}, rules="paper").lost == []


def test_a_cell_is_a_frozen_mapping_with_a_stable_text() -> None:
    cell = Cell(configuration="SWIM", C=16)
    assert cell.text == "configuration=SWIM C=16"
    assert cell == Cell({"configuration": "SWIM", "C": 16})
    assert len({cell, cell.varied("read cost", "50us"), Cell(cell)}) == 2
    assert cell.varied("read cost", "50us").sensitivity == ("read cost", "50us")


def test_every_shipped_paper_has_published_figures_and_a_question() -> None:
    for name in paper_folders():
        paper = find_paper(name)
        assert paper.published
        assert paper.question.endswith("?")


def test_a_figure_that_has_the_name_of_a_factor_is_refused(
    papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = papers / "tiny" / "__init__.py"
    place.write_text(place.read_text().replace('"delay_s":', '"C":'))
    with pytest.raises(SerfsimError, match=r"'C'.*factor"):
        serfsim.reproduce("tiny", seeds=[1], progress=False, workers=1)
