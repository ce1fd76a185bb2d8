"""The papers' own checks of coordinate systems, on round-trip times like those that they used."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from serfsim.native import vec
from serfsim.papers.vivaldi.data import typical
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.topology.datasets import DATA_SETS, local_path
from tests.rivals.lab import Floats, Lab

HAS_PLANETLAB = local_path(DATA_SETS["planetlab-slices"]) is not None
needs_planetlab = pytest.mark.skipif(not HAS_PLANETLAB, reason="SERFSIM_DATA has no measurements")
HOSTS = 100
ROUNDS = 250


@cache
def king_like() -> Floats:
    """Round-trip times of name servers on three continents: a plane, access links and detours.

    The Vivaldi paper explains King so: most of a path is geographic distance, the rest access links and
    routes that are longer than they need be, which violate the triangle inequality.
    """
    dice = np.random.default_rng(4)
    continents = np.array([[0.0, 0.0], [0.08, 0.02], [0.13, 0.09]])
    homes = dice.choice(3, HOSTS, p=[0.5, 0.3, 0.2])
    places = continents[homes] + dice.normal(0.0, 0.012, (HOSTS, 2))
    access = dice.exponential(0.006, HOSTS)
    rtt = np.linalg.norm(places[:, None] - places[None, :], axis=2) + access[:, None] + access[None, :]
    detours = np.exp(np.abs(dice.normal(0.0, 0.22, (HOSTS, HOSTS))))
    rtt = rtt * np.sqrt(detours * detours.T)
    np.fill_diagonal(rtt, np.nan)
    return rtt


@cache
def islands() -> Floats:
    """Round-trip times of four islands of hosts, exact within each, with detours between them."""
    dice = np.random.default_rng(7)
    homes = np.arange(80) // 20
    centres = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [0.1, 0.12]])
    places = centres[homes] + dice.uniform(-0.008, 0.008, (80, 2))
    rtt = np.linalg.norm(places[:, None] - places[None, :], axis=2) + 0.001
    detours = np.exp(np.abs(dice.normal(0.0, 0.3, (80, 80))))
    rtt = np.where(homes[:, None] == homes[None, :], rtt, rtt * np.sqrt(detours * detours.T))
    np.fill_diagonal(rtt, np.nan)
    return rtt


@cache
def planetlab() -> Floats:
    """Return the round-trip times between some hosts of PlanetLab."""
    chosen = np.sort(np.random.default_rng(1).permutation(490)[:HOSTS])
    return typical("PlanetLab")[np.ix_(chosen, chosen)]


def test_vivaldi_with_heights_is_off_by_about_11_percent_on_a_matrix_like_king() -> None:
    """SIGCOMM 2004, abstract: 11 % in the median, 2-D with heights, King."""
    assert 0.08 < Lab("vivaldi", king_like()).run(ROUNDS).median() < 0.14


def test_heights_help_in_two_dimensions_more_than_a_third_dimension() -> None:
    """SIGCOMM 2004, section 5.4."""
    flat, cube, tall = (
        Lab("vivaldi", king_like(), **given).run(ROUNDS).median()
        for given in ({"height": False}, {"height": False, "dimensions": 3}, {})
    )
    assert tall < cube < flat


@needs_planetlab
def test_vivaldi_on_planetlab_has_the_error_of_the_order_published_for_king() -> None:
    assert 0.05 < Lab("vivaldi", planetlab()).run(ROUNDS).median() < 0.13


def test_pharos_keeps_the_detours_of_long_ways_out_of_short_links() -> None:
    """GLOBECOM 2007: a global scale bends short links to fit long ones; a local scale does not."""
    rtt = islands()
    flat = Lab("vivaldi", rtt, dimensions=7, height=False).run(ROUNDS).errors()
    pharos = Lab("pharos", rtt).run(ROUNDS).errors()
    short = rtt < np.nanquantile(rtt, 0.2)
    assert np.nanmedian(pharos[short]) < 0.3 * np.nanmedian(flat[short])
    assert np.nanmedian(pharos) < np.nanmedian(flat)


@needs_planetlab
def test_pharos_is_better_than_vivaldi_on_planetlab_in_the_tail_and_for_short_links() -> None:
    """Published of PlanetLab: the 90th percentile of the relative error falls from 0.52 to 0.30."""
    rtt = planetlab()
    flat = Lab("vivaldi", rtt, dimensions=7, height=False).run(ROUNDS).errors()
    pharos = Lab("pharos", rtt).run(ROUNDS).errors()
    short = rtt < np.nanquantile(rtt, 0.25)
    assert np.nanmedian(pharos[short]) < 0.9 * np.nanmedian(flat[short])
    assert np.nanquantile(pharos, 0.9) < 0.9 * np.nanquantile(flat, 0.9)


def test_dmfsgd_recovers_a_matrix_of_low_rank() -> None:
    """The premise of the method: distances of rank r are found again, but for the regularisation."""
    dice = np.random.default_rng(2)
    x = dice.uniform(0.0, 0.3, (60, 3))
    rtt = x @ x.T + 0.02
    np.fill_diagonal(rtt, np.nan)
    learned = Lab("dmfsgd", rtt, regularisation=0.001).run(400)
    assert learned.stress() < 0.05
    assert learned.median() < 0.05


def test_dmfsgd_learns_from_32_neighbours_nearly_what_it_learns_from_all() -> None:
    """The paper's nodes each measure a few neighbours, and predict all others."""
    everybody, few = (Lab("dmfsgd", king_like(), neighbours=k).run(ROUNDS) for k in (0, 32))
    assert few.stress() < 1.5 * everybody.stress()
    assert everybody.stress() < 0.25


@needs_planetlab
def test_dmfsgds_stress_and_median_error_on_planetlab() -> None:
    learned = Lab("dmfsgd", planetlab()).run(ROUNDS)
    assert learned.stress() < 0.25
    assert learned.median() < 0.2


def test_the_least_step_of_vivaldi_is_that_of_the_paper_by_hand() -> None:
    """Figure 3 with two nodes at 0 and 1 in one dimension and a round trip of 2 s."""
    rtt = np.array([[np.nan, 2.0], [2.0, np.nan]])
    client = Lab("vivaldi", rtt, dimensions=1, height=False).clients[0]
    client.update(1, Coordinate(vec[float]([1.0]), 0.5, 0.0, 0.0), 2_000_000_000)
    weight = 1.0 / 1.5
    assert client.coordinate.vec[0] == pytest.approx(-0.25 * weight * (2.0 - 1.0))
    assert client.coordinate.error == pytest.approx(0.5 * 0.25 * weight + 1.0 * (1.0 - 0.25 * weight))


def test_heights_share_the_force_as_the_paper_adds_them() -> None:
    """Section 5.4: the unit vector divides by the distance with both heights."""
    rtt = np.array([[np.nan, 2.0], [2.0, np.nan]])
    client = Lab("vivaldi", rtt, dimensions=1).clients[0]
    client.coordinate = Coordinate(vec[float]([0.0]), 1.0, 0.0, 0.2)
    client.update(1, Coordinate(vec[float]([-1.0]), 1.0, 0.0, 0.3), 2_000_000_000)
    force = 0.25 * 0.5 * (2.0 - 1.5)
    assert client.coordinate.vec[0] == pytest.approx(force / 1.5)
    assert client.coordinate.height == pytest.approx(0.2 + 0.5 * force / 1.5)


def test_dmfsgds_step_is_that_of_the_paper_by_hand() -> None:
    rtt = np.array([[np.nan, 3.0], [3.0, np.nan]])
    client = Lab("dmfsgd", rtt, rank=1, unit="1s").clients[0]
    client.coordinate = Coordinate(vec[float]([1.0, 0.5]), 0.0, 0.0, 0.0)
    client.update(1, Coordinate(vec[float]([0.8, 1.2]), 0.0, 0.0, 0.0), 3_000_000_000)
    assert client.coordinate.vec[0] == pytest.approx(0.99 * 1.0 + 0.1 * (3.0 - 1.2) * 1.2)
    assert client.coordinate.vec[1] == pytest.approx(0.99 * 0.5 + 0.1 * (3.0 - 0.4) * 0.8)


def test_pharos_takes_the_nearest_anchor_and_anchors_take_themselves() -> None:
    rtt = king_like()
    lab = Lab("pharos", rtt, anchors=4).run(120)
    anchors = [0, 25, 50, 75]
    assert [member for member in range(HOSTS) if lab.clients[0].is_anchor(member)] == anchors
    for member, client in enumerate(lab.clients):
        if member in anchors:
            assert client.cluster == member
        else:
            nearest = min(rtt[member, anchors])
            assert rtt[member, client.cluster] <= nearest / 0.9 + 1e-9
