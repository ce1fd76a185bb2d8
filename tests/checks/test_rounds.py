"""The rules about probe rounds, gossip and a member's news of itself find what breaks them."""

from __future__ import annotations

from serfsim import Simulation
from serfsim.protocol import events
from tests.checks.breaking import broken, engine_now, rules


def test_an_ack_of_another_round_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.hosts[1].journal.record(engine_now(sim), 1, events.DIRECT_ACK, 2, 0)
        sim.agents.nodes[1].memberlist.prober.seq += 7  # whose acks are for the round before
        sim.network.hosts[1].journal.record(engine_now(sim), 1, events.DIRECT_ACK, 2, 0)

    assert rules(broken(act)) >= {"rounds_kept"}


def test_a_process_that_probes_no_more_is_found() -> None:
    def act(sim: Simulation) -> None:
        prober = sim.agents.nodes[1].memberlist.prober
        prober.phase, prober.seq = 3, -1  # in the last resort of a round of which nothing will come

    assert "rounds_kept" in rules(broken(act, at=1.0))


def test_a_member_that_holds_itself_for_dead_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.hosts[1].journal.record(engine_now(sim), 1, events.MEMBER_DEAD, 1, 1)

    assert rules(broken(act)) >= {"own_news_told"}


def test_a_refutation_that_nobody_is_told_is_found() -> None:
    def act(sim: Simulation) -> None:
        sim.network.hosts[1].journal.record(engine_now(sim), 1, events.REFUTE_SUSPECT, 2, 9)

    assert rules(broken(act)) >= {"own_news_told"}


def test_trust_at_an_incarnation_that_was_suspected_is_found() -> None:
    def act(sim: Simulation) -> None:
        journal = sim.network.hosts[1].journal
        journal.record(engine_now(sim), 1, events.SUSPECT_HEARD, 2, 0)
        journal.record(engine_now(sim), 1, events.SUSPECT_CLEARED, 2, 1)

    assert "own_news_told" in rules(broken(act))
