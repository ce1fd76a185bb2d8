"""Every figure draws, of a tiny run, of none and of many nodes, and hides nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from serfsim import Result, open_result
from serfsim.report.figures import FIGURES, save_figures
from serfsim.report.plots.style import legend_columns
from tests.report.conftest import empty, large, small


@pytest.fixture(autouse=True)
def _silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """matplotlib grumbles to its log, which ends on the terminal."""
    yield
    assert [record.message for record in caplog.records if record.name.startswith("matplotlib")] == []


def drawn(result: Result, name: str) -> Figure:
    figure = Figure(figsize=(9.6, 4.8))
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert getattr(result.plot, name)(ax=ax) is ax
        figure.canvas.draw()
    return figure


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_and_has_a_title_and_units(result: Result, name: str) -> None:
    (ax,) = drawn(result, name).axes
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() in ("time [s]", "time since the change [s]", "[ms]")
    assert ax.get_ylabel()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_a_run_of_nothing_draws_too(name: str) -> None:
    assert drawn(empty(), name).axes[0].get_title(loc="left")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_an_interruption_during_the_warm_up_draws_too(name: str) -> None:
    assert drawn(small(interrupted_at=-3.0), name).axes[0].get_title(loc="left")


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_many_nodes_draws(name: str) -> None:
    assert drawn(large(400), name).axes[0].get_title(loc="left")


def test_figures_are_saved_in_one_size_and_those_of_a_folder_are_the_same(
    saved: Path, tmp_path: Path
) -> None:
    assert {path.stem for path in (saved / "plots").iterdir()} == set(FIGURES)
    assert {Image.open(path).width for path in (saved / "plots").iterdir()} == {1056}
    for path in save_figures(open_result(saved), tmp_path / "again", ("view_sizes", "health")):
        assert Image.open(path).tobytes() == Image.open(saved / "plots" / path.name).tobytes(), path


def test_a_figure_on_its_own_makes_its_own_axes(result: Result) -> None:
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    ax = result.plot.view_sizes()
    assert ax.figure in map(pyplot.figure, pyplot.get_fignums())
    pyplot.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_the_legend_and_the_title_stay_within_the_figure(result: Result, tmp_path: Path, name: str) -> None:
    import matplotlib as mpl

    from serfsim.report.figures import DPI, figure_of
    from serfsim.report.plots.style import STYLE

    with mpl.rc_context(STYLE):
        figure = figure_of(result, name)
        figure.canvas.draw()
        (ax,) = figure.axes
        texts = [*ax.texts, ax.title, ax._left_title]
        legend = ax.get_legend()
        parts = [text for text in texts if text.get_text()] + ([legend] if legend else [])
        for part in parts:
            box = part.get_window_extent()
            assert box.x0 >= 0, part
            assert box.y0 >= 0, part
            assert box.x1 <= figure.bbox.width, part
            assert box.y1 <= figure.bbox.height, part
    assert figure.dpi == DPI


@pytest.mark.slow
def test_what_is_said_of_a_hundred_thousand_events_fits_too() -> None:
    import matplotlib as mpl

    from serfsim.report.figures import figure_of
    from serfsim.report.plots.style import STYLE

    with mpl.rc_context(STYLE):
        figure = figure_of(large(101, times=600), "event_timeline")
        figure.canvas.draw()
        (seen,) = [text for text in figure.axes[0].texts if "120,000 events" in text.get_text()]
        assert seen.get_window_extent().x1 <= figure.bbox.width


def test_a_legend_has_as_many_columns_as_fit() -> None:
    assert legend_columns(["a", "b", "c"], 9.0) == 3
    assert legend_columns(["x" * 40] * 4, 9.0) == 2
    assert legend_columns(["x" * 200] * 4, 9.0) == 1
    assert legend_columns(["a"], 0.1) == 1


def test_a_legend_of_three_rows_makes_the_figure_higher() -> None:
    import matplotlib as mpl

    from serfsim import load, run
    from serfsim.report.figures import figure_height, figure_of
    from serfsim.report.plots.style import STYLE

    result = run(load("all_at_once", ["duration=1m"]), seed=1)
    with mpl.rc_context(STYLE):
        figure = figure_of(result, "probes")
        figure.canvas.draw()
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert len(legend.get_texts()) == 7
        assert legend.get_window_extent().y0 >= 0
        assert figure.get_figheight() > figure_height("probes", 24)
        names = figure_of(result, "coordinate_map").axes[0].get_legend()
        assert names is not None
        assert [text.get_text() for text in names.get_texts()][2:] == ["near", "far"]


def test_names_on_the_map_cover_neither_one_another_nor_places() -> None:
    import matplotlib as mpl

    from serfsim import load, run
    from serfsim.report.figures import figure_of
    from serfsim.report.plots.style import STYLE

    result = run(load("all_at_once", ["duration=1m"]), seed=1)
    with mpl.rc_context(STYLE):
        ax = figure_of(result, "coordinate_map").axes[0]
        boxes = [text.get_window_extent() for text in ax.texts if text.get_text().startswith("node-")]
    assert len(boxes) > 12
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("regions", ["[us-east-1, eu-west-1, ap-southeast-2, sa-east-1]", "[eu-north-1]"])
def test_a_map_of_earth_ends_at_its_poles(regions: str) -> None:
    from serfsim.report.topology_map import topology_map
    from serfsim.report.topology_survey import survey
    from serfsim.scenario.loading import loads

    topology = f"{{model: cloud, provider: aws, regions: {regions}}}"
    scenario = loads(f"cluster: {{nodes: 12}}\nnetwork: {{topology: {topology}}}")
    figure = Figure(figsize=(5.0, 4.0))
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    topology_map(survey(scenario), ax)
    figure.canvas.draw()
    assert -90 <= ax.get_ylim()[0] < ax.get_ylim()[1] <= 90
    assert -180 <= ax.get_xlim()[0] < ax.get_xlim()[1] <= 180
