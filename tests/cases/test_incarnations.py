"""Incarnations are 32 bits wide and wrap, as in the library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serfsim import Simulation
from serfsim.protocol.memberlist.messages import SUSPECT, SuspectOrDead
from serfsim.protocol.serf.members import STATUS_ALIVE, STATUS_FAILED
from tests.simulation.cluster import scenario

LARGEST = 2**32 - 1


def accused(incarnation: int) -> Simulation:
    """Everybody hears at 10 s that member 2 is suspected at an incarnation."""
    sim = Simulation(scenario(["a", "b", "web"], "2m", warm_up="10s"), 1)

    def inject() -> Iterator[Any]:
        yield sim.env.timeout_at(10.0)
        for number in range(3):
            states = sim.nodes[number].memberlist.states
            states.suspect(SuspectOrDead(SUSPECT, 2, incarnation, 0, 40), sim.env.engine_now)

    sim.process(inject())
    sim.run(lambda fraction: None)
    return sim


def test_a_refutation_of_the_largest_incarnation_wraps_and_nobody_believes_it() -> None:
    sim = accused(LARGEST)
    assert int(sim.nodes[2].memberlist.core.incarnation) == 0
    for observer in (0, 1):
        assert int(sim.nodes[observer].members.status(2)) == STATUS_FAILED


def test_a_refutation_of_the_one_before_is_believed() -> None:
    sim = accused(LARGEST - 1)
    assert int(sim.nodes[2].memberlist.core.incarnation) == LARGEST
    for observer in (0, 1):
        assert int(sim.nodes[observer].members.status(2)) == STATUS_ALIVE


@pytest.mark.parametrize(("before", "after"), [(1, 2), (LARGEST - 1, LARGEST), (LARGEST, 0)])
def test_a_change_of_tags_steps_on_and_wraps(before: int, after: int) -> None:
    sim = Simulation(scenario(["a", "b"], "10s"), 1)
    sim.env.run(until=1.0)
    core = sim.nodes[1].memberlist.core
    core.incarnation = before
    sim.agents.set_tags(1, {"role": "web"}, (), sim.env.engine_now)
    assert int(core.incarnation) == after
