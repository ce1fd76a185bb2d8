"""Packets and bytes of real agents, whose names have seven characters (recorded IP bytes)."""

from __future__ import annotations

import functools

import pytest

from tests.simulation.cluster import Run, run


@functools.cache
def saved_by_tcp() -> Run:
    """Two members that can only ping each other over TCP."""
    return run(
        2,
        "60s",
        config={"push_pull_interval": "0s", "gossip_interval": "0s"},
        faults=[{"block": "udp", "nodes": "all"}],
    )


def per_second(there: Run, what: str, table: str = "traffic_counts") -> int:
    counts = getattr(there.recording, table)
    begin = int(2 - counts.start)
    return int(counts.values[begin:, counts.columns.index(what)].sum())


def test_a_tcp_ping_of_two_agents_is_five_packets_each_way_of_353_and_304_bytes() -> None:
    there = saved_by_tcp()
    pings = per_second(there, "tcp/ping")
    assert pings > 40
    assert per_second(there, "tcp/ack") == pings
    assert per_second(there, "tcp/connections") == pings
    assert per_second(there, "tcp/packets") == 10 * pings
    total = per_second(there, "tcp/packets", "traffic_bytes")
    # Sequence numbers up to 127 take one byte; those in the recordings took three.
    assert max(node.memberlist.core.seq for node in there.sim.nodes) < 128
    assert total == (353 - 2 + 304 - 2) * pings


@functools.cache
def quiet(nodes: int) -> Run:
    return run(
        nodes,
        "130s",
        network={"topology": {"model": "plane", "size": "90ms", "height": "2ms..10ms"}},
        warm_up="30s",
        processing_delay="400us",
    )


def test_pings_and_acks_of_a_quiet_cluster_have_the_recorded_sizes() -> None:
    there = quiet(16)
    for kind, size in (("ping", 99), ("ack", 178)):
        count = per_second(there, f"udp/{kind}")
        total = per_second(there, f"udp/{kind}", "traffic_bytes")
        assert count > 1900
        assert total / count == pytest.approx(size, abs=1.0)


@pytest.mark.parametrize(("nodes", "size"), [(16, 920.0), (32, 1170.0)])
def test_a_push_pull_has_the_recorded_size(nodes: int, size: float) -> None:
    there = quiet(nodes)
    exchanges = per_second(there, "tcp/connections")
    assert per_second(there, "tcp/push_pull") == 2 * exchanges
    each_way = per_second(there, "tcp/packets", "traffic_bytes") / exchanges / 2
    # About five packets each way.
    assert per_second(there, "tcp/packets") / exchanges / 2 == pytest.approx(5.0, abs=0.1)
    assert each_way == pytest.approx(size, rel=0.05)


def test_everybody_pings_once_a_second_and_push_pulls_twice_a_minute() -> None:
    there = quiet(32)
    assert per_second(there, "udp/ping") / 32 / 128 == pytest.approx(1.0, rel=0.005)
    assert len(there.times("push_pull", since=0.0)) / 32 / 130 * 60 == pytest.approx(2.0, rel=0.05)
