"""Each release writes its own forms of the messages: their bytes are as many as were reckoned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.capture.conftest import captured


@pytest.mark.parametrize("version", ["0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest"])
def test_a_releases_packets_are_as_long_as_they_were_counted(version: str, tmp_path: Path) -> None:
    run = captured(
        tmp_path,
        duration="20s",
        warm_up="6s",
        cluster={"nodes": 5, "version": version, "config": {"enable_compression": False}},
        network={"loss": {"udp": "10%"}},
        faults=[{"crash": ["node-03"], "at": "2s", "for": "10s"}, {"leave": ["node-01"], "at": "9s"}],
        workload=[
            {"event": "deploy", "from": "node-02", "at": "2s", "payload": 20},
            {"query": "uptime", "from": "node-02", "at": "4s"},
        ],
    )
    datagrams, segments = run.captured.datagrams, run.captured.segments
    assert (len(datagrams), sum(part.length for part in datagrams)) == run.datagrams()
    assert (len(segments), sum(part.length for part in segments)) == run.segments()
