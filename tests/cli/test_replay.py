"""`serfsim replay`: where the page goes, and what is said where there can be none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim import SerfsimError
from tests.replays.conftest import SECTIONS, recorded

Serfsim = Callable[..., Any]


def test_the_command_writes_the_page_into_the_folder_or_elsewhere(
    serfsim_in: Serfsim, tmp_path: Path
) -> None:
    recorded(duration="2s", faults=[]).save(tmp_path / "r", figures=False)
    done = serfsim_in("replay", "r")
    assert (done.exit_code, done.stdout) == (0, "r/replay.html\n")
    assert serfsim_in("replay", "r").exit_code == 0  # in place of the page of before
    done = serfsim_in("replay", "r", "--with", "r", "--out", "pages/two.html")
    assert (done.exit_code, done.stdout) == (0, "pages/two.html\n")
    assert (
        len(re.findall('class="replay-data"', (tmp_path / "pages" / "two.html").read_text(encoding="utf-8")))
        == 2
    )
    # The page belongs to the folder: another run there takes it away.
    recorded(duration="2s", faults=[]).save(tmp_path / "r", figures=False)
    assert not (tmp_path / "r" / "replay.html").exists()


def test_what_cannot_be_replayed_is_said_in_one_line(serfsim_in: Serfsim, tmp_path: Path) -> None:
    recorded(duration="2s", faults=[]).save(tmp_path / "r", figures=False)
    scenario = serfsim.Scenario(**{**SECTIONS, "duration": "2s", "faults": []})
    serfsim.run(scenario, progress=lambda fraction: None).save(tmp_path / "plain", figures=False)
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    (tmp_path / "bad").mkdir()
    for path in (tmp_path / "r").iterdir():
        (tmp_path / "bad" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "bad" / "manifest.json").unlink()
    (tmp_path / "bad" / "packets.parquet").write_bytes(b"PAR1 and no more")
    wrong = {
        ("plain",): "plain: found no packets.parquet, which a replay needs; run the scenario with record:"
        " {replay: true}",
        ("r", "--with", "plain"): "plain: found no packets.parquet",
        ("gone",): "gone: no such result folder",
        ("r", "--out", "mine.html"): "--out: found mine.html, which serfsim did not write",
        ("r", "--out", "plain"): "--out: found the folder plain; expected a file to write",
        ("r", "--out", "mine.html/page.html"): "mine.html/page.html: cannot be written",
        ("bad",): "bad/packets.parquet: cannot be read",
    }
    for arguments, message in wrong.items():
        done = serfsim_in("replay", *arguments)
        assert done.exit_code == 2, arguments
        assert message in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    for arguments in ((), ("r", "--log", "r/log.txt"), ("--log", "r/log.txt", "--with", "r")):
        done = serfsim_in("replay", *arguments)
        assert (done.exit_code, done.stderr.count("expected")) == (2, 1), arguments
    done = serfsim_in("replay", "--log", "r/log.txt")
    assert done.exit_code == 0
    assert done.stdout.endswith("\nreplay.html\n")
    with pytest.raises(SerfsimError, match="replay: true"):
        serfsim.replay(tmp_path / "plain", tmp_path / "page.html")
