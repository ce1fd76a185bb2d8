"""The history grows by a line at a time, and a line that was cut short costs no other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import BaselineError
from serfsim.study.regression.history import ACCEPTED, append, line_of, read_history, series
from tests.regression.made import NAN, runs

FIRST = "detection.first_s.mean"


def line(date: str = "2026-01-02", values: list[float] | None = None) -> dict:
    kept = {"crash": runs({FIRST: values or [1.0, 2.0, 3.0], "detection.suspicions": [0.0] * 3})}
    return line_of(kept, {"kind": ACCEPTED, "date": date, "commit": "abc", "code": "1", "because": "so"})


def test_a_line_has_the_quartiles_of_headlines_that_are_not_always_zero() -> None:
    assert line()["scenarios"] == {"crash": {"runs": 3, FIRST: [1.5, 2.0, 2.5]}}


def test_lines_are_read_in_the_order_they_were_added(tmp_path: Path) -> None:
    path = tmp_path / "results" / "history.jsonl"
    append(path, line("2026-01-02"))
    append(path, line("2026-01-03"))
    lines, warnings = read_history(path)
    assert [one["date"] for one in lines] == ["2026-01-02", "2026-01-03"]
    assert warnings == []


def test_a_torn_last_line_is_passed_over_with_a_warning_and_the_next_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append(path, line("2026-01-02"))
    with path.open("a") as file:
        file.write(json.dumps(line("2026-01-03"))[:40])
    lines, warnings = read_history(path)
    assert [one["date"] for one in lines] == ["2026-01-02"]
    assert warnings == [f"{path}:2: truncated line skipped"]
    append(path, line("2026-01-04"))
    assert [one["date"] for one in read_history(path)[0]] == ["2026-01-02", "2026-01-04"]


def test_a_line_of_another_kind_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"schema_version": 9, "scenarios": {}}\n[]\n{"schema_version": 1, "scenarios": [1]}\n')
    lines, warnings = read_history(path)
    assert lines == []
    assert len(warnings) == 3


def test_what_is_no_number_in_a_line_is_no_value(tmp_path: Path) -> None:
    lines = [{"scenarios": {"tiny": {"a": ["x", "y", "z"]}}}, {"scenarios": {"tiny": {"a": [1, 2, 3]}}}]
    np.testing.assert_array_equal(series(lines, "tiny", "a"), [[np.nan] * 3, [1.0, 2.0, 3.0]])


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == ([], [])


def test_a_history_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(BaselineError, match="cannot be written"):
        append(tmp_path / "results" / "history.jsonl", line())


def test_a_series_has_gaps_where_a_line_has_no_such_figure() -> None:
    lines = [line(), line(values=[NAN, NAN, NAN]), line(values=[3.0, 4.0, 5.0])]
    found = series(lines, "crash", FIRST)
    assert found[[0, 2], 1].tolist() == [2.0, 4.0]
    assert np.isnan(found[1]).all()
    assert np.isnan(series(lines, "nobody", FIRST)).all()
