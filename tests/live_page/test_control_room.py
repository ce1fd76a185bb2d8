"""What is done by hand is part of a scenario that repeats the run exactly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serfsim import Scenario, run
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.live.web.control_room import CONFLICT, INVALID, ControlRoom, Refused, live_scenario
from serfsim.live.web.ending import digest_at
from serfsim.scenario.loading import loads
from serfsim.simulation import Simulation
from serfsim.simulation.application import RecordingApplication

SECTIONS: dict[str, Any] = {
    "name": "small",
    "duration": "30s",
    "warm_up": "5s",
    "cluster": {"nodes": 6},
    "network": {"loss": {"udp": "2%"}},
    "faults": [
        {"block": "udp", "nodes": ["node-04"], "at": "2s"},
        {"pause": 1, "at": "3s", "for": "1s", "every": "9s"},
        {"crash": ["node-05"], "at": "4s", "restart": "20s"},
    ],
    "workload": [{"event": "hello", "at": "1s", "every": "7s"}],
    "claims": ["detection.false_positives == 0"],
}


class Opened:
    """A control room over a simulation at time 0."""

    def __init__(self, **changes: Any) -> None:
        given = Scenario(**{**SECTIONS, **changes})
        self.sim = Simulation(live_scenario(given))
        self.agent = SimulatedAgent(self.sim, 0)
        self.agent.follower = self
        self.room = ControlRoom(self.agent, given)
        self.agent.advance(0.0)

    def take_rows(self, events: Any, log: Any) -> None:
        """Follow the run, so that its record is kept."""

    def to(self, t: float) -> ControlRoom:
        self.agent.advance(t)
        return self.room

    def check(self) -> str:
        """Assert that the saved file gives the digest of the run so far; return the file."""
        t = self.room.next_end()
        digest = asyncio.run(digest_at(self.sim, t))
        text = self.room.saved_text(t, digest)
        again = run(loads(text), progress=lambda fraction: None)
        assert again.summary["digest"] == digest
        return text


def test_what_was_done_by_hand_is_repeated_to_the_last_bit() -> None:
    opened = Opened()
    opened.to(2.7181).act({"crash": ["node-03"]})
    opened.room.act({"partition": ["50%", "rest"], "for": "2s"})  # its members are drawn
    opened.to(5.0).act({"event": "deploy", "from": "node-01", "payload": "100B"})
    opened.room.act({"query": "uptime", "request_ack": True})
    position = opened.room.act({"pause": ["node-01"]}).position
    opened.to(6.5).act({"event": "late", "from": "node-01"})  # once it goes on
    opened.to(8.0).end(position)
    opened.room.act({"loss": {"udp": "30%"}, "nodes": "all", "for": "3s"})
    first = opened.check()
    # It goes on after it was saved.
    opened.to(11.0).end(0)
    opened.room.end(2)
    opened.to(45.0)  # beyond the end of the scenario, where what repeats goes on
    second = opened.check()
    assert first.count("event: late") == second.count("event: late") == 1
    assert "claims" not in second
    assert "until: 11.000001s" in second
    assert len(opened.room.done) == 10


def test_a_run_that_nobody_touched_is_the_scenario_s_own() -> None:
    opened = Opened()
    opened.to(1.0)
    opened.to(9.37)
    opened.check()


def test_a_served_member_behaves_as_the_others_do() -> None:
    ends = []
    for is_served in (True, False):
        opened = Opened()
        if not is_served:
            opened.sim.agents.application = RecordingApplication
        opened.to(20.0)
        ends.append(asyncio.run(digest_at(opened.sim, opened.room.next_end())))
    assert ends[0] == ends[1]


def test_actions_never_coincide_with_anything_else() -> None:
    opened = Opened()
    room = opened.to(5.0)  # coordinates are sampled at 5 s
    times = [room.act({"event": f"e{number}"}).at for number in range(3)]
    assert times == [5.000001, 5.000002, 5.000003]
    opened.check()


REFUSED: list[tuple[Any, int, str]] = [
    ({"crash": ["node-99"]}, INVALID, r"crash\[0\]: found 'node-99'; expected .*node-05"),
    (
        {"crush": ["node-03"]},
        INVALID,
        "a mapping with crush; expected one of the verbs .*mean crash",
    ),
    ({"evnt": "deploy"}, INVALID, "did you mean event"),
    ({}, INVALID, "found an empty mapping; expected one of the verbs"),
    ({"crash": ["node-03"], "at": "5s"}, INVALID, "found `at`; expected none"),
    ({"crash": ["node-03"], "every": "5s"}, INVALID, "found `every`"),
    ({"crash": ["node-03"], "for": "soon"}, INVALID, "for: found 'soon'; expected"),
    ({"event": "deploy", "payload": "9kB"}, INVALID, "payload: found 9000 bytes for 'deploy'"),
]


@pytest.mark.parametrize(("entry", "status", "message"), REFUSED)
def test_what_no_scenario_file_may_have_is_refused(entry: Any, status: int, message: str) -> None:
    room = Opened().to(1.0)
    now = room.sim.now
    with pytest.raises(Refused, match=message) as refused:
        room.act(entry)
    assert refused.value.status == status
    assert (room.sim.now, room.done) == (now, [])


def test_only_a_fault_in_force_can_be_ended() -> None:
    opened = Opened()
    room = opened.to(1.0)
    for position, message in (
        (0, "'UDP to and from node-04 is blocked' has not begun; expected a fault in force"),
        (9, "found fault 9; expected the number of one of the 3 faults"),
    ):
        with pytest.raises(Refused, match=message) as refused:
            room.end(position)
        assert refused.value.status == CONFLICT
    opened.to(3.5)
    with pytest.raises(Refused, match="repeats; expected a fault that happens once"):
        room.end(1)
    room.end(0)
    with pytest.raises(Refused, match="is over"):
        room.end(0)


def test_faults_in_force_name_their_members() -> None:
    room = Opened().to(4.5)
    room.act({"pause": ["node-01"], "for": "5s"})
    found = {one["what"]: one for one in room.in_force()}
    assert found["node-05 crashes, back after 20 s"]["members"] == ["node-05"]
    assert found["node-05 crashes, back after 20 s"]["stops_processes"]
    assert found["UDP to and from node-04 is blocked"]["members"] == []
    paused = [one for one in room.in_force() if one["by_hand"]]
    assert [(one["members"], one["since"], one["ends"]) for one in paused] == [
        (["node-01"], 4.500001, pytest.approx(9.500001))
    ]


def test_commands_of_clients_make_a_saved_file_inexact() -> None:
    opened = Opened()
    opened.agent.commands.update(["members", "monitor"])
    assert list(opened.room.inexact()) == []
    opened.agent.commands.update(["event", "event", "leave"])
    assert list(opened.room.inexact()) == ["clients of the RPC port gave commands: 2 times event and leave"]
    assert "# Not exact: clients" in opened.room.saved_text(1.0, None)
