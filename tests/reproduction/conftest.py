"""The tiny paper, in a copy of its own that a test may change."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import serfsim.papers
from serfsim.study.reproduction.shelf import paper_digest

HERE = Path(__file__).parent / "papers"


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that SERFSIM_PAPERS names, with the tiny paper."""
    folder = tmp_path / "papers"
    shutil.copytree(HERE, folder)
    monkeypatch.setenv("SERFSIM_PAPERS", str(folder))  # for worker processes
    monkeypatch.setattr(serfsim.papers, "__path__", [*serfsim.papers.__path__, str(folder)])
    paper_digest.cache_clear()
    yield folder
    sys.modules.pop("serfsim.papers.tiny", None)
    paper_digest.cache_clear()
