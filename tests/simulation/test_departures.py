"""Ways a process ends: leaves that stay, SIGTERM and SIGINT, as Serf 0.9.4's agent takes them."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim.protocol import log_lines
from tests.simulation.cluster import Run, run


def logged(made: Run, line: int, node: int) -> list[tuple[float, str]]:
    log = made.recording.log
    chosen = ((log.line == line) & (log.node == node)).nonzero()[0]
    return [(float(log.t[i]), log.texts[log.text[i]]) for i in chosen]


@pytest.mark.parametrize(
    ("verb", "config", "leaves"),
    [
        ("terminate", {}, False),
        ("terminate", {"leave_on_terminate": True}, True),
        ("interrupt", {}, True),
        ("interrupt", {"skip_leave_on_interrupt": True}, False),
    ],
)
def test_a_signal_makes_an_agent_leave_where_its_settings_say_so(
    verb: str, config: dict[str, Any], leaves: bool
) -> None:
    made = run(6, "60s", config=config, faults=[{verb: ["node-03"], "at": "10s"}])
    for observer in (0, 1, 2, 4, 5):
        assert len(made.times("left", observer, 3)) == int(leaves)
        assert len(made.times("failed", observer, 3)) == int(not leaves)
    assert len(logged(made, log_lines.LEAVING, 3)) == int(leaves)
    assert len(logged(made, log_lines.NO_LEAVE, 3)) == int(not leaves)
    assert made.sim.nodes[3] is None
    assert [node for _, node in made.recording.truth.leaves] == [3] * int(leaves)
    assert [node for _, node in made.recording.truth.crashes] == [3] * int(not leaves)


def test_an_interrupted_agent_that_cannot_tell_anybody_ends_after_three_seconds() -> None:
    # Nothing is gossiped: the intent is never out, and broadcast_timeout is longer than the agent waits.
    made = run(
        3,
        "60s",
        config={"gossip_interval": "0s", "probe_interval": "0s", "push_pull_interval": "0s"},
        faults=[{"interrupt": ["node-01"], "at": "10s"}],
    )
    assert made.down(1)[-1][0] == pytest.approx(13.0, abs=0.01)


def test_a_second_signal_ends_a_leave_at_once() -> None:
    faults = [{"interrupt": ["node-01"], "at": "10s"}, {"terminate": ["node-01"], "at": "10100ms"}]
    made = run(3, "30s", faults=faults)
    assert made.down(1)[-1][0] == pytest.approx(10.1, abs=0.01)


def test_a_paused_process_gets_the_signal_when_it_goes_on() -> None:
    faults = [{"pause": ["node-01"], "at": "5s", "for": "10s"}, {"terminate": ["node-01"], "at": "6s"}]
    made = run(3, "30s", faults=faults)
    assert made.down(1)[-1][0] == pytest.approx(15.0, abs=0.01)


def test_who_is_terminated_comes_back_after_its_restart() -> None:
    made = run(3, "60s", faults=[{"terminate": ["node-01"], "at": "10s", "restart": "5s"}])
    assert made.sim.nodes[1] is not None
    assert made.faulted(1) == [(10.0, 15.0)]
    assert made.summary["convergence"]["views_disagreeing"] == 0


def test_who_leaves_and_stays_is_left_and_cannot_join_again() -> None:
    made = run(
        4,
        "60s",
        faults=[{"leave": ["node-02"], "stay": True, "at": "10s"}],
        workload=[{"join": ["node-00"], "from": "node-02", "at": "30s"}],
    )
    assert made.sim.nodes[2] is not None
    assert [len(made.times("left", observer, 2)) for observer in (0, 1, 3)] == [1, 1, 1]
    ((t, error),) = logged(made, log_lines.JOIN_ERROR, 2)
    assert t == pytest.approx(30.0)
    assert error == "Serf can't Join after Leave or Shutdown"
    assert not made.times("join", 0, 2, since=10.0)


def test_who_left_and_stayed_joins_again_with_a_new_serf() -> None:
    made = run(4, "60s", faults=[{"leave": ["node-02"], "stay": True, "at": "10s", "restart": "20s"}])
    assert [len([t for t in made.times("join", observer, 2) if t > 10.0]) for observer in (0, 1, 3)] == [
        1
    ] * 3
    assert made.faulted(2)[0][1] == 30.0
    assert made.summary["convergence"]["views_disagreeing"] == 0
