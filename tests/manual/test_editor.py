"""An editor with the real yaml-language-server completes, explains and checks a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serfsim.manual.reference import verb_reference
from serfsim.scenario.faults import FAULTS
from tests.manual.language_server import LanguageServer

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema" / "scenario.schema.json"
INDENT = "    "  # where the next key of the block goes
TEXT = f"""\
# yaml-language-server: $schema={SCHEMA.as_uri()}
duration: 60
cluster:
  nodes: 30
  profile: lan
  start: {{spread: 1s}}
faults:
  - block: udp
    nodes: [node-03]
{INDENT}
  - crash: [node-05]
    at: 30s
"""
LINES = TEXT.splitlines()
EMPTY_LINE = LINES.index(INDENT)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    uri = (tmp_path_factory.mktemp("editor") / "mine.yaml").as_uri()
    with LanguageServer(TEXT, uri) as server:
        yield server


def place(word: str) -> tuple[int, int]:
    line = next(number for number, text in enumerate(LINES) if word in text)
    return line, LINES[line].index(word) + 1


@pytest.mark.slow
def test_the_editor_completes_the_keys_of_the_fault_that_was_begun(editor: LanguageServer) -> None:
    offered = set(editor.completion(EMPTY_LINE, 4))
    keys = {key.path for key in verb_reference(FAULTS["block"]).keys}
    assert offered >= keys - {"block", "nodes"}
    assert not offered & {"restart", "payload", "cluster"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("profile", "defaults that the settings start from"),
        ("spread", "time before the join"),
        ("block", "transport"),
        ("crash", "members that crash"),
    ],
)
def test_the_editor_shows_the_meaning_of_a_key(editor: LanguageServer, word: str, part: str) -> None:
    assert part in editor.hover(*place(word))


@pytest.mark.slow
def test_the_editor_marks_a_duration_without_a_unit(editor: LanguageServer) -> None:
    editor.hover(0, 0)
    marked = editor.diagnostics()
    assert [line for line, _ in marked] == [place("duration")[0]]
