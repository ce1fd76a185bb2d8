"""What of a topology matters to coordinates."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from serfsim.topology.report import EXACT_UP_TO, report_topology


def of_matrix(folder: Path, one_way: object) -> Topology:
    np.save(folder / "m.npy", np.array(one_way, dtype=float))
    n = len(np.array(one_way))
    spec = {"model": "matrix", "file": "m.npy", "kind": "one_way"}
    return build_topology(spec, n, Random(1), [str(i) for i in range(n)], folder)


def test_a_line_violates_nothing_and_is_symmetric() -> None:
    topology = build_topology({"model": "line"}, 5, Random(1), list("abcde"), ".")
    report = report_topology(topology)
    assert (report.n, report.pairs, report.exact) == (5, 10, True)
    assert (report.violated_share, report.triangle_share, report.asymmetric_share) == (0.0, 0.0, 0.0)
    assert (report.rtt_s.min, report.rtt_s.max, report.rtt_s.p50) == pytest.approx((0.010, 0.040, 0.020))
    assert math.isnan(report.severity.p50)


def test_a_detour_that_is_shorter_is_a_violation_with_a_severity(tmp_path: Path) -> None:
    # 0 to 2 takes 30 ms directly and 20 ms by 1.
    report = report_topology(of_matrix(tmp_path, [[0, 5, 15], [5, 0, 5], [15, 5, 0]]))
    assert report.violated_share == pytest.approx(1 / 3)
    assert report.clearly_violated_share == pytest.approx(1 / 3)
    assert report.triangle_share == 1.0
    assert report.severity.max == pytest.approx(1.5)


def test_asymmetry_is_that_of_one_way_latencies(tmp_path: Path) -> None:
    report = report_topology(of_matrix(tmp_path, [[0, 10, 10], [30, 0, 10], [10, 10, 0]]))
    assert report.asymmetric_share == pytest.approx(1 / 3)
    assert report.asymmetry.max == pytest.approx(1.0)


@pytest.mark.slow
def test_a_sample_of_a_large_network_tells_what_the_whole_would() -> None:
    n = EXACT_UP_TO + 20
    names = [str(i) for i in range(n)]
    large = report_topology(build_topology({"model": "plane"}, n, Random(1), names, "."))
    small = report_topology(
        build_topology({"model": "plane"}, EXACT_UP_TO, Random(1), names[:EXACT_UP_TO], ".")
    )
    assert (small.exact, large.exact) == (True, False)
    assert large.rtt_s.p50 == pytest.approx(small.rtt_s.p50, rel=0.05)
    assert large.violated_share == 0.0


def test_of_latencies_over_time_the_first_slice_is_reported_and_how_far_the_others_are(
    tmp_path: Path,
) -> None:
    slices = np.array([[[0, 10], [10, 0]], [[0, 15], [15, 0]], [[0, 15], [15, 0]]], dtype=float)
    np.savez(tmp_path / "m.npz", rtt=slices)
    spec = {"model": "matrix", "file": "m.npz", "slice_every": 60.0}
    topology = build_topology(spec, 2, Random(1), ["a", "b"], tmp_path)
    topology.latency.advance(120.0)
    report = report_topology(topology)
    assert report.slices == 3
    assert (report.slice_change.min, report.slice_change.max) == pytest.approx((0.0, 0.5))
    assert report.rtt_s.p50 == pytest.approx(0.010)
    assert topology.rtt_row(0)[1] == pytest.approx(0.010)


def test_one_node_alone_has_nothing_to_report() -> None:
    report = report_topology(build_topology({"model": "line"}, 1, Random(1), ["a"], "."))
    assert (report.pairs, report.violated_share, report.slices) == (0, 0.0, 1)
    assert math.isnan(report.rtt_s.p50)
