"""Members behind a firewall that drops UDP, in a small group."""

from __future__ import annotations

import pytest

from serfsim.papers.udp_blocked import PAPER, runs
from serfsim.study.reproduction import Cell


@pytest.mark.parametrize(("fallback", "declared"), [("on", 0), ("off", 3)])
def test_the_tcp_fallback_saves_every_blocked_member(
    fallback: str, declared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MEMBERS", 40)
    found = PAPER.run(Cell(fallback=fallback).varied("blocked", "3"), 1)
    assert found["declared"] == declared
    assert fallback == "off" or found["believed"] == found["others_declared"] == 0
    assert (found["warnings"] > 0) == (fallback == "on")
