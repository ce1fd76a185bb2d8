"""The length of a `warm_up: settled`, which lasts until the join has been gossiped completely.

A run needs the zero of its clock before it begins, so the join is simulated once alone, without faults
and workload, which come after the warm-up anyway. The run then repeats it exactly: both draw from the same
streams.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from serfsim.engine.environment import ClusterEnvironment, no_garbage_collection
from serfsim.scenario.model import Scenario
from serfsim.scenario.sections import SETTLE_LIMIT_S
from serfsim.simulation.sampling import depths

if TYPE_CHECKING:
    from serfsim.simulation.agents import Agents
    from serfsim.simulation.pool import PoolRun

CHECK_S: Final = 1.0


class Run(Protocol):
    """The part of a simulation that is used here."""

    env: ClusterEnvironment
    agents: Agents
    pools: dict[str, PoolRun]


def warm_up_of(scenario: Scenario, simulation: Callable[[Scenario], Run]) -> float:
    """Return seconds from the join to the end of the warm-up: if `settled`, a whole number of checks.

    `simulation` creates the simulation of the join alone.
    """
    if scenario.warm_up != "settled":
        return scenario.warm_up
    alone = scenario.with_settings(
        {
            "warm_up": f"{SETTLE_LIMIT_S:g}s",
            "faults": [],
            "workload": [],
            "claims": [],
            "record.packets": "counts",
            "record.coordinates": "none",
        }
    )
    run = simulation(alone)
    with no_garbage_collection():
        after = CHECK_S
        while after < SETTLE_LIMIT_S:
            run.env.run(until=after - SETTLE_LIMIT_S)
            every = [run.agents, *(pool.agents for pool in run.pools.values())]
            if all(is_settled(agents) for agents in every):
                return after
            after += CHECK_S
    return SETTLE_LIMIT_S


def is_settled(agents: Agents) -> bool:
    """Return True if every member runs, sees all others alive, and has empty broadcast queues."""
    nodes = [agents.nodes[number] for number in agents.roster.present]
    for node in nodes:
        if node is None or any(depths(agents, node)) or not agents.kind.knows(node, len(nodes)):
            return False
    return True
