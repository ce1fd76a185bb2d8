"""The comparison of detectors: its counts, its verdicts on made-up rows, its tables and curves."""

from __future__ import annotations

import pandas as pd
import pytest

from serfsim.papers.rivals import PAPER
from serfsim.papers.rivals.grid import DETECTORS, SITUATIONS, cell
from serfsim.papers.rivals.runs import run, scenario
from serfsim.study.reproduction import Options

NETWORK = "five regions"


def made_up(mistakes: dict[str, float], full_s: dict[str, float]) -> pd.DataFrame:
    """Rows of every situation and setting: 1 and `full_s` unless named, over two seeds."""
    rows = [
        {
            "network": NETWORK,
            "N": 32,
            "situation": situation,
            "detector": name,
            "setting": str(value),
            "seed": seed,
            "first_s": 1.0,
            "missed": 0.0,
            "about_struck": 0.0,
            "wrong": 0.0,
            "healed_s": 130.0,
            "packets": 2.0,
            "bytes": 200.0,
            "cpu_us": 50.0,
            "mistakes": mistakes.get(name, 0.0),
            "full_s": full_s.get(name, 10.0) + place + 0.01 * seed,
        }
        for situation in SITUATIONS
        for name, detector in DETECTORS.items()
        for place, value in enumerate(detector.values)
        for seed in (1, 2)
    ]
    return pd.DataFrame(rows)


def test_a_crash_is_timed_and_nobody_sound_is_blamed() -> None:
    found = run(cell(NETWORK, 32, "crash", "SWIM", 3.0), 1)
    assert 1.0 < found["first_s"] <= found["full_s"] < 30.0
    assert (found["missed"], found["mistakes"], found["wrong"]) == (0.0, 0.0, 0.0)


def test_members_that_are_cut_off_count_apart_from_mistakes() -> None:
    found = run(cell(NETWORK, 32, "zone cut off", "heartbeats", "5s"), 1)
    assert found["about_struck"] == 4 * 26  # each sound member about each that is cut off
    assert found["mistakes"] == 0.0
    assert found["wrong"] == 0.0


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_its_default_among_its_settings_and_a_scenario(name: str) -> None:
    detector = DETECTORS[name]
    assert detector.default in detector.values
    for situation in SITUATIONS:
        assert scenario(cell(NETWORK, 32, situation, name, detector.values[0])).cluster.nodes == 32


def test_it_is_said_where_serf_loses() -> None:
    rows = made_up({"Serf": 3.0, "SWIM": 3.0}, {"Serf": 12.0, "heartbeats": 20.0})
    found = {one.id: one for one in PAPER.verdicts(rows, Options())}
    assert found["mistakes.SWIM"].outcome == "holds"
    assert found["mistakes.heartbeats"].outcome == "fails"
    assert found["full_s.heartbeats"].outcome == "holds"
    lost = found["full_s.SWIM"]
    assert lost.outcome == "fails"
    assert lost.why == ", ".join(SITUATIONS)
    assert found["calm.Serf"].outcome == "fails"
    assert found["calm.heartbeats"].outcome == "holds"


def test_tables_have_a_row_for_each_detector_in_each_situation() -> None:
    (table,) = PAPER.tables(made_up({}, {}))
    assert len(table.rows) == len(SITUATIONS) * len(DETECTORS)
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_figures_draw_a_curve_for_each_detector() -> None:
    figures = PAPER.figures(made_up({}, {}), [])
    assert len(figures) == len(SITUATIONS)
    for figure in figures.values():
        (ax,) = figure.axes
        assert len(ax.get_legend().get_texts()) == len(DETECTORS)
