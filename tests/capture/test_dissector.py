"""Wireshark's view with the dissector that comes with serfsim, and the names and comments of pcapng."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import serfsim.capture
from serfsim import Simulation, open_result
from serfsim.scenario.model import Scenario
from tests.capture.conftest import Run

TSHARK = shutil.which("tshark")
DISSECTOR = Path(serfsim.capture.__file__).with_name("serf.lua")

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian: apt install tshark)")


def tshark(path: Path, display: str, *fields: str, options: tuple[str, ...] = ()) -> list[str]:
    assert TSHARK is not None
    wanted = [word for name in fields for word in ("-e", name)]
    script = ["-X", f"lua_script:{DISSECTOR}"]
    command = [TSHARK, *script, "-r", str(path), *options, "-Y", display, "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Lua" not in done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["busy", "plain"])
def test_the_dissector_reads_every_message(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    malformed = tshark(run.path, "memberlist.malformed && !tcp", "frame.number", "_ws.col.Info")
    assert malformed == []
    read = tshark(run.path, "memberlist && udp", "frame.number")
    assert len(read) == len(run.captured.datagrams)
    kinds = Counter(
        kind for line in tshark(run.path, "memberlist.type", "memberlist.type") for kind in line.split(",")
    )
    # ping, ack, alive and push/pull
    assert all(kinds[kind] > 0 for kind in "0246")
    assert tshark(run.path, "serf_gossip.type == 1", "serf_gossip.ltime")


def test_the_dissector_names_nodes_and_sequence_numbers_as_they_were_sent(plain: Run) -> None:
    rows = tshark(plain.path, "memberlist.type == 0 && udp", "ip.dst", "memberlist.node", "memberlist.seq")
    assert len(rows) > 10
    for row in rows:
        address, node, sequence = row.split("\t")
        number = int(address.rsplit(".", 1)[1]) - 1
        assert node.split(",")[0] == f"node-{number:02}"
        assert int(sequence.split(",")[0]) > 0


def test_sealed_datagrams_are_shown_as_encrypted(sealed: Run) -> None:
    rows = tshark(sealed.path, "memberlist && udp", "memberlist.encryption_version")
    assert rows
    assert set(rows) == {"1"}


def test_pcapng_names_the_nodes_and_marks_every_lost_packet(tmp_path: Path) -> None:
    scenario = Scenario(
        duration="20s",
        cluster={"nodes": 4},
        network={"loss": {"udp": "20%", "tcp": "20%"}},
        record={"packets": "pcapng"},
    )
    result = Simulation(scenario).run(lambda fraction: None)
    path = result.save(tmp_path / "r", figures=False) / "capture.pcapng"
    sent = result.traffic.groupby("transport")["count"].sum()
    lost = tshark(path, "frame.comment", "frame.number")
    frames = tshark(path, "ip", "ip.src_host", options=("-N", "n"))
    assert set(frames) == {f"node-{number:02}" for number in range(4)}
    assert 0.14 < len(lost) / len(frames) < 0.26
    assert sent["udp"] < len(frames)
    kept = open_result(tmp_path / "r").capture
    assert kept is not None
    kept.put(tmp_path / "again.pcapng")
    assert (tmp_path / "again.pcapng").read_bytes() == path.read_bytes()
