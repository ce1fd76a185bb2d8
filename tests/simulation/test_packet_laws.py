"""What laws and faults of packets do to a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import loads
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


SHIP: dict[str, Any] = {"groups": {"ship": {"nodes": ["node-07"]}}}


def test_jitter_of_a_pair_is_that_pairs_alone_and_part_of_the_true_round_trip() -> None:
    pairs = [{"between": [["ship", "node-00"]], "model": "uniform", "low": "20ms", "high": "20ms"}]
    jitter = {"model": "uniform", "low": "5ms", "high": "5ms", "pairs": pairs}
    plain = cluster(duration="30s", network={"jitter": {**jitter, "pairs": []}}, **SHIP)
    run = cluster(duration="30s", network={"jitter": jitter}, **SHIP)
    base, rtt = (found.recording.truth.rtt(7) for found in (plain, run))
    assert list(rtt - base) == pytest.approx([0.030, *[0.0] * 7])
    assert run.recording.truth.rtt(3)[4] == pytest.approx(plain.recording.truth.rtt(3)[4])


def test_jitter_of_a_members_link_counts_once_to_others_and_twice_between_two_of_them() -> None:
    own = {"model": "uniform", "low": "20ms", "high": "20ms"}
    groups = {"ship": {"nodes": ["node-06", "node-07"], "jitter": own}}
    network = {"jitter": {"model": "uniform", "low": "5ms", "high": "5ms"}}
    plain, run = (
        cluster(duration="20s", network=network, groups=found)
        for found in ({"ship": {"nodes": ["node-06", "node-07"]}}, groups)
    )
    differences = [run.recording.truth.rtt(node) - plain.recording.truth.rtt(node) for node in (0, 7)]
    assert list(differences[0]) == pytest.approx([*[0.0] * 6, 0.030, 0.030])
    assert list(differences[1]) == pytest.approx([*[0.030] * 6, 0.070, 0.0])


def test_both_forms_of_a_pairs_jitter_are_one() -> None:
    flat = {"between": [["node-00", "rest"]], "model": "pareto", "scale": "20ms"}
    nested = {"between": [["node-00", "rest"]], "jitter": {"model": "pareto", "scale": "20ms"}}
    made = [
        scenario(4, "10s", network={"jitter": {"model": "none", "pairs": [one]}}) for one in (flat, nested)
    ]
    assert made[0] == made[1]
    assert made[0].with_settings({}) == made[0]


def test_a_group_on_a_narrow_link_is_late_in_both_directions() -> None:
    """4 kbit/s carry five packets of 100 bytes in a second."""
    narrow = {"ship": {"nodes": ["node-07"], "bandwidth": "4kbit"}}
    free, run = (cluster(duration="40s", groups=groups) for groups in (SHIP["groups"], narrow))
    assert free.times("failed_ping") == []
    assert len(run.times("failed_ping", subject=7)) > 5
    assert len(run.times("failed_ping", observer=7)) > 5
    among_others = run.rows("failed_ping") & ~run.rows("failed_ping", subject=7) & ~run.rows("failed_ping", 7)
    assert among_others.sum() == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{model: none, pairs: [{between: [[a9, node-00]], model: pareto, scale: 1ms}]}", ["pairs[0]", "a9"]),
        ("{model: none, pairs: [{between: [[node-01, rest]], model: par, scale: 1ms}]}", ["did you mean"]),
        ("{model: none, pairs: [{between: [[node-01, rest]]}]}", ["pairs[0].jitter"]),
    ],
)
def test_a_mistake_in_a_pairs_jitter_has_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 4}}\nnetwork:\n  jitter: {text}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3: network.jitter.pairs")
    assert all(part in message for part in parts), message
