"""`serfsim reproduce`: its lists, exit codes and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app


def serfsim(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ["reproduce", *words])
    return ended.exit_code, ended.output


def test_the_list_names_each_paper_with_its_question(papers: Path) -> None:
    code, output = serfsim("--list")
    assert code == 0
    assert "tiny" in output
    assert "Is slow twice as slow as quick?" in output


def test_a_verdict_that_held_before_and_fails_is_exit_code_1(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SCALE", "3")
    out = ["--out", str(tmp_path / "o"), "--workers", "1"]
    assert serfsim("tiny", *out)[0] == 0, serfsim("tiny", *out)[1]
    record = [{"rules": "code", "slice": {}, "seeds": 3, "held": ["T1"]}]
    (papers / "tiny" / "held.json").write_text(json.dumps(record))
    code, output = serfsim("tiny", *out)
    assert code == 1
    assert "T1 held before and fails now" in output
    assert serfsim("tiny", *out, "--accept")[0] == 0
    assert serfsim("tiny", *out)[0] == 0


def test_a_run_that_fails_is_exit_code_1_and_the_others_are_kept(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_FAILS", "2")
    code, output = serfsim("tiny", "--out", str(tmp_path / "o"), "--workers", "1")
    assert code == 1
    assert "seed 2: this seed fails" in output
    assert "8 done" in output


def test_the_page_of_the_documentation_has_its_images_beside_it(papers: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "o"), "--workers", "1", "--docs", str(tmp_path / "docs"), "--quiet"]
    assert serfsim("tiny", *out)[0] == 0
    assert "images/tiny-delay.png" in (tmp_path / "docs" / "tiny.md").read_text()
    assert (tmp_path / "docs" / "images" / "tiny-delay.png").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tny"], "did you mean tiny"),
        ([], "--list"),
        (["tiny", "--slice", "C"], "FACTOR=VALUE"),
        (["tiny", "--slice", "X=1"], "configuration"),
        (["tiny", "--seeds", "none"], "1-20"),
        (["tiny", "--as", "told"], "code or paper"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(
    papers: Path, tmp_path: Path, words: list[str], expected: str
) -> None:
    code, output = serfsim(*words, "--out", str(tmp_path / "o"))
    assert code == 2
    assert expected in output
    assert output.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_missing_data_are_named(papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (papers / "tiny" / "__init__.py").read_text()
    (papers / "tiny" / "__init__.py").write_text(text.replace('seeds="1-3"', 'data=["nowhere.csv"]'))
    monkeypatch.delenv("SERFSIM_DATA", raising=False)
    code, output = serfsim("tiny", "--out", str(tmp_path / "o"))
    assert (code, "SERFSIM_DATA" in output, "nowhere.csv" in output) == (2, True, True)
