"""The library's own performance tests, replayed: six networks, under the rules of 0.9.4 and the newest.

The recordings hold every choice of a peer and every uniform draw, so that the outcome has to agree bit
for bit. Two have gaps: of Split there are no draws, of Drift no choices after the first 1000 cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serfsim.protocol.vivaldi.client import ACCEPTED, Client
from tests.vectors_of import vectors
from tests.vivaldi.harness import Listed, client, written

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


def choices_of(picks: str) -> Iterator[int]:
    return (int(digit, 36) for digit in picks)


@pytest.mark.parametrize("run", runs("Line", "Grid", "Circle (Height test)", "Random"))
def test_a_whole_network_ends_where_the_librarys_did(run: dict[str, Any]) -> None:
    draws = Listed(run["uniform_draws"])
    clients = [client(run["dimensionality"], draws) for _ in range(run["nodes"])]
    simulate(clients, run["truth_ns"], choices_of(run["picks_base36"]), run["cycles"])
    assert draws.is_used_up()
    assert [written(one.coordinate) for one in clients] == run["final_coordinates"]
    mean, largest = errors(clients, run["truth_ns"])
    assert (mean, largest) == (run["error_avg"], run["error_max"])
    assert mean <= run["bound_avg"]
    assert largest <= run["bound_max"]


@pytest.mark.parametrize("run", runs("Circle (Height test)"))
def test_the_height_of_a_far_centre_is_learned(run: dict[str, Any]) -> None:
    heights = [final["Height"] for final in run["final_coordinates"]]
    assert heights[0] >= 0.97 * 0.1
    assert max(heights[1:]) <= 0.03 * 0.1
