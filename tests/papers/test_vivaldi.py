"""Vivaldi's clients on small matrices, the measures by hand, and missing measurements."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import pytest

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.papers.vivaldi import PAPER
from serfsim.papers.vivaldi.clients import Cluster, Form
from serfsim.papers.vivaldi.data import violations
from serfsim.papers.vivaldi.least_squares import least_squares
from serfsim.papers.vivaldi.measures import estimates, measure
from serfsim.study.reproduction import Cell
from serfsim.topology.datasets import DATA_SETS, local_path
from serfsim.topology.embedding import StaticEmbedding

NAN = np.nan


def plane(n: int) -> np.ndarray:
    """Round-trip times of hosts in a plane, in seconds."""
    places = np.random.default_rng(5).uniform(0.0, 0.1, (n, 2))
    rtt = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    np.fill_diagonal(rtt, NAN)
    return rtt


def learned(form: Form, rtt: np.ndarray, rounds: int = 250) -> StaticEmbedding:
    cluster = Cluster(form, np.isfinite(rtt), 1)
    cluster.run(repeat((rtt * 1e9).tolist(), rounds))
    return cluster.embedding()


def test_clients_find_a_plane_again_and_heights_where_there_are_some() -> None:
    rtt = plane(16)
    flat = Form(dimensions=2, height=False, adjustment=False)
    assert measure(estimates(learned(flat, rtt)), rtt)["p50"] < 0.03
    access = np.linspace(0.0, 0.04, 16)
    tall = rtt + access[:, None] + access[None, :]
    without = measure(estimates(learned(flat, tall)), tall)["p50"]
    found = measure(estimates(learned(Form(dimensions=2, adjustment=False), tall)), tall)["p50"]
    assert found < without / 2
    assert learned(flat, tall, 20).height.max() <= 1e-9


def test_pairs_that_are_unknown_are_neither_measured_nor_judged() -> None:
    rtt = plane(6)
    rtt[0, 1] = rtt[1, 0] = NAN
    cluster = Cluster(Form(), np.isfinite(rtt), 1)
    assert all(1 not in ring for ring in cluster.rings[:1])
    cluster.run(repeat((rtt * 1e9).tolist(), 5))
    assert np.isfinite(measure(estimates(cluster.embedding()), rtt)["mean"])
    assert [len(ring) for ring in Cluster(Form(), np.isfinite(rtt), 1, neighbours=2).rings] == [2] * 6


def test_the_measures_are_those_counted_by_hand() -> None:
    rtt = np.array([[NAN, 1.0, 2.0], [1.0, NAN, 4.0], [2.0, 4.0, NAN]])
    estimate = np.array([[0.0, 1.5, 1.0], [1.5, 0.0, 4.0], [1.0, 4.0, 0.0]])
    found = measure(estimate, rtt)
    assert found["p50"] == 0.5
    assert found["mean"] == pytest.approx(2 * (0.5 + 0.5 + 0.0) / 6)
    assert found["stress"] == pytest.approx(((0.25 + 1.0) / 21.0) ** 0.5)
    assert found["nearest_loss"] == pytest.approx(1 / 3)
    assert found["rank_loss"] == pytest.approx(1 / 3)


def test_an_estimate_is_serfs_distance() -> None:
    one = StaticEmbedding(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0.1, 0.2]), np.array([-9.0, 0.3]))
    assert estimates(one)[0, 1] == pytest.approx(5.3)  # adjustments that leave nothing do not count
    other = StaticEmbedding(one.vec, one.height, np.array([0.5, 0.3]))
    assert estimates(other)[0, 1] == pytest.approx(6.1)


def test_a_pair_violates_the_triangle_inequality_where_a_detour_is_shorter() -> None:
    rtt = np.array([[NAN, 1.0, 4.0], [1.0, NAN, 1.0], [4.0, 1.0, NAN]])
    assert violations(rtt)[0, 2] == 0.5
    assert violations(rtt)[0, 1] == 5.0


def test_least_squares_find_no_worse_than_their_start() -> None:
    rtt = plane(12)
    start = learned(Form(dimensions=2), rtt, 20)
    best = least_squares(rtt, start)
    assert measure(estimates(best), rtt)["stress"] < measure(estimates(start), rtt)["stress"] / 5


def test_missing_measurements_are_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERFSIM_DATA", str(tmp_path))
    monkeypatch.setenv("SERFSIM_CACHE", str(tmp_path))
    with pytest.raises(SerfsimError, match=r"SERFSIM_DATA.*planetlab_490"):
        serfsim.reproduce("vivaldi", {"study": "violations"}, [1], progress=False)


@pytest.mark.skipif(
    any(local_path(DATA_SETS[name]) is None for name in PAPER.data), reason="SERFSIM_DATA has no measurements"
)
def test_regions_of_aws_embed_as_far_as_published() -> None:
    serf = Cell(study="forms", data="AWS", dimensions=8, height=True, adjustment=True)
    found = PAPER.run(serf.varied("rounds", "300"), 1)
    best = PAPER.run(Cell(study="static", data="AWS", dimensions=2, best_for="median"), 1)
    assert best["p50"] < found["p50"] < 0.11
