"""Latencies that change with time, and what is true meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serfsim
from serfsim.simulation.simulation import Simulation


def sliced(folder: Path, duration: str) -> serfsim.Scenario:
    """Five nodes 20 ms apart, 40 ms from one minute on, 80 ms from two."""
    slices = np.array([np.full((5, 5), ms) for ms in (20.0, 40.0, 80.0)])
    np.save(folder / "m.npy", slices)
    return serfsim.Scenario(
        cluster={"nodes": 5},
        network={"topology": {"model": "matrix", "file": str(folder / "m.npy"), "slice_every": "60s"}},
        record={"coordinates": "5s"},
        duration=duration,
    )


def test_each_sample_is_scored_against_what_was_true_at_its_time(tmp_path: Path) -> None:
    result = serfsim.run(sliced(tmp_path, "90s"), seed=1)
    errors = result.coordinate_error.set_index("t_s")["relative_error_p50"]
    # Coordinates know 20 ms well after a minute and a half with them, and know 40 ms only as half of it.
    assert errors[55.0] < 0.1
    assert errors[60.0] == pytest.approx(0.5, abs=0.06)
    assert errors[90.0] < 0.2


def test_a_change_at_the_very_end_changes_nothing_any_more(tmp_path: Path) -> None:
    sim = Simulation(sliced(tmp_path, "60s"), 1)
    sim.run()
    assert sim.truth.rtt_changes == []
    result = serfsim.run(sliced(tmp_path, "60s"), seed=1)
    assert result.summary["coordinates"]["relative_error"]["p50"] < 0.1


def test_the_truth_of_any_time_can_be_asked_for_in_any_order(tmp_path: Path) -> None:
    sim = Simulation(sliced(tmp_path, "150s"), 1)
    rtt = sim.run().recording.truth.rtt
    assert sim.truth.rtt_changes == [60.0, 120.0]
    pair = [float(rtt(0, t)[1]) for t in (130.0, -20.0, 60.0, 59.9, 0.0, 1000.0)]
    agent = pair[1] - 0.020  # what it takes to answer
    assert 0 <= agent < 0.001
    assert [value - agent for value in pair] == pytest.approx([0.08, 0.02, 0.04, 0.02, 0.02, 0.08])
    assert float(rtt(0)[1]) == pair[0]
