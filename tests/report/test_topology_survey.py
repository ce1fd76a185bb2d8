"""What a topology allows coordinates, held against what Vivaldi makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import serfsim
from serfsim import open_result
from serfsim.native import Random
from serfsim.report import topology_panels
from serfsim.report.topology_figure import topology_figure
from serfsim.report.topology_survey import Survey, survey
from serfsim.report.topology_table import meaning, notes, survey_html, survey_rows
from serfsim.topology import build_topology, embedding
from serfsim.topology.datasets import DATA_SETS, local_path

mpl.use("Agg")


def scenario(topology: object, nodes: int, **parts: Any) -> serfsim.Scenario:
    return serfsim.Scenario(
        cluster={"nodes": nodes, **parts.pop("cluster", {})},
        network={"topology": topology, **parts.pop("network", {})},
        duration="4m",
        warm_up="30s",
        **parts,
    )


def rows_of(found: Survey) -> dict[str, str]:
    return {row.label.strip(): row.value for row in survey_rows(found)}


@pytest.fixture(scope="module")
def on_a_random_matrix(tmp_path_factory: pytest.TempPathFactory) -> tuple[serfsim.Result, Path]:
    """A run on a measured matrix that no coordinates can express; also as a folder."""
    folder = tmp_path_factory.mktemp("matrix")
    rng = np.random.default_rng(5)
    rtt = rng.lognormal(np.log(60.0), 0.4, (20, 20))
    np.savetxt(folder / "rtt.csv", np.where(np.eye(20, dtype=bool), 0.0, rtt), delimiter=",")
    # In eight dimensions so few nodes have more coordinates than pairs, and half of all pairs can be exact.
    flat = {"config": {"dimensionality": 2}}
    result = serfsim.run(scenario({"model": "matrix", "file": str(folder / "rtt.csv")}, 20, cluster=flat))
    result.save(folder / "result", figures=False)
    return result, folder / "result"


@pytest.fixture(scope="module")
def surveyed(on_a_random_matrix: tuple[serfsim.Result, Path]) -> Survey:
    return survey(on_a_random_matrix[0])


def test_vivaldi_on_a_matrix_never_comes_below_the_floor(
    on_a_random_matrix: tuple[serfsim.Result, Path], surveyed: Survey
) -> None:
    result, _ = on_a_random_matrix
    found = surveyed
    assert found.floor is not None
    vivaldi = result.summary["coordinates"]["relative_error"]
    assert 0.02 < found.floor.mean.relative_error["mean"] < vivaldi["mean"]
    assert 0.02 < found.floor.median.relative_error["p50"] < vivaldi["p50"]
    assert found.vivaldi == vivaldi


def test_vivaldi_on_a_plane_comes_near_a_floor_of_nothing() -> None:
    result = serfsim.run(scenario({"model": "plane", "size": "90ms", "height": "2ms..10ms"}, 20))
    floor = survey(result).floor
    assert floor is not None
    vivaldi = result.summary["coordinates"]["relative_error"]
    assert floor.mean.relative_error["mean"] < 1e-3 < vivaldi["mean"] < 0.1


def test_a_run_read_back_from_its_folder_has_the_same_floor(
    on_a_random_matrix: tuple[serfsim.Result, Path], surveyed: Survey
) -> None:
    _, folder = on_a_random_matrix
    read, run = survey(open_result(folder)), surveyed
    assert read.floor is not None
    assert run.floor is not None
    assert read.floor.mean.relative_error == run.floor.mean.relative_error
    assert "In this run Vivaldi ended at" in meaning(read)


def test_the_floor_is_that_of_what_probes_measure_not_of_the_cables() -> None:
    line = scenario({"model": "line"}, 4, cluster={"processing_delay": "3ms"})
    floor = survey(line).floor
    assert floor is not None
    assert floor.rtt_s[0, 1] == pytest.approx(0.013)


def test_the_dimensions_are_the_clusters_own() -> None:
    flat = scenario({"model": "random"}, 12, cluster={"config": {"dimensionality": 2}})
    two, eight = survey(flat).floor, survey(scenario({"model": "random"}, 12)).floor
    assert two is not None
    assert eight is not None
    assert two.mean.embedding.vec.shape == (12, 2)
    assert eight.mean.relative_error["mean"] < two.mean.relative_error["mean"]


def test_nodes_without_adjustments_have_a_floor_without_them() -> None:
    bare = scenario({"model": "random"}, 12, cluster={"config": {"adjustment_window_size": 0}})
    without, with_them = survey(bare).floor, survey(scenario({"model": "random"}, 12)).floor
    assert without is not None
    assert with_them is not None
    assert not without.mean.embedding.adjustment.any()
    assert with_them.mean.embedding.adjustment.any()


def test_of_slices_a_scenario_has_the_floor_of_its_start_and_a_run_that_of_its_end(tmp_path: Path) -> None:
    apart = 1.0 - np.eye(3)
    np.savez(tmp_path / "m.npz", rtt=np.array([20.0 * apart, 40.0 * apart]))
    sliced = scenario({"model": "matrix", "file": str(tmp_path / "m.npz"), "slice_every": "1m"}, 3)
    start, end = survey(sliced), survey(serfsim.run(sliced))
    assert start.floor is not None
    assert end.floor is not None
    assert end.floor.rtt_s[0, 1] - start.floor.rtt_s[0, 1] == pytest.approx(0.020)
    assert start.report.rtt_s.p50 == end.report.rtt_s.p50 == pytest.approx(0.020)
    assert rows_of(start)["slices"] == "2"
    assert any("first of 2 slices" in note for note in notes(start))


def test_one_node_and_nodes_without_any_latency_have_no_floor_and_are_drawn_all_the_same() -> None:
    alone = survey(scenario({"model": "line"}, 1))
    assert (alone.floor, survey_rows(alone)) == (None, [])
    assert meaning(alone) == "A single node has no round-trip times."
    together = build_topology({"model": "split", "lan": 0.0, "wan": 0.0}, 4, Random(1), list("abcd"), ".")
    nowhere = survey(together)
    assert nowhere.floor is None
    for found in (alone, nowhere):
        topology_figure(found).draw_without_rendering()


def test_many_nodes_are_placed_by_what_some_of_them_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "ALL_PAIRS", 50)
    monkeypatch.setattr(embedding, "OBSERVERS", 25)
    names = [str(i) for i in range(60)]
    found = survey(build_topology({"model": "plane", "size": 0.05}, 60, Random(1), names, "."))
    assert found.floor is not None
    assert found.floor.rtt_s.shape == (25, 60)
    assert found.floor.mean.relative_error["mean"] < 0.01
    assert any("25 of 60 nodes" in note for note in notes(found))
    assert topology_panels.floor_errors(found.floor)[1].mean() < 0.01


def test_the_words_say_whether_coordinates_can_be_exact() -> None:
    assert "exactly" in meaning(survey(scenario({"model": "line"}, 6)))
    random = survey(scenario({"model": "random"}, 40))
    assert "off by" in meaning(random)
    assert meaning(replace(random, floor=None)) == ""
    assert notes(random) == [
        "360 numbers place 780 pairs: with so few nodes the median pair can be fitted almost exactly, "
        "so the mean says more."
    ]
    assert "&lt;" not in survey_html(random)
    assert "<b>Best static coordinates</b>" in random._repr_html_()
    assert rows_of(random)["violated pairs"] == "0"


@pytest.mark.parametrize(
    "panel",
    ["map", "round_trip_times", "heat_map", "triangles", "asymmetry", "error_by_distance", "floor"],
)
def test_a_panel_returns_the_axes_it_was_given_and_makes_its_own_otherwise(
    surveyed: Survey, panel: str
) -> None:
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    given = Figure().add_subplot()
    assert getattr(surveyed.plot, panel)(ax=given) is given
    made = getattr(surveyed.plot, panel)()
    assert made.get_title(loc="left") == given.get_title(loc="left") != ""
    pyplot.close(made.figure)


def test_clusters_lie_side_by_side_in_the_heat_map() -> None:
    near = np.array([[0, 9, 1, 9], [9, 0, 9, 1], [1, 9, 0, 9], [9, 1, 9, 0]], dtype=float)
    order = topology_panels.cluster_order(near).tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_the_plot_of_errors_shows_the_floor_where_asked(
    on_a_random_matrix: tuple[serfsim.Result, Path], surveyed: Survey
) -> None:
    from matplotlib.figure import Figure

    result, _ = on_a_random_matrix
    floor = surveyed.floor
    assert floor is not None
    labels = []
    for asked in (None, floor):
        ax = result.plot.coordinate_error(ax=Figure().add_subplot(), floor=asked)
        labels.append(ax.get_legend_handles_labels()[1])
    assert "least median of any coordinates found" not in labels[0]
    assert "least median of any coordinates found" in labels[1]


def test_amazons_regions_can_be_placed_to_a_few_percent() -> None:
    if local_path(DATA_SETS["aws"]) is None:
        pytest.skip("SERFSIM_DATA has no data set aws")
    regions = survey(scenario({"model": "matrix", "data": "aws"}, 33))
    assert regions.floor is not None
    assert 0.02 < regions.floor.mean.relative_error["mean"] < 0.05
    assert 0.2 < regions.report.violated_share < 0.4
    assert 0.4 < regions.report.asymmetric_share < 0.6


def test_a_topology_is_not_named_twice() -> None:
    generated = {"model": "graph", "generator": {"model": "waxman"}}
    named = survey(scenario(generated, 5, name="waxman"), floor=False)
    assert named.described.startswith("5 nodes at 5 of 5 places, ")
    assert survey(scenario(generated, 5, name="other"), floor=False).described.startswith("waxman: 5 nodes")
