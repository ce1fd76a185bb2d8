"""Public measurements, where the folder that SERFSIM_DATA names holds them."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.topology import Topology, build_topology
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


def test_awss_regions_are_read_once_they_are_a_table(tmp_path: Path) -> None:
    table = json.loads(data("p50.json").read_text(encoding="utf-8"))["data"]
    regions = sorted(table)
    path = tmp_path / "aws.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["", *regions])
        rows.writerows([source, *(table[source].get(target, "") for target in regions)] for source in regions)
    topology = build(path, len(regions), missing="mirror", place="in_order")
    assert topology.places == tuple(regions)
    there, back = (table["us-east-1"]["eu-west-2"], table["eu-west-2"]["us-east-1"])
    row, column = regions.index("us-east-1"), regions.index("eu-west-2")
    assert topology.rtt_row(row)[column] == pytest.approx((there + back) / 2e3)
