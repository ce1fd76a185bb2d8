"""Each rule of memberlist and Serf finds what breaks it, and names what the real library does itself."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim import Simulation
from serfsim.checks import Violation, merges, settle_time
from serfsim.native import i32, i64, vec
from serfsim.protocol import events
from serfsim.protocol.memberlist.ledger import Load, ledger_of
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import ACK, GOSSIP, NACK, Packet, StreamMessage, alive_message
from serfsim.protocol.memberlist.probe_order import ProbeOrder
from serfsim.protocol.memberlist.push_pull import Merger
from serfsim.protocol.runtime import Machine
from tests.checks.breaking import Break, broken, engine_now, scenario

ME, OTHER = 1, 2
CRASH = {"faults": [{"at": "3s", "crash": "node-02"}]}


def found(act: Break, rule: str, made: Any = None, at: float = 8.0) -> list[Violation]:
    return [violation for violation in broken(act, made, at) if violation.rule == rule]


def record(sim: Simulation, event: int, subject: int = OTHER, detail: int = 0, observer: int = ME) -> None:
    sim.network.hosts[observer].journal.record(engine_now(sim), observer, event, subject, detail)


def view(sim: Simulation, observer: int = ME) -> Any:
    return sim.nodes[observer].memberlist.core.members


# Detection


class Blind(ProbeOrder):
    """Probes nobody."""

    def choose(self, now: float) -> int:
        return -1


def test_a_crash_that_nobody_notices_is_found() -> None:
    made = scenario(duration="1m", **CRASH)
    result = Simulation(made, parts={"probe_order": Blind}, check=True).run()
    blind = [violation.member for violation in result.violations if violation.rule == "crashes_known"]
    assert sorted(blind) == ["node-00", "node-01", "node-03", "node-04"]


def test_a_suspicion_where_nothing_is_wrong_is_found() -> None:
    (violation,) = found(lambda sim: record(sim, events.SUSPECT, detail=1), "healthy_trusted")
    assert violation.at == pytest.approx(8.0)


def test_a_suspicion_amid_a_fault_is_no_violation() -> None:
    made = scenario(faults=[{"at": "3s", "loss": "50%", "for": "10s"}])
    assert found(lambda sim: record(sim, events.SUSPECT, detail=1), "healthy_trusted", made) == []


QUICK = {
    "config": {
        "probe_interval": "200ms",
        "probe_timeout": "100ms",
        "reconnect_interval": "1s",
        "push_pull_interval": "1s",
    }
}


def test_a_running_member_that_another_holds_dead_in_the_end_is_found() -> None:
    made = scenario(duration="40s", cluster=QUICK, faults=[{"at": "1s", "pause": "node-03", "for": "2s"}])
    assert settle_time(made) < 35.0
    (violation,) = found(lambda sim: view(sim).set(OTHER, STATE_DEAD, 1), "views_settled", made, at=39.99)
    assert violation.member == "node-01"
    assert violation.known is None


# Views


def test_a_suspect_that_is_cleared_without_a_newer_incarnation_is_found() -> None:
    def act(sim: Simulation) -> None:
        view(sim).set(OTHER, STATE_SUSPECT, 5)
        record(sim, events.SUSPECT_HEARD)
        view(sim).set(OTHER, STATE_ALIVE, 5)
        record(sim, events.SUSPECT_CLEARED, detail=5)

    assert len(found(act, "views_ordered")) == 1


def test_a_dead_member_that_a_newer_incarnation_brings_back_is_no_violation() -> None:
    def act(sim: Simulation) -> None:
        view(sim).set(OTHER, STATE_DEAD, 5)
        record(sim, events.MEMBER_DEAD, detail=5)
        view(sim).set(OTHER, STATE_ALIVE, 6)
        record(sim, events.JOIN)

    assert found(act, "views_ordered") == []


def test_a_member_forgotten_too_soon_is_found() -> None:
    def act(sim: Simulation) -> None:
        record(sim, events.MEMBER_DEAD)
        record(sim, events.FORGOTTEN)

    (violation,) = found(act, "dead_remembered")
    assert "after 0.0 s; it keeps the dead 30 s" in violation.text


def test_a_refutation_that_says_nothing_newer_is_found() -> None:
    def act(sim: Simulation) -> None:
        record(sim, events.REFUTE_SUSPECT, detail=3)
        record(sim, events.REFUTE_SUSPECT, detail=3)

    assert len(found(act, "refutations_rise")) == 1


def test_a_refutation_below_its_accusation_is_found() -> None:
    def act(sim: Simulation) -> None:
        view(sim, OTHER).set(ME, STATE_SUSPECT, 9)
        record(sim, events.SUSPECT_HEARD, subject=ME, observer=OTHER)
        record(sim, events.REFUTE_SUSPECT, subject=OTHER, detail=2)

    (violation,) = found(act, "refutations_rise")
    assert "node-02 said at 9" in violation.text


def test_an_incarnation_that_wraps_is_a_known_defect() -> None:
    def act(sim: Simulation) -> None:
        for incarnation in (2**32 - 1, 0):
            record(sim, events.REFUTE_DEAD, detail=incarnation)

    (violation,) = found(act, "refutations_rise")
    assert violation.known is not None
    assert "D4" in violation.known


@pytest.mark.parametrize(("accused", "known"), [(7, "D3"), (1, "spec/memberlist.md")])
def test_a_member_whose_process_is_gone_and_that_comes_back_is_found(accused: int, known: str) -> None:
    def act(sim: Simulation) -> None:
        record(sim, events.MEMBER_DEAD, detail=accused)
        view(sim).set(OTHER, STATE_ALIVE, 2)
        record(sim, events.JOIN)

    (violation,) = found(act, "dead_stay_dead", scenario(**CRASH), at=3.01)
    assert violation.known is not None
    assert known in violation.known


def test_a_suspicion_that_ends_too_soon_is_found() -> None:
    def act(sim: Simulation) -> None:
        record(sim, events.SUSPECT_HEARD)
        record(sim, events.SUSPICION_TIMEOUT)

    (violation,) = found(act, "suspicions_timed")
    assert "after 0.0000 s" in violation.text


def test_a_confirmation_that_nobody_made_is_found() -> None:
    def act(sim: Simulation) -> None:
        record(sim, events.SUSPECT_HEARD)
        record(sim, events.SUSPICION_TIMEOUT, detail=2)

    (violation,) = found(act, "suspicions_timed")
    assert "2 confirmations" in violation.text


# Probes


@pytest.mark.parametrize("score", [-1, 8, 99])
def test_a_health_score_out_of_bounds_is_found(score: int) -> None:
    assert found(lambda sim: record(sim, events.HEALTH, ME, score), "health_kept")


def test_a_failed_probe_that_costs_nothing_is_found() -> None:
    (violation,) = found(lambda sim: record(sim, events.SUSPECT), "health_kept")
    assert "expected 1" in violation.text


class Deaf(Machine):
    """Takes no packet; the timers of the machine behind it go on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def on_packet(self, packet: Packet, source: int, now: float, received_at: float) -> None:
        pass

    def on_timer(self, timer: int, a: int, b: int, now: float) -> None:
        self.machine.on_timer(timer, a, b, now)

    def on_stream_request(self, request: StreamMessage, source: int, now: float) -> StreamMessage | None:
        return self.machine.on_stream_request(request, source, now)

    def on_stream_answered(self, request: StreamMessage, source: int, now: float) -> None:
        self.machine.on_stream_answered(request, source, now)

    def on_stream_result(self, token: int, outcome: int, reply: StreamMessage | None, now: float) -> None:
        self.machine.on_stream_result(token, outcome, reply, now)


def test_a_ping_that_nobody_answers_is_found() -> None:
    def act(sim: Simulation) -> None:
        tap = sim.network.hosts[ME].machine
        tap.watched = Deaf(tap.watched)

    violations = found(act, "pings_answered")
    assert {violation.member for violation in violations} == {"node-01"}
    assert violations[0].packet.startswith("ping ")


def test_an_ack_that_nobody_asked_for_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.capture.datagram(engine_now(sim), -1.0, ME, OTHER, Packet(ACK, 9999, 40))

    (violation,) = found(act, "pings_answered")
    assert violation.packet == "ack 9999 from node-01"


def test_a_nack_that_did_not_come_is_found() -> None:
    assert len(found(lambda sim: record(sim, events.NACK), "nacks_counted")) == 1


def test_a_nack_that_came_is_no_violation() -> None:
    def act(sim: Simulation) -> None:
        now = engine_now(sim)
        sim.network.hosts[ME].machine.on_packet(Packet(NACK, 9999, 40), OTHER, now, now)
        record(sim, events.NACK)

    assert found(act, "nacks_counted") == []


# Queues


def send(sim: Simulation, times: int) -> None:
    """Have a member send an alive message about another so many times."""
    core = sim.nodes[ME].memberlist.core
    ledger = ledger_of(sim.agents.directory)
    number = ledger.number(alive_message(sim.agents.directory, core.members.record(OTHER), 1))
    for _ in range(times):
        packet = Packet(GOSSIP, 0, 60)
        packet.carry(Load(ledger, vec[i32]([number]), vec[i64]([])))
        sim.network.capture.datagram(engine_now(sim), -1.0, ME, OTHER, packet)


CONVERGED = {"start": {"converged": True}}


def test_a_broadcast_that_is_sent_too_often_is_found() -> None:
    (violation, *_) = found(lambda sim: send(sim, 5), "transmit_limits", scenario(cluster=CONVERGED))
    assert violation.text == "sent 5 times; the limit is 4"
    assert violation.packet == "alive node-02 at incarnation 1"


def test_a_broadcast_that_leaves_too_early_is_found() -> None:
    (violation,) = found(lambda sim: send(sim, 3), "broadcasts_kept", scenario(cluster=CONVERGED))
    assert violation.text == "left its queue after 3 transmissions of 4"


def test_as_many_transmissions_as_the_limit_are_no_violation() -> None:
    assert broken(lambda sim: send(sim, 4), scenario(cluster=CONVERGED)) == []


def test_a_queue_beyond_its_bound_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.nodes[ME].memberlist.receiver.handoff.depth = -1

    assert {violation.member for violation in found(act, "queues_bounded")} == {"node-01"}


def test_a_stream_without_an_end_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.hosts[ME].dials += 1

    (violation,) = found(act, "streams_end_once")
    assert violation.member == "node-01"


# Merges, keys and labels


class Forgetful(Merger):
    """Merges a view, and takes one member for dead that the second view of a merge has."""

    merged = 0

    def merge_state(self, remote: Any, now: float) -> None:
        super().merge_state(remote, now)
        self.merged += 1
        if self.merged == 2:
            self.core.members.set(OTHER, STATE_DEAD, 3)


def test_a_merge_that_is_not_idempotent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merges, "Merger", Forgetful)
    violations = found(lambda sim: None, "merges_agree", scenario(duration="5s"), at=1.0)
    assert violations
    assert "turns from alive at 1 into dead at 3" in violations[0].text


class Deafened(Merger):
    """Learns nothing."""

    def merge_state(self, remote: Any, now: float) -> None:
        pass


def test_a_merge_that_does_not_tell_of_the_dead_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merges, "Merger", Deafened)
    violations = found(lambda sim: None, "merges_agree", scenario(duration="25s", **CRASH))
    assert "its view of node-02 turns from dead at 1 into alive at 0" in {
        one.text.split(", ", 1)[1] for one in violations
    }


def test_a_stranger_in_a_view_is_found() -> None:
    """Two clusters of three with a label each; one member of the first is made to know one of the second."""
    groups = {"a": {"nodes": 3, "label": "one"}, "b": {"nodes": 3, "label": "two"}}

    def act(sim: Simulation) -> None:
        core, stranger = sim.nodes[0].memberlist.core, len(sim.nodes) - 1
        core.members.insert(stranger, sim.agents.directory.first[stranger], core.rng)
        core.members.set(stranger, STATE_ALIVE, 1)

    made = scenario(nodes=6, cluster={"groups": groups, "version": "latest"})
    (violation,) = found(act, "strangers_out", made, at=19.9)
    assert "knows" in violation.text
    assert found(lambda sim: None, "strangers_out", made) == []
