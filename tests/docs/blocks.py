"""Code blocks of a page of the manual, in order, and running them as a reader would.

A block follows the fence's language. A comment of the page in the line before the fence says more:

    <!-- file: NAME -->       the block is written to NAME, in the folder where the page is tried
    <!-- not run: REASON -->  the block is shown only
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SHELLS = ("sh", "console")
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[a-z-]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_NOTE = re.compile(r"<!-- (file|not run): (.+?) -->\s*\Z")


def extension(name: str) -> Any:
    """A module of `docs/_ext`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where the next one finds it
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Block:
    """One fenced block: `note` is ("file", NAME), ("not run", REASON), or None; `line` is the fence's."""

    language: str
    text: str
    line: int
    note: tuple[str, str] | None


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        note = _NOTE.search(before.rstrip(" "))
        indent = match["indent"]
        body = "".join(line.removeprefix(indent) for line in match["text"].splitlines(keepends=True))
        kind = (note[1], note[2]) if note else None
        found.append(Block(match["language"], body, before.count("\n") + 1, kind))
    return found


def run_page(page: Path, folder: Path) -> list[str]:
    """Try a page's blocks in `folder`; one message for each that fails.

    Files are written, shell blocks run with serfsim on the PATH, and Python blocks share one process.
    """
    problems = []
    python: list[str] = []
    environment = {**os.environ, "MPLBACKEND": "agg", "COLUMNS": "100"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for block in blocks_of(page):
        kind, detail = block.note or ("", "")
        if kind == "file":
            (folder / detail).write_text(block.text, encoding="utf-8")
        if kind == "not run":
            continue
        if block.language in SHELLS:
            command = ["bash", "-euc", block.text]
        elif block.language == "python" and kind != "file":
            # Blocks build on those before them: running each with all of these names the one that fails.
            python.append(block.text)
            command = [sys.executable, "-c", "\n".join(python)]
        else:
            continue
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            problems.append(
                f"{page.name}:{block.line}: exit {done.returncode}\n{done.stdout[-600:]}{done.stderr[-900:]}"
            )
            break
    return problems
