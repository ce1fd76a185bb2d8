"""Members that move, share a name, or tell a wrong address, as Serf 0.9.4's agents on loopback do.

Asked there: of two agents called web, the newcomer logs the conflict, asks, hears `[0 / 3]` of three others
and quits 3.2 s later; the others keep the first.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.live.finished_run import FinishedRun
from serfsim.protocol import events, log_lines
from serfsim.results.agent_log import log_names, write_log
from tests.simulation.cluster import Run, run, scenario

WEB = ["a", "b", "c", "web"]
WEB_THERE = {"name": "web", "address": "10.0.9.9"}
MOVE = {"crash": ["web"], "at": "5s", "restart": "15s", "address": "10.0.9.9"}


def log(made: Run) -> str:
    kept, text = made.recording, StringIO()
    write_log(text, kept.events, log_names(kept), "0.9", kept.releases, kept.log)
    return text.getvalue()


def rejoined(made: Run, member: int = 3) -> list[float]:
    """When each other member first saw one join after the start."""
    return [min(made.times("join", observer, member, since=0.0), default=np.inf) for observer in range(3)]


def reached(made: Run, member: int, t: float = 1.0, other: int = 0) -> dict[tuple[int, int], bool]:
    """Whether a member and another could reach each other."""
    ask = made.recording.truth.reachable
    return {pair: ask(*pair, t) for pair in ((other, member), (member, other))}


def to_nobody(made: Run) -> int:
    return int(made.summary["traffic"]["packets_to_nobody"])


# Moving -------------------------------------------------------------------------------------------


def test_a_member_back_at_a_new_address_is_refused_until_its_name_is_purged() -> None:
    made = run(WEB, "60s", faults=[MOVE])
    for observer, t in enumerate(rejoined(made)):
        died = max(made.times("failed", observer, 3))
        assert 30.0 < t - died < 50.0, "gossip_to_the_dead_time is 30 s"
    assert "Conflicting address for web. Mine: 10.0.0.4:7946 Theirs: 10.0.9.9:7946 Old state: 2" in log(made)
    assert to_nobody(made) > 0, "the others try to reconnect to its old address"
    assert made.times("conflict_lost") == []


def test_a_dead_member_is_taken_at_its_new_address_once_the_reclaim_time_is_over() -> None:
    made = run(WEB, "90s", config={"dead_node_reclaim_time": "15s"}, faults=[MOVE])
    for observer, t in enumerate(rejoined(made)):
        died = max(made.times("failed", observer, 3))
        assert 15.0 < t - died < 60.0
    lines = log(made).splitlines()
    assert any("a [INFO] serf: EventMemberFailed: web 10.0.0.4" in line for line in lines)
    assert any("a [INFO] serf: EventMemberJoin: web 10.0.9.9" in line for line in lines)


def test_a_member_that_left_is_taken_at_its_new_address_at_once() -> None:
    fault = {"leave": ["web"], "at": "5s", "restart": "8s", "address": "10.0.9.9"}
    made = run(WEB, "30s", faults=[fault])
    assert all(13.0 <= t < 14.0 for t in rejoined(made))
    assert made.times("conflict") == []


def test_who_moves_before_the_others_notice_loses_the_vote_about_its_own_name() -> None:
    made = run(WEB, "30s", faults=[{"move": ["web"], "at": "5s", "address": "10.0.9.9", "restart": "500ms"}])
    assert made.recording.truth.crashes == [], "a move is a restart without a crash"
    (first, second) = made.down(3)[-2:]
    assert first == (5.0, 5.5)
    assert second[0] == pytest.approx(8.7, abs=0.3)
    assert made.times("conflict_lost", 3) == [second[0]]


def test_members_of_a_group_move_to_addresses_in_order() -> None:
    fault = {"move": ["node-02", "node-03"], "at": "5s", "address": "10.0.9.0/24"}
    made = run(4, "10s", faults=[fault])
    assert made.sim.agents.placement.bound == [0, 1, 0x900, 0x901]


def test_whoever_shares_the_port_of_a_machine_is_another_member() -> None:
    nodes = [{"name": "a", "address": "10.0.9.9"}, {"name": "b", "address": "10.0.9.9:7950"}, "c"]
    made = run(nodes, "10s")
    assert all(node.members.count == 3 for node in made.sim.nodes)
    assert "EventMemberJoin: b 10.0.9.9" in log(made)
    past = FinishedRun(made.result)
    assert [(m.name, m.port) for m in past.members(2, 9.0)] == [("a", 7946), ("b", 7950), ("c", 7946)]


def test_a_new_name_at_an_old_address_does_not_answer_for_the_old_one() -> None:
    nodes = ["a", "b", "c", "web", {"name": "web2", "address": "10.0.0.4", "start": "11s"}]
    made = run(nodes, "30s", faults=[{"crash": ["web"], "at": "5s"}])
    found = made.recording.log
    strange = (found.line == log_lines.STRANGE_PING) & (found.node == 4)
    assert set(found.subject[strange].tolist()) == {3}
    assert "web2 [WARN] memberlist: Got ping for unexpected node 'web' from=10.0.0." in log(made)
    assert made.recording.truth.down[3][-1].start == 5.0
    assert all(node.members.count == 5 for node in made.sim.nodes[:3])
    assert all(made.times("failed", observer, 3) for observer in range(3))


def test_a_start_at_the_address_of_a_running_member_ends_the_run_with_one_message() -> None:
    fault = {"crash": 1, "at": "5s", "restart": "1s", "address": "10.0.0.1"}
    made = scenario(WEB, "20s", faults=[fault])
    message = r"found 10\.0\.0\.1 for \w+ at 6 s, where a runs; expected an address"
    with pytest.raises(SerfsimError, match=message):
        any(serfsim.Simulation(made, seed).run() is None for seed in range(8))


# Two of one name ----------------------------------------------------------------------------------

LATE = {"name": "web", "address": "10.0.0.9", "start": "10s"}


def test_the_second_of_two_with_one_name_loses_the_vote_and_quits() -> None:
    made = run([*WEB, LATE], "20s")
    (lost,) = made.details("conflict_lost", 4)
    assert (lost >> 16, lost & 0xFFFF) == (0, 3)
    (at,) = made.times("conflict_lost", 4)
    assert at - 5.0 == pytest.approx(3.2, abs=0.1)
    assert [node is None for node in made.sim.nodes] == [False] * 4 + [True]
    assert made.recording.names[3:] == ["web@10.0.0.4", "web@10.0.0.9"]
    assert made.summary["detection"]["false_positives"] == 0
    lines = [line.partition("web@10.0.0.9 ")[2] for line in log(made).splitlines()]
    assert [line for line in lines if line][-5:] == [
        "[WARN] serf: minority in name conflict resolution, quitting [0 / 3]",
        "[WARN] serf: Shutdown without a Leave",
        "[WARN] agent: Serf shutdown detected, quitting",
        "[INFO] agent: requesting serf shutdown",
        "[INFO] agent: shutdown complete",
    ], "as a real agent's log ends"


def test_without_the_resolution_both_stay() -> None:
    made = run([*WEB, LATE], "20s", config={"enable_name_conflict_resolution": False})
    assert made.times("conflict_lost") == []
    assert None not in made.sim.nodes
    assert "Names must be unique! (Resolution enabled: false)" in log(made)


def test_of_two_with_one_name_the_crash_of_the_first_lets_the_second_in() -> None:
    crash = {"crash": ["web@10.0.0.4"], "at": "5s"}
    config = {"dead_node_reclaim_time": "10s", "enable_name_conflict_resolution": False}
    made = run([*WEB, LATE], "90s", config=config, faults=[crash])
    for observer in range(3):
        assert made.times("failed", observer, 3)
        assert not made.times("failed", observer, 4)
        assert made.times("join", observer, 4, since=0.0)
    found = made.recording.events
    about = found.subject[(found.kind == events.JOIN) & (found.observer == 4) & (found.t < 6.0)]
    assert set(about.tolist()) & {3, 4} == {4}, "it sees itself, and nobody else of its name"
    past = FinishedRun(made.result)
    assert [(m.name, m.address[3]) for m in past.members(0, 89.0) if m.name == "web"] == [("web", 9)]
    table = made.result.member_events
    assert {"web@10.0.0.4", "web@10.0.0.9"} <= set(table["subject"].cat.categories)


def test_an_experiment_names_one_of_several_by_its_address() -> None:
    sim = serfsim.Simulation(scenario(["a", WEB_THERE, "web"], "10s"))
    for wait in (sim.until_failed, sim.until_joined):
        with pytest.raises(SerfsimError, match=r"'web', .*expected web@10.0.9.9 or web@10.0.0.3"):
            wait("web")
        with pytest.raises(SerfsimError, match=r"'web', "):
            wait("a", observer="web")
    assert (sim.node_index("web@10.0.9.9"), sim.node_index("web@10.0.0.3")) == (1, 2)


def test_a_name_that_several_bear_selects_them_all() -> None:
    made = run([*WEB, "web"], "10s", faults=[{"crash": ["web"], "at": "2s"}])
    assert made.sim.nodes[3] is made.sim.nodes[4] is None
    assert made.sim.roster.named(["web@10.0.0.5"]) == [4]


# Advertised addresses and NAT ----------------------------------------------------------------------


def test_a_member_that_tells_an_address_where_nobody_is_fails_though_it_joined() -> None:
    nodes: list[Any] = ["a", "b", "c", {"name": "web", "advertise": "192.0.2.1"}]
    made = run(nodes, "60s", warm_up="2s")
    assert all(min(made.times("join", observer, 3)) < 0.0 for observer in range(3))
    assert all(made.times("failed", observer, 3) for observer in range(3))
    assert made.summary["detection"]["false_positives"] >= 3
    assert to_nobody(made) > 10
    assert "EventMemberFailed: web 192.0.2.1" in log(made)
    assert reached(made, 3) == {(0, 3): False, (3, 0): True}, "it pings the others, and they answer it"
    rows = made.result.member_events
    told = rows[(rows.kind == "failed") & (rows.subject == "web")]
    assert len(told) >= 3
    assert not told.truth_reachable.any()


def nat(advertise: str | None, **settings: Any) -> Run:
    group = {"nodes": 2, "nat": {"address": "203.0.113.1"} | settings}
    if advertise is not None:
        group["advertise"] = advertise
    return run(5, "60s", groups={"inside": group})


def test_behind_a_nat_that_forwards_members_are_reached_at_the_outside_address() -> None:
    made = nat("outside", forward=True, hairpin=True)
    assert made.summary["detection"]["false_positives"] == 0
    assert all(node.members.count == 5 for node in made.sim.nodes)
    (record,) = {node.memberlist.core.members.record(4).address for node in made.sim.nodes}
    assert made.sim.agents.directory.endpoint(record) == "203.0.113.1:7947"


def test_without_hairpin_members_behind_one_nat_do_not_reach_each_other_outside() -> None:
    made = nat("outside", forward=True)
    assert to_nobody(made) > 0
    assert made.count("failed_ping") > 0
    assert made.times("failed") == [], "others vouch for them"
    assert reached(made, 3) == {(0, 3): True, (3, 0): True}
    assert reached(made, 3, other=4) == {(4, 3): False, (3, 4): False}


def test_members_that_tell_their_inside_addresses_fail_for_everybody_outside() -> None:
    made = nat(None, forward=True)
    assert all(made.times("failed", observer, 3, since=-5.0) for observer in range(3))
    assert to_nobody(made) > 0
    assert reached(made, 3) == {(0, 3): False, (3, 0): True}
    assert reached(made, 3, other=4) == {(4, 3): True, (3, 4): True}


def test_a_nat_that_forwards_nothing_is_passed_while_a_packet_keeps_the_way_open() -> None:
    made = nat("outside", timeout="100ms")
    asked = [t / 10.0 for t in range(600)]
    (opened,) = {
        sum(made.recording.truth.reachable(0, 3, t) for t in times) for times in (asked, asked[::-1])
    }
    assert 10 < opened < 300, "each probe of a member inside opens the way for a while"
    assert all(made.recording.truth.reachable(3, 0, t) for t in asked)


def test_a_member_that_moves_is_reached_where_it_runs_now() -> None:
    stays = run(WEB, "30s", faults=[{"move": ["web"], "at": "5s", "address": "10.0.9.9", "restart": "1s"}])
    assert reached(stays, 3, 4.0) == reached(stays, 3, 7.0) == {(0, 3): True, (3, 0): True}
    lost = [{"move": ["web"], "at": "5s", "address": "10.0.9.9", "advertise": "10.0.9.8", "restart": "1s"}]
    made = run(WEB, "30s", faults=lost)
    assert reached(made, 3, 7.0) == {(0, 3): False, (3, 0): True}
    assert reached(made, 3, 4.0) == {(0, 3): True, (3, 0): True}
