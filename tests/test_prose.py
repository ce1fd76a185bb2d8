"""Docstrings read as an engineer of this field writes: a summary says what something is or does.

Ruff's D rules hold the form (imperative mood, a full stop). The openings and phrases below hide subject
and verb, so that a reader has to take the sentence apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "serfsim"

# Folders and modules whose prose is still to be rewritten. A row goes when it is done.
PENDING = ("protocol/wire/",)
OPENINGS = re.compile(r"(What|How|Whether|Who|Whom|Whose|Which|Where|When|That|Is|Are|Does|Did)\b")
PHRASES = re.compile(
    r"\b(is|are|be|was|were|being) told\b|\btold (of|by|apart)\b|\bone's own\b"
    r"|\bwhat (came|comes|becomes) of\b"
    r"|\bof (its|their|his) own accord\b|\bstands for nothing\b|\bwhoever\b|\bwhatever else\b",
    re.IGNORECASE,
)


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring of a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: file.relative_to(PACKAGE).as_posix()
)
def test_summaries_say_what_something_is_or_does(file: Path) -> None:
    wrong = []
    for line, text in docstrings(file):
        summary = text.split("\n\n")[0]
        if OPENINGS.match(summary):
            wrong.append(f"{file.name}:{line}: opens with {summary.split()[0]!r}: {summary.splitlines()[0]}")
        found = PHRASES.search(text)
        if found:
            wrong.append(f"{file.name}:{line}: {found[0]!r}")
    assert wrong == []
