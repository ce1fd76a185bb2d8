"""Periodic joins of running members: programs with memberlist inside call its Join again and again.

dskit does, and since its pull request 892 draws the time of the first, so that members that start together
do not all ask the same seeds at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from serfsim.engine.streams import stream
from serfsim.simulation.agents import Agents
from serfsim.simulation.controls import SimulationControls


def rejoin_again_and_again(agents: Agents, controls: SimulationControls, number: int) -> Iterator[Any]:
    """Have the process that a member has just started join its seeds periodically, as long as it lives."""
    words = agents.roster.members[number].rejoin
    if words is None:
        return
    life = agents.lives[number]
    delay = words.every
    if words.jitter > 0.0:
        random = stream(agents.seed, f"{agents.life(number)}/rejoin")
        delay -= words.jitter * words.every * random.random()
    while True:
        yield controls.timeout(delay)
        if agents.lives[number] == life and controls.hosts[number].paused:
            yield controls.until_resumed(number)
        machine = agents.nodes[number]
        if machine is None or agents.lives[number] != life:
            return
        seeds = agents.join_targets(number) if words.seeds is None else agents.roster.in_order(words.seeds)
        if seeds:
            seeds = agents.placement.contacts(number, seeds)
            machine.join(seeds, controls.now_at(number), True, once=True, is_logged=False)
        delay = words.every
