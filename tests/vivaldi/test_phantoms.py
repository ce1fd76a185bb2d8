"""The library's own performance tests, replayed: six networks, under the rules of 0.9.4 and the newest.

The recordings hold every choice of a peer and every uniform draw, so that the outcome has to agree bit
for bit. Two have gaps (of Split there are no draws, of Drift no choices after the first 1000 cycles);
those run on Go's own generator, which is checked against what was recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from serfsim.protocol.vivaldi.client import ACCEPTED, Client
from tests.vectors_of import vectors
from tests.vivaldi.go_random import GoRandom
from tests.vivaldi.harness import Listed, client, coordinate, place, written

RUNS = vectors("coordinate_phantom")["results"]


def runs(*topologies: str) -> list[Any]:
    found = [run for run in RUNS if run["topology"] in topologies]
    assert len(found) == 2 * len(topologies)
    return [pytest.param(run, id=f"{run['topology'].split()[0]}-{run['variant']}") for run in found]


def simulate(clients: list[Client], truth: list[list[int]], choices: Iterator[int], cycles: int) -> None:
    """Every client in turn asks the peer that was chosen for it; itself is no answer."""
    for _ in range(cycles):
        for i, asking in enumerate(clients):
            j = next(choices)
            if j != i:
                assert asking.update(j, clients[j].coordinate, truth[i][j]) == ACCEPTED


def errors(clients: list[Client], truth: list[list[int]]) -> tuple[float, float]:
    """Mean and largest relative error over all pairs, summed in the library's order."""
    total, largest, count = 0.0, 0.0, 0
    for i in range(len(clients)):
        for j in range(i + 1, len(clients)):
            estimate = clients[i].distance_to(clients[j].coordinate) / 1e9
            actual = truth[i][j] / 1e9
            error = abs(estimate - actual) / actual
            largest = max(largest, error)
            total += error
            count += 1
    return total / count, largest


def check_the_end(clients: list[Client], run: dict[str, Any]) -> None:
    assert [written(one.coordinate) for one in clients] == run["final_coordinates"]
    mean, largest = errors(clients, run["truth_ns"])
    assert (mean, largest) == (run["error_avg"], run["error_max"])
    assert mean <= run["bound_avg"]
    assert largest <= run["bound_max"]


def choices_of(picks: str) -> Iterator[int]:
    return (int(digit, 36) for digit in picks)


@pytest.mark.parametrize("run", runs("Line", "Grid", "Circle (Height test)", "Random"))
def test_a_whole_network_ends_where_the_librarys_did(run: dict[str, Any]) -> None:
    draws = Listed(run["uniform_draws"])
    clients = [client(run["dimensionality"], draws) for _ in range(run["nodes"])]
    simulate(clients, run["truth_ns"], choices_of(run["picks_base36"]), run["cycles"])
    assert draws.is_used_up()
    check_the_end(clients, run)


@pytest.mark.parametrize("run", runs("Circle (Height test)"))
def test_the_height_of_a_far_centre_is_learned(run: dict[str, Any]) -> None:
    heights = [final["Height"] for final in run["final_coordinates"]]
    assert heights[0] >= 0.97 * 0.1
    assert max(heights[1:]) <= 0.03 * 0.1


class Chance:
    """Go's generators as the library uses them: one for everything up to 0.10.2, later one for each use."""

    def __init__(self, variant: str) -> None:
        self.is_shared = variant == "serf-0.9.4"
        self.directions = GoRandom()
        self.chosen = ""

    def choices(self, nodes: int) -> Iterator[int]:
        """Choices of a whole simulation; each begins with a generator seeded anew."""
        generator = GoRandom()
        if self.is_shared:
            self.directions.seed(1)
            generator = self.directions
        while True:
            choice = generator.choose(nodes)
            self.chosen += "0123456789abcdefghijklmnopqrstuvwxyz"[choice]
            yield choice


@pytest.mark.parametrize("run", runs("Line", "Split"))
def test_a_network_on_gos_own_generator_ends_where_the_librarys_did(run: dict[str, Any]) -> None:
    chance = Chance(run["variant"])
    clients = [client(run["dimensionality"], chance.directions) for _ in range(run["nodes"])]
    simulate(clients, run["truth_ns"], chance.choices(run["nodes"]), run["cycles"])
    assert chance.chosen == run["picks_base36"]
    check_the_end(clients, run)


def distance_of_middle(clients: list[Client]) -> float:
    """From the origin to the middle of the box around all clients, in a plane."""
    middle = []
    for axis in range(2):
        along = [one.coordinate.vec[axis] for one in clients]
        middle.append(min(along) + (max(along) - min(along)) / 2)
    return math.sqrt(middle[0] * middle[0] + middle[1] * middle[1])


@pytest.mark.parametrize("run", runs("Drift"))
def test_gravity_brings_a_drifted_network_back_as_far_as_the_librarys(run: dict[str, Any]) -> None:
    side, diagonal = 500_000_000, int(math.sqrt(2.0) * 500_000_000)
    truth = [[diagonal if i % 2 == 0 and j % 2 == 0 else side for j in range(4)] for i in range(4)]
    chance = Chance(run["variant"])
    clients = [client(2, chance.directions) for _ in range(4)]
    for one, start in zip(clients, run["start_vecs"], strict=True):
        assert place(one, coordinate(*start)) == ACCEPTED
    simulate(clients, truth, chance.choices(4), 1000)
    assert chance.chosen == run["picks_first_1000_cycles_base36"]
    before = distance_of_middle(clients)
    assert before == run["center_error_after_1000"]
    simulate(clients, truth, chance.choices(4), 10_000)
    after = distance_of_middle(clients)
    assert after == run["center_error_after_10000_more"]
    assert after <= 0.8 * before
