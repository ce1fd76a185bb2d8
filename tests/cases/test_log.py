"""Lines that were missing in log.txt and `monitor`, cut short, or about the wrong member."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim import Simulation
from serfsim.cli.app import app
from serfsim.results.agent_log import log_lines
from tests.cases.running import case
from tests.simulation.cluster import Run, scenario


def lines_of(run: Run) -> list[str]:
    """The log without times."""
    kept = run.recording
    found = log_lines(kept.events, kept.names, run.sim.scenario.cluster.version, kept.releases, kept.log)
    return [line[13:] for line in found]


def timed(run: Run, node: str, part: str) -> list[float]:
    kept = run.recording
    found = log_lines(kept.events, kept.names, run.sim.scenario.cluster.version, kept.releases, kept.log)
    return [float(line[:12]) for line in found if line[13:].startswith(f"{node} ") and part in line]


def monitored(run: Run, folder: Path, node: str, level: str = "DEBUG") -> list[str]:
    run.result.save(folder / "r", figures=False)
    shown = CliRunner().invoke(app, ["monitor", str(folder / "r"), "--as", node, "--level", level])
    assert shown.exit_code == 0
    return [line[20:] if line[:2] == "20" or line[:2] == "19" else line for line in shown.stdout.splitlines()]


def test_a_pruned_member_stands_in_log_and_monitor(tmp_path: Path) -> None:
    run = case("prune_line")
    pruned = [line for line in lines_of(run) if "EventMemberReap (forced): d 10.0.0.4" in line]
    assert sorted(line[0] for line in pruned) == ["a", "b", "c"]
    assert "[INFO] serf: EventMemberReap (forced): d 10.0.0.4" in monitored(run, tmp_path, "a", "INFO")


def test_a_join_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    run = Run(
        scenario(
            ["a", "b"],
            "40s",
            config={"retry_interval": "15s"},
            start={"join": "a", "at": ["20s", "-100ms"]},
            warm_up="1s",
        )
    )
    error = [
        "[WARN] agent: error joining: 1 error occurred:",
        "\t* Failed to join 10.0.0.1: dial tcp 10.0.0.1:7946: connect: connection refused",
        "[WARN] agent: Join failed: 1 error occurred:",
        "\t* Failed to join 10.0.0.1: dial tcp 10.0.0.1:7946: connect: connection refused",
    ]
    shown = monitored(run, tmp_path, "b")
    first = shown.index(error[0])
    assert [line.rstrip() for line in shown[first : first + 4]] == error
    assert "[INFO] agent: Join completed. Synced with 1 initial agents" in shown


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"block": "tcp", "nodes": ["b"], "at": "1s"}, "dial tcp 10.0.0.{}:7946: i/o timeout"),
        # The suspicion takes longer than the next exchange.
        ({"crash": ["b"], "at": "1s"}, "dial tcp 10.0.0.{}:7946: connect: connection refused"),
    ],
)
def test_a_failed_push_pull_names_the_peer_and_the_reason(fault: dict[str, Any], reason: str) -> None:
    run = case(
        "push_pull_failed",
        {"faults": [fault], "cluster.config.push_pull_interval": "1s", "cluster.config.suspicion_mult": 20},
    )
    found = [line for line in lines_of(run) if "Push/Pull" in line]
    assert found
    numbers = {"a": 1, "b": 2}
    for line in found:
        peer = "b" if line.startswith("a") else "a"
        assert (
            line
            == f"{line[0]} [ERR] memberlist: Push/Pull with {peer} failed: {reason.format(numbers[peer])}"
        )
    rows = run.rows("push_pull_failed")
    assert (run.events.subject[rows] != run.events.observer[rows]).all()


def test_what_a_restarted_process_is_given_again_is_delivered_again(tmp_path: Path) -> None:
    run = case("replay_events")
    wanted = ["before1", "before2", "missed1", "missed2"]
    again = run.result.deliveries.query("node == 'b' and t_received_s > 50 and t_received_s < 79")
    assert list(again["name"]) == wanted
    assert again["t_delivered_s"].notna().all()
    shown = [line for line in monitored(run, tmp_path, "b") if "user-event" in line]
    assert [line.rpartition(" ")[2] for line in shown] == ["before1", "before2", *wanted, "after1"]


def test_member_events_are_passed_on_a_second_after_the_last_change() -> None:
    run = case("killed_fourth_agent")
    for node in ("n16", "n28", "n30"):
        (failed,) = timed(run, node, "EventMemberFailed: n26")
        (told,) = timed(run, node, "agent: Received event: member-failed")
        assert told - failed == pytest.approx(1.0, abs=0.01)


def test_changes_that_do_not_cease_are_passed_on_after_three_seconds() -> None:
    times = [f"{500 * k}ms" for k in range(20)]
    work = [{"tags": {"k": str(k)}, "nodes": ["b"], "at": at} for k, at in enumerate(times)]
    run = Run(scenario(["a", "b"], "15s", start={"converged": True}, workload=work))
    told = timed(run, "b", "Received event: member-update")
    assert told[0] == pytest.approx(3.0, abs=0.01)


def test_each_received_copy_is_told_and_none_of_a_push_pull(tmp_path: Path) -> None:
    shown = monitored(case("event_order"), tmp_path, "late")
    assert [line for line in shown if "messageUserEventType" in line] == []
    assert sum("Received event: user-event" in line for line in shown) == 8
    assert sum("messageJoinType: late" in line for line in shown) >= 2
    first = case("event_order")
    everybody = lines_of(first)
    for name in ("ev1", "ev12"):
        # Two members pass it on four times each.
        assert sum(line.endswith(f"messageUserEventType: {name}") for line in everybody) == 8


def test_a_first_start_with_a_snapshot_logs_no_rejoin() -> None:
    assert [line for line in lines_of(case("single_agent_snapshot")) if "re-join" in line] == []


def test_old_events_are_told_with_name_and_both_times() -> None:
    run = case("old_event_line")
    old = [line for line in lines_of(run) if "old event" in line]
    assert old
    for line in old:
        words = line.split()
        assert words[1:8] == ["[WARN]", "serf:", "received", "old", "event", "ev", "from"]
        time, current = int(words[9]), int(words[11].rstrip(")"))
        assert words[8:11] == ["time", str(time), "(current:"]
        assert time < current - 4


def test_too_many_push_pulls_are_told() -> None:
    made = scenario(12, "5s", config={"max_push_pull_requests": 2}, start={"spread": "0s"})
    sim = Simulation(made, 1)
    sim.network.hosts[0].listener.push_pull_time = 0.05
    kept = sim.run().recording
    assert kept is not None
    lines = [line[13:] for line in log_lines(kept.events, kept.names, log=kept.log)]
    assert "node-00 [ERR] memberlist: Too many pending push/pull requests" in lines
    assert any(" [DEBUG] memberlist: Failed to join 10.0.0.1: EOF" in line for line in lines)
