"""Runs with checks, whole or deliberately broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import serfsim
from serfsim import Simulation
from serfsim.checks import Violation

Break = Callable[[Simulation], None]


def scenario(nodes: Any = 5, duration: str = "20s", **sections: Any) -> serfsim.Scenario:
    """A cluster in one place, in which nothing goes wrong unless `sections` say so."""
    cluster = ({} if nodes is None else {"nodes": nodes}) | sections.pop("cluster", {})
    return serfsim.Scenario(**{"cluster": cluster, "duration": duration, "warm_up": "5s"} | sections)


def broken(act: Break, made: serfsim.Scenario | None = None, at: float = 8.0) -> list[Violation]:
    """Return the violations of a run in which `act` breaks something at a time."""
    sim = Simulation(scenario() if made is None else made, check=True)

    def process() -> Any:
        yield sim.env.timeout_at(at)
        act(sim)

    sim.process(process())
    return list(sim.run().violations)


def rules(violations: list[Violation]) -> set[str]:
    return {violation.rule for violation in violations}


def engine_now(sim: Simulation) -> float:
    return float(sim.env.engine_now)
