"""The words of real agents' logs."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from serfsim.logs.names import SimulatedNames
from serfsim.protocol import events as kind
from serfsim.results.agent_log import eras_of, log_lines, write_log
from tests.scoring.recorded import Row, events
from tests.simulation.cluster import Run, scenario

NAMES = ["a", "b", "c"]


def line(row: Row, version: str = "0.9") -> str:
    (only,) = log_lines(events([row]), NAMES, version)
    return only


# memberlist's words (spec memberlist.md section 14), and Serf's (serf.md section 17).
WORDS = [
    ((1, 0, kind.FAILED_PING, 1), "[DEBUG] memberlist: Failed ping: b (timeout reached)"),
    ((1, 0, kind.SUSPECT, 1), "[INFO] memberlist: Suspect b has failed, no acks received"),
    (
        (1, 0, kind.TCP_FALLBACK_OK, 1),
        "[WARN] memberlist: Was able to connect to b but other probes failed, network may be misconfigured",
    ),
    (
        (1, 0, kind.SUSPICION_TIMEOUT, 1, 2),
        "[INFO] memberlist: Marking b as failed, suspect timeout reached (2 peer confirmations)",
    ),
    ((1, 0, kind.REFUTE_SUSPECT, 1), "[WARN] memberlist: Refuting a suspect message (from: b)"),
    ((1, 0, kind.REFUTE_DEAD, 1), "[WARN] memberlist: Refuting a dead message (from: b)"),
    ((1, 0, kind.JOIN, 1), "[INFO] serf: EventMemberJoin: b 10.0.0.2"),
    ((1, 0, kind.FAILED, 1), "[INFO] serf: EventMemberFailed: b 10.0.0.2"),
    ((1, 0, kind.LEFT, 1), "[INFO] serf: EventMemberLeave: b 10.0.0.2"),
    ((1, 0, kind.LEFT_FORCED, 1), "[INFO] serf: EventMemberLeave (forced): b 10.0.0.2"),
    ((1, 0, kind.UPDATE, 1), "[INFO] serf: EventMemberUpdate: b"),
    ((1, 0, kind.REAP, 1), "[INFO] serf: EventMemberReap: b"),
    ((1, 0, kind.RECONNECT, 1), "[INFO] serf: attempting reconnect to b 10.0.0.2:7946"),
]


@pytest.mark.parametrize(("row", "words"), WORDS)
def test_each_happening_has_its_words(row: Row, words: str) -> None:
    assert line(row) == f"       1.000 a {words}"


@pytest.mark.parametrize(
    ("version", "fallback", "ping"),
    [
        (
            "0.8",
            "Was able to reach b via TCP but not UDP, network may be misconfigured and not allowing "
            "bidirectional UDP",
            "Failed ping: b (timeout reached)",
        ),
        (
            "0.9",
            "Was able to connect to b but other probes failed, network may be misconfigured",
            "Failed ping: b (timeout reached)",
        ),
        (
            "latest",
            "Was able to connect to b over TCP but UDP probes failed, network may be misconfigured",
            "Failed UDP ping: b (timeout reached)",
        ),
    ],
)
def test_the_words_are_those_of_the_release(version: str, fallback: str, ping: str) -> None:
    assert line((1, 0, kind.TCP_FALLBACK_OK, 1), version).endswith(f"[WARN] memberlist: {fallback}")
    assert line((1, 0, kind.FAILED_PING, 1), version).endswith(f"[DEBUG] memberlist: {ping}")


def test_what_real_agents_do_not_log_has_no_line() -> None:
    rows: list[Row] = [(1, 0, kind.HEALTH, 0, 3), (2, 0, kind.CONFIRMED, 1), (3, 0, kind.LEAVING, 1)]
    assert list(log_lines(events(rows), NAMES)) == []


def test_a_simulated_cluster_logs_a_pruned_member_and_a_failed_join() -> None:
    """The kinds of a trace are bytes; those of the log have negative numbers as well."""
    run = Run(
        scenario(
            ["a", "b", "c", "d", "e"],
            "30s",
            faults=[
                {"leave": ["d"], "at": "1s"},
                {"crash": ["e"], "at": "2s", "restart": "10s"},
                {"partition": [["e"], "rest"], "at": "3s", "for": "20s"},
            ],
            workload=[{"force_leave": ["d"], "prune": True, "from": "a", "at": "10s"}],
        )
    )
    lines = list(log_lines(run.events, run.recording.names, log=run.recording.log))
    pruned = [line.split()[1] for line in lines if line.endswith("EventMemberReap (forced): d 10.0.0.4")]
    assert sorted(pruned) == ["a", "b", "c"]
    assert [line.split()[1] for line in lines if "[WARN] agent: error joining: " in line] == ["e"]


def test_strangers_are_unknown() -> None:
    assert line((1, 0, kind.FAILED, 7)).endswith("EventMemberFailed: ? ?")


def test_lines_keep_the_order_of_the_happenings_and_negative_times() -> None:
    stream = io.StringIO()
    rows: list[Row] = [(-10.5, 0, kind.JOIN, 1), (0.25, 1, kind.FAILED, 2)]
    write_log(stream, events(rows), NAMES)
    assert stream.getvalue() == (
        "     -10.500 a [INFO] serf: EventMemberJoin: b 10.0.0.2\n"
        "       0.250 b [INFO] serf: EventMemberFailed: c 10.0.0.3\n"
    )


def test_node_numbers_are_spread_over_the_private_block() -> None:
    known = SimulatedNames([f"n{node}" for node in range(65536)])
    assert [known.ip(node) for node in (0, 254, 255, 65535)] == [
        "10.0.0.1",
        "10.0.0.255",
        "10.0.1.0",
        "10.1.0.0",
    ]


def test_each_line_is_in_the_words_of_the_release_that_its_node_ran_then() -> None:
    rng = np.random.default_rng(3)
    releases = [(-math.inf, node, "0.9") for node in range(3)]
    releases += [(float(t), int(rng.integers(0, 5)), "0.8") for t in np.sort(rng.integers(0, 20, 12))]
    t, node = np.sort(rng.integers(0, 20, 400)).astype(np.float64), rng.integers(0, 5, 400)
    expected = np.zeros(len(t), dtype=np.int64)
    for place, (since, member, _) in enumerate(releases, 1):
        expected[(node == member) & (t >= since)] = place
    np.testing.assert_array_equal(eras_of(t, node, releases), expected)
    assert len(set(expected.tolist())) > 8
    assert not eras_of(t, node, []).any()
