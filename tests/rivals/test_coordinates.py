"""What every coordinate system has to do: learn, stay finite, be counted, follow, and give one digest."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.cli.app import app
from serfsim.live.rpc.info import get_coordinate
from serfsim.results.scoring.coordinates import estimates
from serfsim.rivals.coordinate_table import SERF, coordinate_names, coordinate_system
from serfsim.scenario.loading import loads
from serfsim.speed import is_compiled
from tests.engine.test_two_speeds import summary_of

RIVALS = [name for name in coordinate_names() if name != SERF]
STATIC = """
name: coordinates
seed: 5
warm_up: 5s
network: {topology: {model: plane, size: 150ms}, jitter: {model: none}}
record: {coordinates: 10s}
"""
# Bytes of a coordinate on the wire: Serf's message, with nine bytes for each number of the vector.
TOLD = {"serf": 8, "vivaldi": 2, "pharos": 16, "dmfsgd": 20}


def text_of(system: str, duration: str, faults: str = "[]", cluster: str = "nodes: 12") -> str:
    return f"{STATIC}duration: {duration}\ncluster: {{{cluster}, coordinates: {system}}}\nfaults: {faults}\n"


def run_of(system: str, duration: str, faults: str = "[]", **more: Any) -> serfsim.Result:
    return serfsim.run(loads(text_of(system, duration, faults)), check=True, **more)


@pytest.fixture(scope="module", params=coordinate_names())
def system(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def calm(system: str) -> serfsim.Result:
    return run_of(system, "5m")


def test_the_error_falls_on_a_static_network(calm: serfsim.Result, system: str) -> None:
    series = calm.coordinate_error
    first, last = (float(series["relative_error_p50"].iloc[at]) for at in (0, -1))
    if system != "measured":  # exact from the first measurement on, where its coverage grows
        assert last < 0.7 * first
    assert last < 0.3
    pairs = series["pairs"]
    assert pairs.iloc[-1] == 12 * 11
    assert pairs.iloc[0] < 12 * 11 or system != "measured"
    assert calm.summary["coordinates"]["coverage"] == 1.0


def test_every_number_stays_finite(calm: serfsim.Result) -> None:
    assert calm.violations == []
    assert np.isfinite(calm.coordinates.drop(columns="node").to_numpy(dtype=float)).all()
    assert calm.summary["coordinates"]["resets"] == 0
    assert calm.summary["coordinates"]["estimate_drift_ms_per_s"] < 1.0


def test_the_bytes_of_acks_are_counted(calm: serfsim.Result, system: str) -> None:
    found = calm.summary["coordinates"]["bytes_per_node_s"]
    assert found == pytest.approx(61 + 9 * TOLD[system], rel=0.02) if system in TOLD else found == 0.0


def test_a_moved_latency_is_followed(system: str) -> None:
    moved = run_of(system, "8m", "[{latency: {add: 100ms}, nodes: [node-03], at: 30s}]")
    summary = moved.summary["coordinates"]
    assert summary["relative_error"]["p50"] < 0.3
    recording = moved.recording
    assert recording is not None
    samples, others, mover = recording.coordinates, np.array([0, 1, 2, *range(4, 12)]), np.array([3])
    k = int(np.flatnonzero(samples.t == 30.0)[0])
    before, after = (np.nanmedian(estimates(samples, at, others, mover)) for at in (k, -1))
    assert after > before + 0.06


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_compiled_and_interpreted_give_one_digest(system: str, tmp_path: Path) -> None:
    scenario = tmp_path / "coordinates.yaml"
    faults = "[{crash: [node-04], at: 5s, restart: 10s}, {loss: 15%, at: 5s, for: 10s}]"
    scenario.write_text(text_of(system, "30s", faults, "nodes: 6"), encoding="utf-8")
    digests = {summary_of(scenario, tmp_path / str(pure), pure=pure)["digest"] for pure in (False, True)}
    assert len(digests) == 1


def test_a_system_names_its_source_and_describes_its_settings(system: str) -> None:
    found = coordinate_system(system)
    assert found.name == system
    assert found.source
    assert all(row.meaning for row in found.settings)


@pytest.mark.parametrize("system", RIVALS)
def test_a_stored_scenario_reads_back(system: str) -> None:
    result = run_of(system, "10s")
    again = loads(result.scenario.to_yaml())
    assert again.cluster.coordinate_settings == result.scenario.cluster.coordinate_settings
    assert serfsim.run(again).summary["digest"] == result.summary["digest"]
    assert result.summary["versions"]["coordinates"] == system


def test_a_restarted_member_begins_anew_and_learns_again(system: str) -> None:
    result = run_of(system, "3m", "[{crash: [node-04], at: 30s, restart: 5s}]")
    assert result.summary["coordinates"]["coverage"] == 1.0
    assert result.summary["coordinates"]["relative_error"]["p50"] < 0.3


def test_a_pair_without_a_measurement_has_no_estimate_and_no_error() -> None:
    text = text_of("measured", "5s", cluster="nodes: 24")
    found = serfsim.run(loads(text)).summary["coordinates"]
    assert 0.3 < found["coverage"] < 0.9
    assert found["relative_error"]["max"] < 1e-6


def test_rtt_estimates_by_the_runs_own_system(tmp_path: Path) -> None:
    place = str(run_of("measured", "5s").save(tmp_path / "measured", figures=False))
    runner = CliRunner()
    shown = {}
    for a, b in ((a, b) for a in range(12) for b in range(12) if a != b):
        done = runner.invoke(app, ["rtt", place, f"node-{a:02}", f"node-{b:02}"])
        shown.setdefault(done.exit_code, done.output)
    assert shown[0].startswith("Estimated node-")
    assert "no estimate: by `measured`" in shown[1]


def test_rpc_gives_no_coordinate_of_another_system() -> None:
    sim = serfsim.Simulation(loads(text_of("dmfsgd", "1s")))
    sim.run()
    session: Any = SimpleNamespace(agent=SimpleNamespace(node=sim.nodes[0]))
    answer = asyncio.run(get_coordinate(session, 1, {"Node": "node-01"}))
    assert "not Serf's Vivaldi" in answer.error
    assert answer.body is None


@pytest.mark.parametrize(
    ("cluster", "path", "words"),
    [
        (
            "coordinates: pharos, coordinate_settings: {rank: 3}",
            "coordinate_settings.rank",
            ("pharos", "anchors"),
        ),
        ("coordinates: dmfsgd, coordinate_settings: {rank: 0}", "coordinate_settings.rank", ("0",)),
        ("coordinate_settings: {rank: 3}", "coordinate_settings", ("serf", "cluster.config")),
        ("coordinates: vivald", "cluster.coordinates", ("'vivald'", "vivaldi")),
        ("coordinates: pharos, protocol: memberlist", "cluster.coordinates", ("pharos", "memberlist")),
        ("coordinates: pharos, protocol: heartbeats", "cluster.coordinates", ("pharos", "heartbeats")),
        ("coordinates: pharos, version: 0.6.4", "cluster.coordinates", ("pharos", "0.6.4")),
        (
            "coordinates: dmfsgd, groups: {a: {nodes: 2, version: 0.6.4}}",
            "cluster.coordinates",
            ("dmfsgd", "0.6.4"),
        ),
        (
            "coordinates: dmfsgd, config: {disable_coordinates: true}",
            "cluster.coordinates",
            ("dmfsgd", "disable_coordinates"),
        ),
    ],
)
def test_a_cluster_that_cannot_run_a_system_is_refused(
    cluster: str, path: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(serfsim.SerfsimError) as refused:
        loads(f"{STATIC}cluster: {{nodes: 12, {cluster}}}\n")
    said = str(refused.value)
    assert path in said
    assert all(word in said for word in words)


def test_a_class_of_ones_own_replaces_serfs_vivaldi_alone() -> None:
    with pytest.raises(serfsim.SerfsimError, match="coordinates: dmfsgd"):
        serfsim.run(
            loads(text_of("dmfsgd", "5s")),
            parts={"coordinates": "serfsim.protocol.vivaldi.client:Client"},
        )
