"""`serfsim report`: where the page goes, and what is said where there can be none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serfsim import Scenario, run, sweep

Serfsim = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A result without figures."""
    scenario = Scenario(name="tiny", cluster={"nodes": 1}, duration="5s", warm_up="1s")
    return run(scenario, progress=lambda fraction: None).save(tmp_path / "r", figures=False)


@pytest.mark.slow
def test_the_page_goes_into_the_folder_or_where_it_is_wanted(serfsim_in: Serfsim, folder: Path) -> None:
    done = serfsim_in("report", "r")
    assert (done.exit_code, done.stdout) == (0, "r/report.html\n")
    done = serfsim_in("report", "r", "--out", "pages/tiny.html")
    assert (done.exit_code, done.stdout) == (0, "pages/tiny.html\n")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert (folder.parent / "pages" / "tiny.html").read_text(encoding="utf-8") == page
    assert "<h1>tiny</h1>" in page
    assert sorted(path.name for path in (folder.parent / "pages").iterdir()) == ["tiny.html"]


def test_a_sweep_has_a_page_too(serfsim_in: Serfsim, tmp_path: Path) -> None:
    tiny = Scenario(name="tiny", cluster={"nodes": 2}, duration="5s", warm_up="1s")
    sweep(tiny, {"cluster.nodes": [2, 3]}, seeds=[1], out=tmp_path / "s", workers=1, progress=False)
    done = serfsim_in("report", "s")
    assert (done.exit_code, done.stdout) == (0, "s/report.html\n")
    page = (tmp_path / "s" / "report.html").read_text(encoding="utf-8")
    assert "2 settings, 1 seed each" in page


def test_what_is_no_result_or_no_place_is_said_in_one_line(serfsim_in: Serfsim, folder: Path) -> None:
    place = folder.parent
    (place / "file").write_text("x", encoding="utf-8")
    (place / "sweep").mkdir()
    (place / "sweep" / "sweep.json").write_text("{}", encoding="utf-8")
    wrong = {
        ("file",): "file: found a file; expected a result folder",
        (
            "r",
            "--out",
            "r/truth.json",
        ): "--out: found r/truth.json, which serfsim did not write; ",
        ("gone",): "gone: no such result folder",
        (".",): ".: not a result folder: it has no summary.json",
        ("sweep",): "sweep/sweep.json: found schema_version nothing; expected 1: another version",
        ("r", "--out", "sweep"): "--out: found the folder sweep; expected a file to write",
        ("r", "--out", "file/page.html"): "file/page.html: cannot be written: ",
    }
    for arguments, message in wrong.items():
        done = serfsim_in("report", *arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(message)
        assert len(done.stderr.splitlines()) == 1
    (folder / "member_events.parquet").unlink()
    done = serfsim_in("report", "r")
    assert (done.exit_code, done.stderr) == (2, "r: found no member_events.parquet\n")
    assert not (folder / "report.html").exists()
