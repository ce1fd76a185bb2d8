"""The folder of a sweep: what goes on in it, what does not, and what is read back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import serfsim
from serfsim.base.errors import ResultError, SweepError
from serfsim.scenario import Scenario
from serfsim.scenario.figures import FIGURES
from serfsim.study.sweeps import open_sweep
from serfsim.study.sweeps.folder import lock_folder

GRID = {"cluster.config.suspicion_mult": [4, 2], "cluster.config.probe_interval": ["500ms", "1s"]}
SAME_EACH_TIME = ["cpu_s", "wall_s"]


def swept(scenario: Scenario, folder: Path | None, seeds: Any = (2, 1), grid: Any = GRID) -> pd.DataFrame:
    return serfsim.sweep(scenario, grid, seeds, out=folder, workers=1, progress=False)


def parts(folder: Path) -> dict[str, int]:
    """When each part was written."""
    return {file.name: file.stat().st_mtime_ns for file in (folder / "parts").iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != ".lock"
    }


def test_the_table_is_tidy(tiny: Scenario) -> None:
    table = swept(tiny, None)
    about = [
        "seed",
        "cluster.config.probe_interval_s",
        "run",
        "status",
        "error",
        "digest",
        "complete",
        "claims_failed",
        "cpu_s",
        "wall_s",
    ]
    assert list(table.columns[: 2 + len(about) + len(FIGURES)]) == [*GRID, *about, *FIGURES]
    assert all(name.startswith("traffic.by_type.") for name in table.columns[2 + len(about) + len(FIGURES) :])
    assert list(zip(*(table[name] for name in [*GRID, "seed"]), strict=True)) == [
        (mult, interval, seed) for mult in (4, 2) for interval in ("500ms", "1s") for seed in (2, 1)
    ]
    assert table["cluster.config.suspicion_mult"].dtype == "int64"
    assert list(table["cluster.config.probe_interval_s"]) == [0.5, 0.5, 1.0, 1.0] * 2
    assert all(table[name].dtype == "float64" for name in FIGURES)
    assert table["run"].is_unique
    assert table["digest"].nunique() == 8


def test_a_folder_gives_back_the_same_table_however_it_is_read(tiny: Scenario, tmp_path: Path) -> None:
    table = swept(tiny, tmp_path / "s")
    sweep = open_sweep(tmp_path / "s")
    pd.testing.assert_frame_equal(sweep.table, table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s" / "runs.parquet"), table)
    csv = pd.read_csv(
        tmp_path / "s" / "runs.csv", keep_default_na=False, na_values=dict.fromkeys(FIGURES, "")
    )
    pd.testing.assert_frame_equal(csv, table, check_exact=True)
    assert sweep.parameters == list(GRID)
    assert sweep.seeds == [2, 1]
    assert sweep.scenario == Scenario(**tiny.complete())


def test_the_table_alone_can_be_kept(tiny: Scenario, tmp_path: Path) -> None:
    table = swept(tiny, tmp_path / "s", seeds=[1])
    shutil.rmtree(tmp_path / "s" / "parts")
    pd.testing.assert_frame_equal(open_sweep(tmp_path / "s").table, table)
    (tmp_path / "s" / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(ResultError, match=r"runs\.parquet is not as serfsim wrote it"):
        _ = open_sweep(tmp_path / "s").table
    (tmp_path / "s" / "manifest.json").unlink()
    with pytest.raises(SweepError, match=r"runs\.parquet: cannot be read"):
        _ = open_sweep(tmp_path / "s").table


def test_more_values_and_seeds_run_only_what_is_new(tiny: Scenario, tmp_path: Path) -> None:
    first = swept(tiny, tmp_path / "s", seeds=[1])
    before = parts(tmp_path / "s")
    more = {**GRID, "cluster.config.suspicion_mult": [2, 3, 4]}
    table = swept(tiny, tmp_path / "s", seeds=[1, 2], grid=more)
    after = parts(tmp_path / "s")
    assert len(before) == 4
    assert len(after) == 12
    assert {name: after[name] for name in before} == before
    assert len(table) == 12
    kept = table[table["run"].isin(first["run"])]
    pd.testing.assert_frame_equal(
        kept.sort_values("run").reset_index(drop=True), first.sort_values("run").reset_index(drop=True)
    )


def test_fewer_values_lose_nothing(tiny: Scenario, tmp_path: Path) -> None:
    whole = swept(tiny, tmp_path / "s", seeds=[1])
    fewer = swept(tiny, tmp_path / "s", seeds=[1], grid={**GRID, "cluster.config.suspicion_mult": [4]})
    assert len(fewer) == 2
    assert len(open_sweep(tmp_path / "s").table) == 2
    before = parts(tmp_path / "s")
    pd.testing.assert_frame_equal(swept(tiny, tmp_path / "s", seeds=[1]), whole)
    assert parts(tmp_path / "s") == before


def test_a_damaged_part_is_run_again(tiny: Scenario, tmp_path: Path) -> None:
    whole = swept(tiny, tmp_path / "s", grid=None)
    before = parts(tmp_path / "s")
    torn = tmp_path / "s" / "parts" / f"{whole['run'][1]}.json"
    torn.write_bytes(torn.read_bytes()[:50])
    again = swept(tiny, tmp_path / "s", grid=None)
    pd.testing.assert_frame_equal(again.drop(columns=SAME_EACH_TIME), whole.drop(columns=SAME_EACH_TIME))
    changed = [name for name, written in parts(tmp_path / "s").items() if written != before[name]]
    assert changed == [torn.name]


def test_failed_runs_have_rows_and_are_tried_again(
    tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serfsim.simulation import Simulation

    real = Simulation.run

    def sometimes(self: Simulation, *rest: Any) -> Any:
        if self.seed == 2:
            raise MemoryError
        return real(self, *rest)

    monkeypatch.setattr(Simulation, "run", sometimes)
    with pytest.warns(UserWarning, match="1 of 2 runs failed, the first with: MemoryError"):
        table = swept(tiny, tmp_path / "s", grid=None)
    assert table["status"].tolist() == ["failed", "done"]
    assert table["error"].tolist() == ["MemoryError", ""]
    assert table.loc[0, list(FIGURES)].isna().all()
    pd.testing.assert_frame_equal(open_sweep(tmp_path / "s").table, table)
    monkeypatch.undo()
    assert swept(tiny, tmp_path / "s", grid=None)["status"].tolist() == ["done", "done"]


def refused(scenario: Scenario, folder: Path, **asked: Any) -> str:
    """What is said instead; nothing may change in the folder."""
    before = contents(folder)
    with pytest.raises(SweepError) as raised:
        swept(scenario, folder, **asked)
    assert contents(folder) == before
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_another_scenario_is_refused_with_what_differs(tiny: Scenario, tmp_path: Path) -> None:
    swept(tiny, tmp_path / "s", seeds=[1])
    other = tiny.with_settings({"network.loss": {"udp": "5%"}, "duration": "11s"})
    message = refused(other, tmp_path / "s", seeds=[1])
    assert "another scenario (duration: '10s' there, '11s' here and 1 more)" in message
    assert message.endswith("choose another folder, or remove this one")


def test_other_paths_are_refused(tiny: Scenario, tmp_path: Path) -> None:
    swept(tiny, tmp_path / "s", seeds=[1], grid={"cluster.nodes": [4]})
    message = refused(tiny, tmp_path / "s", seeds=[1], grid=None)
    assert "a sweep over cluster.nodes; found no paths" in message


def test_other_code_is_refused(tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept(tiny, tmp_path / "s", seeds=[1], grid=None)
    monkeypatch.setattr("serfsim.study.sweeps.folder.code_version", lambda: "9.9.9+0123")
    message = refused(tiny, tmp_path / "s", seeds=[1], grid=None)
    assert f"serfsim {serfsim.__version__}+" in message
    assert "this is 9.9.9+0123" in message


def test_a_folder_of_another_version_of_the_store_is_refused(tiny: Scenario, tmp_path: Path) -> None:
    swept(tiny, tmp_path / "s", seeds=[1], grid=None)
    manifest = tmp_path / "s" / "sweep.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))
    message = refused(tiny, tmp_path / "s", seeds=[1], grid=None)
    assert "found schema_version 99; expected 1: another version of serfsim wrote it" in message


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema_version": 1}', '{"schema_version": 1, "name": "s", "code": "", "grid": [1]}'],
)
def test_a_damaged_sweep_json_is_one_message(tiny: Scenario, tmp_path: Path, text: str) -> None:
    swept(tiny, tmp_path / "s", seeds=[1], grid=None)
    (tmp_path / "s" / "sweep.json").write_text(text, encoding="utf-8")
    assert "sweep.json: " in refused(tiny, tmp_path / "s", seeds=[1], grid=None)


def test_a_topologys_file_that_became_another_is_refused(tmp_path: Path) -> None:
    """Else runs of both would stand in one table, since neither paths nor values differ."""
    matrix, folder = tmp_path / "m.csv", tmp_path / "s"
    matrix.write_text("0,20\n20,0\n", encoding="utf-8")
    topology = {"model": "matrix", "file": str(matrix)}
    measured = Scenario(duration="5s", warm_up="1s", cluster={"nodes": 2}, network={"topology": topology})
    table = swept(measured, folder, seeds=[1], grid=None)
    matrix.write_text("0,40\n40,0\n", encoding="utf-8")
    assert "../m.csv has changed since this sweep ran" in refused(measured, folder, seeds=[1], grid=None)
    pd.testing.assert_frame_equal(open_sweep(folder).table, table)
    matrix.write_text("0,20\n20,0\n", encoding="utf-8")
    assert len(swept(measured, folder, seeds=[1, 2], grid=None)) == 2


def test_a_folder_with_something_else_is_left_as_it_is(tiny: Scenario, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    assert "found other files; expected a new or empty folder" in refused(tiny, tmp_path)
    with pytest.raises(SweepError, match=r"thesis\.tex: found a file; expected a folder"):
        swept(tiny, tmp_path / "thesis.tex")


def test_what_is_no_sweep_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="nowhere: no such sweep folder"):
        open_sweep(tmp_path / "nowhere")
    with pytest.raises(SweepError, match=r"not a sweep folder: no sweep\.json"):
        open_sweep(tmp_path)


def test_two_sweeps_at_once_are_one_too_many(tiny: Scenario, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with lock_folder(tmp_path / "s"):
        message = refused(tiny, tmp_path / "s")
    assert f"process {os.getpid()} is carrying out a sweep in it" in message
    assert len(swept(tiny, tmp_path / "s", seeds=[1], grid=None)) == 1


def test_a_dead_sweep_keeps_nobody_out(tiny: Scenario, tmp_path: Path) -> None:
    program = "import os, sys, pathlib\nfrom serfsim.study.sweeps.folder import lock_folder\n"
    program += "with lock_folder(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert died.returncode == -9
    assert (tmp_path / ".lock").read_text().strip().isdigit()
    assert len(swept(tiny, tmp_path, seeds=[1], grid=None)) == 1


def test_parameters_of_many_kinds_become_texts(tiny: Scenario, tmp_path: Path) -> None:
    grid = {
        "network.topology": ["circle", {"model": "line", "spacing": "5ms"}],
        "faults[0].crash": [["node-03"], 1],
    }
    table = swept(tiny, tmp_path / "s", seeds=[1], grid=grid)
    assert table["network.topology"].unique().tolist() == ["circle", '{"model": "line", "spacing": "5ms"}']
    assert table["faults[0].crash"].unique().tolist() == ['["node-03"]', "1"]
    pd.testing.assert_frame_equal(open_sweep(tmp_path / "s").table, table)
