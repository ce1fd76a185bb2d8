"""What laws and faults of packets do to a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.cluster import Run, scenario


def cluster(*faults: dict[str, Any], duration: str = "60s", nodes: Any = 8, **parts: Any) -> Run:
    return Run(scenario(nodes, duration, faults=list(faults), **parts))


def test_duplicates_and_reordering_trouble_nobody() -> None:
    run = cluster({"duplicate": "50%", "at": "5s"}, {"reorder": {"share": "30%", "by": "40ms"}, "at": "5s"})
    assert run.times("suspect") == run.times("failed") == []


def test_a_path_mtu_hole_spares_pings_and_stops_full_gossip() -> None:
    """An event of 400 bytes makes a long datagram; pings, of 100 bytes or so, get through."""
    event = {"event": "big", "from": "node-00", "at": "10s", "payload": "400B", "fill": "random"}
    hole = {"loss": {"udp": "100%", "above": "350B"}, "between": [["node-07", "rest"]], "at": "5s"}
    heard = {}
    for name, faults in (("free", []), ("hole", [hole])):
        run = cluster(*faults, duration="20s", workload=[event])
        assert run.times("suspect") == []
        assert run.recording.deliveries is not None
        heard[name] = set(run.recording.deliveries.node.tolist())
    assert heard["free"] - heard["hole"] == {7}


def test_a_narrow_link_makes_its_member_late_and_only_while_it_lasts() -> None:
    run = cluster({"bandwidth": "4kbit", "nodes": ["node-03"], "at": "5s", "for": "30s"}, duration="90s")
    late = [t for t in run.times("failed_ping") if 5.0 < t < 40.0]
    assert len(late) > 10
    assert [t for t in run.times("failed_ping") if t > 60.0] == []


def test_jitter_in_a_fault_makes_probes_fail() -> None:
    pareto = {"model": "pareto", "scale": "200ms", "shape": 1.5}
    run = cluster({"jitter": pareto, "between": [["node-[0..3]", "rest"]], "at": "5s", "for": "30s"})
    assert len(run.times("failed_ping")) > 10
    assert max(run.times("failed_ping")) < 40.0


@pytest.mark.parametrize(("times", "fails"), [(100, False), (9000, True)])
def test_a_stretched_latency_fails_probes_beyond_their_timeout(times: int, fails: bool) -> None:
    run = cluster({"latency": {"factor": times}, "at": "5s", "for": "30s"})
    assert (len(run.times("failed_ping")) > 0) is fails
