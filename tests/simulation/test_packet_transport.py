"""Packets over TCP, each on a connection of its own: what they cost, what stops them, and who reads them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.messages import PING
from serfsim.protocol.runtime import DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.envelope import without_label
from serfsim.scenario import Scenario, loads
from serfsim.scenario.checks import warnings
from tests.capture.conftest import captured
from tests.capture.reading import connections
from tests.simulation.cluster import Run

QUIET = {"push_pull_interval": "0s", "reconnect_interval": "1d", "enable_compression": False}
TCP = QUIET | {"packet_transport": "tcp"}
RTT_S = 0.02


def made(*faults: dict[str, Any], config: Any = (), nodes: Any = 5, **parts: Any) -> Scenario:
    cluster: dict[str, Any] = {"nodes": nodes, "config": TCP | dict(config), "processing_delay": "0s"}
    cluster |= {"start": {"converged": True, "spread": "0s"}} | parts.pop("cluster", {})
    network = {"topology": {"model": "split", "lan": "20ms", "wan": "0s"}} | parts.pop("network", {})
    words: dict[str, Any] = {"duration": "30s", "warm_up": "5s"} | parts
    return Scenario(cluster=cluster, network=network, faults=list(faults), **words)


def failures(run: Run) -> set[int]:
    return set(run.details("packet_failed"))


def test_a_probe_takes_two_connections_and_measures_three_round_trips() -> None:
    run = Run(made())
    traffic = run.summary["traffic"]
    pings = traffic["by_type"]["tcp_ping"]["messages_per_node_s"]
    assert traffic["tcp_connections_per_node_s"] == pytest.approx(2 * pings, rel=0.05)
    assert (
        run.recording.traffic_counts.values[
            :, run.recording.traffic_counts.columns.index("udp/datagrams")
        ].sum()
        == 0
    )
    assert run.count("failed_ping") == 0
    client = run.sim.nodes[0].vivaldi.coordinate
    other = run.sim.nodes[1].vivaldi.coordinate
    assert client.distance_to(other) / 1e9 == pytest.approx(3 * RTT_S, rel=0.1)


@pytest.mark.parametrize(("round_trips", "succeeds"), [(2.9, False), (3.2, True)])
def test_a_direct_ping_needs_a_probe_timeout_of_three_round_trips(round_trips: float, succeeds: bool) -> None:
    run = Run(made(config={"probe_timeout": f"{1000 * round_trips * RTT_S:g}ms"}, duration="10s"))
    assert (run.count("failed_ping") == 0) == succeeds
    assert run.count("suspect") == 0  # a late ack counts, and there are helpers


def test_blocked_udp_is_nothing_to_it_and_blocked_tcp_everything() -> None:
    run = Run(made({"block": "udp", "nodes": ["node-02"], "at": "1s"}))
    assert run.count("failed_ping") == 0
    run = Run(made({"block": "tcp", "nodes": ["node-02"], "at": "1s"}))
    assert {int(one) for one in run.events.observer[run.rows("failed", subject=2)]} == {0, 1, 3, 4}
    assert run.count("tcp_fallback") == run.count("tcp_fallback_error") == 0
    assert failures(run) == {DIAL_TIMEOUT}


def test_a_dead_process_refuses_a_dead_host_lets_the_dial_run_out_and_the_log_tells(tmp_path: Path) -> None:
    crashed = Run(made({"crash": ["node-02"], "at": "1s"}, duration="12s"))
    assert failures(crashed) == {DIAL_REFUSED}
    gone = Run(made({"crash": ["node-02"], "at": "1s", "host": True}, duration="12s"))
    assert failures(gone) == {DIAL_TIMEOUT}
    logs = [
        (run.result.save(tmp_path / name, figures=False) / "log.txt").read_text(encoding="utf-8")
        for name, run in (("crashed", crashed), ("gone", gone))
    ]
    error = "dial tcp 10.0.0.3:7946: i/o timeout"
    said = f'[WARN] memberlist TCPTransport: WriteTo failed addr=10.0.0.3:7946 err="{error}"'
    assert [said in log for log in logs] == [False, True]  # a refusal is said at debug level only


def test_packets_wait_for_a_writer_and_are_dropped_in_the_end() -> None:
    gone = {"crash": ["node-02"], "at": "1s", "host": True}
    few = Run(made(gone, config={"max_concurrent_writes": 1, "packet_dial_timeout": "2s"}))
    many = Run(made(gone, config={"max_concurrent_writes": 50, "packet_dial_timeout": "2s"}))
    patient = Run(made(gone, config={"max_concurrent_writes": 1, "acquire_writer_timeout": "10s"}))
    assert few.count("packet_dropped") > 20
    assert "packet_dropped" not in many.recording.probe_counts.columns
    assert patient.count("packet_dropped") < few.count("packet_dropped")
    assert few.count("failed_ping") > many.count("failed_ping")


def test_lost_segments_delay_packets_and_rarely_lose_them() -> None:
    workload = [{"event": "beacon", "from": "node-01", "at": "5s"}]
    lossy = {"loss": {"tcp": "2%", "udp": "100%"}}
    run = Run(made(network=lossy, workload=workload, nodes=8, config={"probe_timeout": "900ms"}))
    assert len(np.unique(run.recording.deliveries.node)) == 8
    assert run.count("direct_ack") > 4 * run.count("failed_ping") > 0
    assert run.count("failed") == 0


def test_a_paused_member_reads_what_has_come_once_it_goes_on() -> None:
    workload = [{"event": "beacon", "from": "node-01", "at": "2s"}]
    pause = {"pause": ["node-03"], "at": "1s", "for": "2s"}
    run = Run(made(pause, workload=workload, duration="10s"))
    times = run.recording.deliveries.t[run.recording.deliveries.node == 3]
    assert times.min() == pytest.approx(3.0, abs=0.01)


def test_members_of_the_two_transports_understand_nothing_of_each_other(tmp_path: Path) -> None:
    groups = {"old": {"nodes": 2, "config": {"packet_transport": "udp"}}}
    start = {"converged": False, "join": ["node-00", "node-03"]}
    run = Run(made(cluster={"groups": groups, "start": start}))
    assert {
        (int(o), int(s))
        for o, s in zip(
            run.events.observer[run.rows("join")], run.events.subject[run.rows("join")], strict=True
        )
        if (o > 2) != (s > 2)
    } == set()
    log = (run.result.save(tmp_path / "r", figures=False) / "log.txt").read_text(encoding="utf-8")
    assert "Received invalid msgType (2)" in log
    assert "unknown message type [6]" in log


@pytest.mark.parametrize(
    ("cluster", "faults", "words"),
    [
        ({"groups": {"new": {"nodes": 2, "config": {"packet_transport": "tcp"}}}}, [], ("node-01", "udp")),
        ({"product": "mimir-3", "groups": {"c": {"nodes": 1, "product": "nomad-1.11"}}}, [], ("node-03",)),
        ({"product": "mimir-3", "nodes": 2}, [], ()),
        (
            {"product": "mimir-3"},
            [{"upgrade": ["node-01"], "product": "nomad-1.11", "at": "1s"}],
            ("faults[0].upgrade", "tcp to udp"),
        ),
        ({"product": "mimir-3"}, [{"upgrade": "all", "product": "mimir-3", "at": "1s"}], ()),
        (
            {},
            [{"reconfigure": "all", "config": {"packet_transport": "tcp"}, "at": "1s"}],
            ("faults[0].reconfigure", "udp to tcp"),
        ),
    ],
)
def test_members_of_two_transports_are_warned_about(
    cluster: dict[str, Any], faults: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    scenario = Scenario(cluster={"nodes": 4} | cluster, faults=faults)
    found = [warning for warning in warnings(scenario) if "packet_transport" in warning]
    assert len(found) == bool(words)
    assert all(word in found[0] for word in words)


def test_a_capture_has_each_packet_with_its_senders_address_and_digest(tmp_path: Path) -> None:
    words = {
        "nodes": 4,
        "config": {"enable_compression": False, "packet_transport": "tcp"},
        "label": "east",
        "version": "0.10.2",
    }
    run = captured(tmp_path, duration="6s", warm_up="3s", cluster=words)
    assert run.captured.datagrams == []
    assert sum(part.length for part in run.captured.segments) == run.segments()[1]
    directory, pings = Directory(), 0
    for talk in connections(run.captured):
        data = talk.stream(talk.client)
        if data[:1] == b"\x02":
            assert without_label(b"east", data[1:])[:1] == b"\x06"
        elif data[:1] == b"\x01":
            length = data[1]
            packet, digest = data[2 + length : -16], data[-16:]
            assert data[2 : 2 + length].decode().startswith("10.0.0.")
            assert hashlib.md5(packet).digest() == digest
            found = DatagramReader(directory, None, b"east").read(packet)
            assert found.troubles == []
            pings += any(one.kind == PING for one in found.packets)
    assert pings > 10


def test_a_transport_that_there_is_not_is_named() -> None:
    with pytest.raises(ScenarioError, match=r"packet_transport: .*udp.*tcp"):
        loads("cluster: {config: {packet_transport: quic}}\nduration: 1m\n")


def test_a_long_packet_takes_its_time_and_no_longer_than_it_may() -> None:
    # A packet of 1400 bytes over a link of 8 kbit/s takes 1.5 s.
    slow = {"bandwidth": "8kbit"}
    workload = [{"event": "beacon", "payload": 400, "from": "node-01", "at": "1s"}]
    run = Run(made(network=slow, workload=workload, duration="10s"))
    assert IO_TIMEOUT not in failures(run)
