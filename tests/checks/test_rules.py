"""Each rule finds what breaks it."""

from __future__ import annotations

import math

import pytest

from serfsim import Simulation
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import ACK, Packet
from serfsim.protocol.serf.application import ANSWERED, RECEIVED, SENT
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.vivaldi.client import Client
from tests.checks.breaking import broken, engine_now, rules, scenario

CRASH = {"faults": [{"at": "3s", "crash": "node-02"}]}
PAUSE = {"faults": [{"at": "3s", "pause": "node-02", "for": "10s"}]}


def only(violations: list, rule: str) -> list:  # type: ignore[type-arg]
    return [violation for violation in violations if violation.rule == rule]


# Datagrams


def test_a_datagram_that_nobody_sent_is_found() -> None:
    def act(sim: Simulation) -> None:
        now = engine_now(sim)
        sim.network.hosts[1].machine.on_packet(Packet(ACK, 999_999, 40), 0, now, now)

    (violation,) = only(broken(act), "packets_conserved")
    assert violation.member == "node-01"
    assert violation.packet == "ack 999999 from node-00"


def test_a_datagram_that_vanishes_is_found() -> None:
    def act(sim: Simulation) -> None:
        now = engine_now(sim)
        sim.network.capture.datagram(now, now + 0.001, 0, 1, Packet(ACK, 5, 40))

    (violation,) = only(broken(act), "packets_conserved")
    assert violation.at == pytest.approx(8.001)


def test_a_datagram_that_is_lost_and_comes_all_the_same_is_found() -> None:
    def act(sim: Simulation) -> None:
        now, packet = engine_now(sim), Packet(ACK, 5, 40)
        sim.network.capture.datagram(now, -1.0, 0, 1, packet)
        sim.network.hosts[1].machine.on_packet(packet, 0, now, now)

    assert len(only(broken(act), "packets_conserved")) == 1


def test_a_datagram_that_comes_before_it_can_is_found() -> None:
    def act(sim: Simulation) -> None:
        now, packet = engine_now(sim), Packet(ACK, 5, 40)
        sim.network.capture.datagram(now, now + 1.0, 0, 1, packet)
        sim.network.hosts[1].machine.on_packet(packet, 0, now, now)

    (violation,) = only(broken(act), "packets_conserved")
    assert "before it arrived" in violation.text


def test_a_datagram_to_a_process_that_died_is_no_violation() -> None:
    def act(sim: Simulation) -> None:
        now = engine_now(sim)
        sim.network.capture.datagram(now, now + 0.001, 0, 2, Packet(ACK, 5, 40))

    assert only(broken(act, scenario(**CRASH)), "packets_conserved") == []


# Processes


@pytest.mark.parametrize("fault", [CRASH, PAUSE])
def test_an_event_of_a_process_that_does_not_run_is_found(fault: dict) -> None:  # type: ignore[type-arg]
    def act(sim: Simulation) -> None:
        sim.network.hosts[2].journal.record(engine_now(sim), 2, events.SUSPECT_HEARD, 1, 0)

    (violation,) = only(broken(act, scenario(**fault)), "stopped_silent")
    assert violation.member == "node-02"
    assert "suspect_heard" in violation.text


def test_a_datagram_of_a_process_that_does_not_run_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.capture.datagram(engine_now(sim), -1.0, 2, 1, Packet(ACK, 5, 40))

    assert len(only(broken(act, scenario(**PAUSE)), "stopped_silent")) == 1


# Events and clocks


def test_an_event_that_comes_twice_is_found() -> None:
    def act(sim: Simulation) -> None:
        event = UserEvent(0, 1, "deploy", b"", False)
        sim.nodes[1].user_events.clock.counter = 5
        for _ in range(2):
            sim.agents.deliver(engine_now(sim), 1, RECEIVED, event, -1)

    (violation,) = broken(act)
    assert (violation.rule, violation.member) == ("delivered_once", "node-01")


def test_an_event_that_a_later_process_receives_again_is_no_violation() -> None:
    made = scenario(
        workload=[{"at": "2s", "event": "deploy", "from": "node-00"}],
        faults=[{"at": "4s", "crash": "node-02", "restart": "6s"}],
    )
    assert broken(lambda sim: None, made) == []


@pytest.mark.parametrize("part", ["intents", "user_events", "queries"])
def test_a_clock_that_falls_is_found(part: str) -> None:
    def act(sim: Simulation) -> None:
        getattr(sim.nodes[1], part).clock.counter = 0

    found = broken(act, scenario(workload=[{"at": "2s", "event": "x"}, {"at": "3s", "query": "y"}]))
    assert [violation.member for violation in only(found, "lamport_grows")] == ["node-01"]


def test_an_answer_that_counts_after_the_deadline_is_found() -> None:
    made = scenario(workload=[{"at": "5s", "query": "uptime", "from": "node-01", "timeout": "1s"}])

    def act(sim: Simulation) -> None:
        late = next(item for item in sim.trace.announced if item.name == "uptime")
        sim.agents.deliver(engine_now(sim), 1, ANSWERED, late, 2)

    (violation,) = only(broken(act, made), "answers_in_time")
    assert "2.000 s after the deadline" in violation.text


def test_events_of_one_sender_at_one_time_are_found() -> None:
    def act(sim: Simulation) -> None:
        for name in ("a", "b"):
            sim.agents.deliver(engine_now(sim), 1, SENT, UserEvent(1, 3, name, b"", False), -1)

    assert rules(broken(act)) == {"lamport_grows"}


# Incarnations


def test_an_incarnation_that_falls_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.nodes[1].memberlist.core.incarnation = 7
        sim.process(later(sim))

    def later(sim: Simulation):  # type: ignore[no-untyped-def]
        yield sim.timeout(4.0)
        sim.nodes[1].memberlist.core.incarnation = 3

    (violation,) = only(broken(act), "incarnations_grow")
    assert violation.member == "node-01"
    assert violation.known is None


def test_a_view_that_takes_an_older_incarnation_is_found() -> None:
    def act(sim: Simulation) -> None:
        members = sim.nodes[1].memberlist.core.members
        members.set(2, 0, 9)
        sim.process(later(sim))

    def later(sim: Simulation):  # type: ignore[no-untyped-def]
        yield sim.timeout(4.0)
        sim.nodes[1].memberlist.core.members.set(2, 0, 4)

    found = only(broken(act), "incarnations_grow")
    assert any("fell from incarnation 9 to 4" in violation.text for violation in found)


# Coordinates


class Spoilt(Client):
    """A client that spoils one number of its coordinate after each measurement."""

    part, value = "", 0.0

    def update(self, peer, other, rtt_ns):  # type: ignore[no-untyped-def]
        verdict = super().update(peer, other, rtt_ns)
        setattr(self.coordinate, self.part, self.value)
        return verdict


@pytest.mark.parametrize(
    ("part", "value"),
    [("height", math.nan), ("height", 0.0), ("error", 2.0), ("error", 0.0), ("adjustment", math.inf)],
)
def test_a_coordinate_out_of_bounds_is_found(part: str, value: float) -> None:
    spoilt = type("Spoilt", (Spoilt,), {"part": part, "value": value})
    result = Simulation(scenario(), parts={"coordinates": spoilt}, check=True).run()
    assert rules(result.violations) == {"coordinates_valid"}
