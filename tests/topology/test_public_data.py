"""Public measurements, where the folder that SERFSIM_DATA names holds them."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from serfsim.topology.cloud import OVERHEAD_S, PATH_FACTOR
from serfsim.topology.datasets import DATA_SETS
from serfsim.topology.fibre import great_circle_km
from serfsim.topology.regions import PROVIDERS, canonical
from serfsim.topology.report import report_topology


def data(name: str) -> Path:
    folder = os.environ.get("SERFSIM_DATA")
    if not folder:
        pytest.skip("SERFSIM_DATA is not set")
    found = sorted(Path(folder).rglob(name))
    if not found:
        pytest.skip(f"SERFSIM_DATA has no {name}")
    return found[0]


def build(path: Path, n: int, **parameters: object) -> Topology:
    spec = {"model": "matrix", "file": path.name, **parameters}
    return build_topology(spec, n, Random(1), [f"node-{i}" for i in range(n)], path.parent)


def test_planetlab_has_490_places_and_slices_over_time() -> None:
    topology = build(data("planetlab_490.npz"), 490, slice=0, missing="median")
    rtt = topology.rtt_matrix()
    assert rtt.shape == (490, 490)
    assert 0.02 < np.median(rtt) < 0.3
    assert report_topology(topology).violated_share > 0.1  # what the internet is known for


def test_seattle_has_99_places_and_is_measured_in_seconds() -> None:
    path = data("seattle_99.npz")
    topology = build(path, 99, unit="s", slice_every=60.0, missing="median")
    assert 0.005 < np.median(topology.rtt_matrix()) < 1.0
    assert topology.latency.advance(0.0) == 60.0


def test_azures_table_of_regions_is_labelled_and_incomplete() -> None:
    path = data("latency.csv")
    place = {f"node-{i}": "East US" for i in range(20)}
    topology = build(path, 20, missing="mirror", place=place, access=0.001)
    assert topology.rtt_row(0)[1] == pytest.approx(0.004)
    topology = build(path, 2, missing="median", place={"node-0": "East US", "node-1": "Japan East"})
    assert 0.1 < topology.rtt_row(0)[1] < 0.25


def named(name: str, n: int, **parameters: object) -> Topology:
    """n nodes on a data set that SERFSIM_DATA has."""
    data_set = DATA_SETS[name]
    data(Path(data_set.file).name)
    spec = {"model": data_set.model, "data": name, **parameters}
    return build_topology(spec, n, Random(1), [f"node-{i}" for i in range(n)], ".")


@pytest.mark.parametrize("name", [name for name in DATA_SETS if DATA_SETS[name].slices == 1])
def test_every_data_set_is_read_by_name_with_all_its_places(name: str) -> None:
    data_set = DATA_SETS[name]
    topology = named(name, data_set.places)
    rtt = topology.rtt_matrix()[~np.eye(data_set.places, dtype=bool)]
    assert len(set(topology.places or ())) == data_set.places
    assert topology.description.startswith(f"{name}: {data_set.places} nodes at ")
    assert (rtt > 0).all()
    assert 0.02 < np.median(rtt) < 0.5
    if data_set.model == "matrix":  # the graph has links from each place to itself
        with pytest.raises(ScenarioError, match=f"found {data_set.places} places for {data_set.places + 1}"):
            named(name, data_set.places + 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["planetlab", "seattle"])
def test_the_first_of_all_slices_is_the_one_that_is_published_first(name: str) -> None:
    n = DATA_SETS[name].places
    first = named(name, n).rtt_matrix()
    slices = named(f"{name}-slices", n, slice=0).rtt_matrix()
    assert np.allclose(slices, first, rtol=1e-6)
    played = named(f"{name}-slices", n, slice_every=30.0)
    assert played.latency.advance(30.0) == 60.0
    assert (played.rtt_matrix() != slices).mean() > 0.1


def test_awss_regions_are_those_of_the_cloud_model() -> None:
    topology = named("aws", 33)
    assert set(topology.places or ()) < set(PROVIDERS["aws"])
    table = json.loads(data("p50.json").read_text(encoding="utf-8"))["data"]
    places = topology.places or ()
    row, column = places.index("us-east-1"), places.index("eu-west-2")
    there, back = table["us-east-1"]["eu-west-2"], table["eu-west-2"]["us-east-1"]
    assert topology.rtt_row(row)[column] == pytest.approx((there + back) / 2e3)


def test_shadows_graph_has_its_unit_in_each_latency() -> None:
    topology = named("shadow-atlas", 20)
    assert topology.graph is not None
    a, b, latency = next(iter(topology.graph.edges(data="latency")))
    assert latency.endswith(" us")
    link = 2e-6 * float(latency.split()[0])
    places = topology.places or ()
    assert 0 < topology.rtt_row(places.index(str(a)))[places.index(str(b))] <= link * (1 + 1e-9) or a == b


# The model of clouds against what was measured between their regions -------------------------------


@pytest.mark.parametrize(("provider", "factor"), [("aws", 1.69), ("azure", 1.63)])
def test_the_path_factor_of_clouds_is_that_of_the_measured_regions(provider: str, factor: float) -> None:
    measured = named(provider, DATA_SETS[provider].places)
    codes = [canonical(provider, place) for place in measured.places or ()]
    names = [f"node-{i}" for i in range(len(codes))]
    spec = {"model": "cloud", "provider": provider, "regions": codes, "zones": 1}
    modelled = build_topology(spec, len(codes), Random(1), names, ".")
    known = known_pairs(provider, measured)
    actual, model = measured.rtt_matrix()[known], modelled.rtt_matrix()[known]
    fibre = (model - OVERHEAD_S) / PATH_FACTOR
    apart = fibre > 0.5e-3
    assert apart.sum() > 500
    assert np.median((actual - OVERHEAD_S)[apart] / fibre[apart]) == pytest.approx(factor, abs=0.005)
    error = np.abs(model - actual)[apart] / actual[apart]
    assert np.median(error) == pytest.approx(0.14, abs=0.005)
    assert np.percentile(error, 90) == pytest.approx(0.34, abs=0.02)
    assert np.std(np.log(actual[apart] / model[apart])) == pytest.approx(0.24, abs=0.01)


def known_pairs(provider: str, measured: Topology) -> tuple[np.ndarray, np.ndarray]:
    """The pairs i < j that were measured at least one way: of Azure's some were not."""
    places = measured.places or ()
    i, j = np.triu_indices(len(places), 1)
    if provider == "azure":
        with data("latency.csv").open(encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        known = {(row[0], to) for row in rows for to, cell in zip(header[1:], row[1:], strict=True) if cell}
        pairs = [(places[a], places[b]) for a, b in zip(i, j, strict=True)]
        measured_once = [(a, b) in known or (b, a) in known for a, b in pairs]
        i, j = i[measured_once], j[measured_once]
    return i, j


def test_azures_regions_are_where_the_published_coordinates_say() -> None:
    published = json.loads(data("region-coordinates.json").read_text(encoding="utf-8"))
    assert set(published) == set(PROVIDERS["azure"])
    # Some of those are the middle of a state or a country; ours are cities.
    far = {
        name
        for name, at in published.items()
        if great_circle_km((at["lat"], at["lon"]), PROVIDERS["azure"][name][2:4]) > 100
    }
    assert far == {
        "eastus", "francecentral", "francesouth", "germanynorth", "jioindiawest", "ukwest", "westcentralus",
    }  # fmt: skip
