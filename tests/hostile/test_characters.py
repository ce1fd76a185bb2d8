"""Control characters in what a scenario names: escaped wherever they are shown, kept in raw data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim import open_result
from serfsim.base.english import printable
from serfsim.cli.app import app
from serfsim.scenario import load

ESCAPE = Path(__file__).parent / "inputs" / "escape.yaml"


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("escape") / "r"
    done = command("run", ESCAPE, "--out", place, "--set", 'cluster.tags.colour="\\e[31m"')
    assert done.exit_code == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "<script>alert(1)</script> \\x1b[31mred" in done.stdout
    return place


def test_no_command_sends_them_to_the_terminal(folder: Path) -> None:
    for arguments in (
        ("validate", ESCAPE),
        ("members", folder),
        ("monitor", folder, "--level", "TRACE"),
        ("info", folder, "--at", "5s"),
        ("validate", ESCAPE, "--set", 'network.loss="\\e[31m\\nforged"'),
        ("validate", ESCAPE, "--set", '"\\e[31m"=5'),
        ("members", folder, "--as", "\x1b[31m"),
    ):
        done = command(*arguments)
        assert "\x1b" not in done.stdout + done.stderr, arguments


def test_a_name_makes_no_line_of_the_log(folder: Path) -> None:
    lines = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
    assert any("alert(3)</script>\\n12.000 node-00 [INFO]" in line for line in lines)
    assert not [line for line in lines if "EventMemberFailed: forged" in line and "alert(3)" not in line]


def test_the_page_has_neither_control_characters_nor_markup_of_theirs(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "\x1b" not in page
    assert "<script>alert" not in page
    assert "<svg onload" not in page


def test_raw_data_keeps_them(folder: Path) -> None:
    assert set(open_result(folder).deliveries["name"]) >= {load(ESCAPE).workload[0].event}
    assert "\x1b" in open_result(folder).summary["question"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("a\x1b[31m\x07\x9b", "a\\x1b[31m\\x07\\x9b"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\u202eabc\u2066\u2028", "\\u202eabc\\u2066\\u2028"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_cannot_be_printed_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown
