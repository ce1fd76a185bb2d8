"""The result folder: everything in it, whole or not at all, and never in the place of something else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serfsim import Result, open_result
from serfsim.base.errors import ResultError
from serfsim.report.figures import FIGURES
from serfsim.report.plots import view_sizes
from serfsim.results import frames
from serfsim.results.folder import TABLES, replacing
from tests.report.conftest import small


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_saved_result_holds_every_file_of_the_contract(saved: Path) -> None:
    folder = saved
    tables = {f"{name}.parquet" for name in TABLES}
    assert files(folder) >= {"scenario.yaml", "summary.json", "log.txt", "report.html", "truth.json", *tables}
    assert "plots/view_sizes.png" in files(folder)
    assert (folder / "scenario.yaml").read_text(encoding="utf-8") == "name: small\n"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["schema_version"], summary["name"], summary["seed"]) == (1, "small", 7)
    assert summary["complete"] is True
    assert len(summary["digest"]) == 64
    assert set(summary) >= {"versions", "wall_s", "cpu_s", "events_processed", "claims", "detection"}


def test_a_result_read_back_is_the_one_that_was_saved(result: Result, saved: Path, tmp_path: Path) -> None:
    again = open_result(saved)
    assert again.summary == result.summary
    assert again.scenario.name == "small"
    assert again.scenario.to_yaml() == "name: small\n"
    for name in TABLES:
        there, here = again.table(name), result.table(name)
        # The categories of a table without rows do not survive; its columns do.
        pd.testing.assert_frame_equal(there, here, check_dtype=len(here) > 0, check_categorical=len(here) > 0)
    for column in ("t", "observer", "subject", "kind", "detail"):
        assert np.array_equal(getattr(again.events, column), getattr(result.events, column))
    assert again.truth.down == result.truth.down
    assert again.truth.faulted == result.truth.faulted
    assert again.truth.crashes == result.truth.crashes
    assert again.truth.map is not None
    assert result.truth.map is not None
    assert (again.truth.map.xy_s == result.truth.map.xy_s).all()
    assert again.recording is None
    # And it can be saved once more; without figures there is no page.
    without = {"report.html", *(f"plots/{name}.png" for name in FIGURES)}
    assert files(again.save(tmp_path / "copy", figures=False)) == files(saved) - without


def test_of_a_mass_join_saved_without_its_joins_views_are_complete_when_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "EARLY_ROWS", 1)
    here = small()
    there = open_result(here.save(tmp_path / "r", figures=False))
    assert len(there.events.t) == len(here.events.t) - 4 * 3
    grid = np.arange(0.0, here.truth.end_s)
    seen = [view_sizes.sizes(one, grid) for one in (there, here)]
    np.testing.assert_array_equal(*seen)


def test_an_older_result_is_replaced_only_by_a_whole_one(result: Result, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "r", figures=False)
    (folder / "old.txt").write_text("old", encoding="utf-8")

    def broken() -> None:
        with replacing(folder) as partial:
            (partial / "summary.json").write_text("{}", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert (folder / "old.txt").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    result.save(folder, figures=False)
    assert (folder / "old.txt").read_text(encoding="utf-8") == "old"  # somebody's own
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_what_is_no_result_is_never_replaced(result: Result, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ResultError, match="found something that is not a result folder"):
        result.save(home)
    assert files(home) == {"letter.txt"}
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ResultError, match="found something that is not a result folder"):
        result.save(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    result.save(tmp_path / "empty", figures=False)


def test_a_place_that_cannot_be_written_is_said_to_be_so(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ResultError, match="expected a folder"):
        result.save(tmp_path / "file" / "r")


def test_what_is_no_result_cannot_be_opened(result: Result, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no such result folder"):
        open_result(tmp_path / "gone")
    with pytest.raises(ResultError, match=r"it has no summary\.json"):
        open_result(tmp_path)
    folder = result.save(tmp_path / "r", figures=False)
    (folder / "manifest.json").unlink()  # which would tell of all that follows
    (folder / "traffic.parquet").unlink()
    with pytest.raises(ResultError, match=r"traffic\.parquet"):
        _ = open_result(folder).traffic
    (folder / "probes.parquet").write_bytes(b"nonsense")
    with pytest.raises(ResultError, match=r"probes\.parquet: cannot be read"):
        _ = open_result(folder).probes
    (folder / "summary.json").write_text('{"schema_version": 99}', encoding="utf-8")
    with pytest.raises(ResultError, match="schema_version 1"):
        open_result(folder)
    for text in ("{", "[]", '{"schema_version": 1}'):
        (folder / "summary.json").write_text(text, encoding="utf-8")
        with pytest.raises(ResultError, match=r"summary\.json"):
            open_result(folder)


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    partial = small(interrupted_at=30.0)
    folder = partial.save(tmp_path / "r", figures=False)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["complete"], summary["interrupted_at_s"]) == (False, 30.0)
    assert "Interrupted at 30.0 s of 50 s" in partial._repr_html_()


def test_summary_numbers_are_what_json_can_hold(result: Result) -> None:
    text = json.dumps(result.summary, allow_nan=False)
    assert json.loads(text) == result.summary
