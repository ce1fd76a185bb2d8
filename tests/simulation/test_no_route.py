"""A member whose own kernel refuses to send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serfsim.network.rules import ALL, TCP, UDP, Effect
from serfsim.protocol.log_lines import PING_REFUSED
from serfsim.protocol.runtime import DIAL_NO_ROUTE
from tests.network.harness import CLIENT, SERVER, Lab
from tests.simulation.cluster import Run, scenario

X = 3


def alone(transport: str, version: str, **where: Any) -> Run:
    """One of eight members without a route from 5 to 65 s."""
    where = where or {"nodes": ["node-03"]}
    fault = {"no_route": transport, **where, "at": "5s", "for": "60s"}
    made = scenario(8, "90s", faults=[fault], config={})
    return Run(made.with_settings({"cluster.version": version}))


def test_before_memberlist_0_3_0_it_holds_everybody_for_alive() -> None:
    run = alone("all", "0.9")
    assert run.times("suspect", observer=X) == run.times("failed", observer=X) == []
    assert len(run.times("failed", subject=X)) == 7
    # One probe a second, each given up at once.
    log = run.recording.log
    refused = log.t[(log.line == PING_REFUSED) & (log.node == X)]
    assert len(refused) == 60
    assert 5.0 < refused.min() < refused.max() < 65.0


def test_from_memberlist_0_3_0_on_it_suspects_the_others() -> None:
    run = alone("all", "latest")
    assert len(run.times("suspect", observer=X)) > 3
    assert len(run.times("failed", observer=X)) > 3
    assert run.times("failed_ping", observer=X) == []
    assert max(run.details("health", observer=X)) == 7


@pytest.mark.parametrize(("version", "saved"), [("0.9", 0), ("latest", 60)])
def test_without_udp_alone_tcp_saves_every_probe_of_a_newer_one(version: str, saved: int) -> None:
    run = alone("udp", version)
    assert run.times("suspect") == run.times("failed") == []
    assert len(run.times("tcp_fallback", observer=X)) == pytest.approx(saved, abs=2)
    if saved:
        # A probe whose ping was refused does not improve the health score.
        assert run.details("health", observer=X) == []


def test_only_the_sends_from_one_to_another_are_refused() -> None:
    run = alone("udp", "0.9", between=[["node-03", "node-05"]], one_way=True)
    log = run.recording.log
    refused = log.text[(log.node == X) & (log.line == PING_REFUSED)]
    assert len(refused) > 3
    assert {run.recording.log.texts[text].split("->")[1].split(":")[0] for text in refused} == {"10.0.0.6"}
    assert run.times("failed") == []


def test_a_refused_datagram_is_no_traffic_and_the_sender_knows() -> None:
    lab = Lab()
    handle = lab.network.rules.around(Effect(refuses=True), UDP, [CLIENT], 2)
    lab.send(CLIENT, SERVER, 7)
    lab.send(SERVER, CLIENT, 8)
    lab.run(1.0)
    assert [machine.order for machine in lab.machines] == [["packet 8"], []]
    assert [source for _, source, _ in lab.ledger.sent] == [SERVER]
    lab.network.rules.remove(handle)
    lab.send(CLIENT, SERVER, 9)
    lab.run(2.0)
    assert lab.machines[SERVER].order == ["packet 9"]


def test_a_dial_without_a_route_ends_at_once_and_one_under_way_goes_silent() -> None:
    lab = Lab()
    lab.network.rules.around(Effect(refuses=True), TCP, [CLIENT], 2)
    lab.dial()
    lab.run(0.001)
    assert lab.result().outcome == DIAL_NO_ROUTE
    assert lab.ledger.segments_of(CLIENT) == lab.ledger.segments_of(SERVER) == []

    lab = Lab()
    lab.network.rules.around(Effect(refuses=True), ALL, [SERVER], 2)
    lab.dial(dial_timeout=3.0)
    lab.run(10.0)
    assert lab.result().at == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.9", ["Failed to send ping: write udp 10.0.0.4:7946->"]),
        ("latest", ["Failed to send UDP ping: write udp ", "Failed to send indirect UDP ping: write udp "]),
    ],
)
def test_its_log_has_the_words_of_its_release(version: str, words: list[str], tmp_path: Path) -> None:
    text = (alone("udp", version).result.save(tmp_path / "result") / "log.txt").read_text()
    assert all(f"[ERR] memberlist: {part}" in text for part in words)
    assert "sendto: network is unreachable" in text
