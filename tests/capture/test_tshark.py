"""A capture as tshark sees it: nothing malformed, every checksum right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.capture.conftest import Run

TSHARK = shutil.which("tshark")
CHECKS = ("ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE")
WRONG = (
    "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"
    " || tcp.analysis.ack_lost_segment || tcp.analysis.lost_segment"
)

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian: apt install tshark)")


def tshark(path: Path, display: str, *fields: str) -> list[str]:
    assert TSHARK is not None
    options = [word for check in CHECKS for word in ("-o", check)]
    wanted = [word for name in fields for word in ("-e", name)]
    command = [TSHARK, "-n", "-r", str(path), *options, "-Y", display, "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["busy", "plain", "sealed"])
def test_nothing_is_malformed_and_every_checksum_is_right(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    assert tshark(run.path, WRONG, "frame.number", "_ws.col.Info") == []
    good = tshark(run.path, "udp.checksum.status == 1 || tcp.checksum.status == 1", "frame.number")
    assert len(good) == len(run.captured.datagrams) + len(run.captured.segments)


def test_tshark_follows_every_connection(plain: Run) -> None:
    assert tshark(plain.path, "tcp.flags.fin == 1 && tcp.analysis.flags", "frame.number") == []
    complete = tshark(plain.path, "tcp.completeness == 31", "tcp.stream")
    streams = tshark(plain.path, "tcp", "tcp.stream")
    assert set(complete) == set(streams)
