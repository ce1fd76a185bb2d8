"""Code of the user's own in sweeps, on a cluster, in tunings, comparisons, baselines, and as commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.base.errors import ScenarioError, SerfsimError, SweepError
from serfsim.cli.app import app
from serfsim.study.regression import regress
from serfsim.study.regression.acceptance import accept
from serfsim.study.regression.baseline import read_baseline

GRID = {"code.parts.suspicion": [None, "mine:Patient"]}
TIMES = ["cpu_s", "wall_s"]


def edit(folder: Path, factor: float) -> None:
    (folder / "helper.py").write_text(f"FACTOR = {factor}\n", encoding="utf-8")


def swept(file: Path, out: Path | None = None, **options: Any) -> pd.DataFrame:
    options = {"seeds": range(2), "workers": 1, **options}
    return serfsim.sweep(file, GRID, out=out, progress=False, allow_code=True, **options)


def test_a_sweep_on_two_processes_gives_what_this_process_gives(file: Path, tmp_path: Path) -> None:
    here = swept(file)
    there = swept(file, tmp_path / "s", workers=2)
    pd.testing.assert_frame_equal(there.drop(columns=TIMES), here.drop(columns=TIMES))
    assert list(there.status) == ["done"] * 4
    assert there.digest.nunique() == 4
    assert (there["own.higher.members"] == 5).all()
    kept = json.loads((tmp_path / "s" / "sweep.json").read_text())["own_code"]
    assert set(kept) == {"mine:Patient", "mine:Nap", "mine:gap_s", "mine:members"}
    run = serfsim.run(serfsim.load(file, allow_code=True)).summary
    assert run["versions"]["sources"] == kept


@pytest.mark.slow
def test_a_cluster_of_two_workers_needs_no_file_of_the_code(file: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    here = swept(file)
    scenario = serfsim.load(file, ["warm_up=settled"], allow_code=True)
    settled = serfsim.sweep(scenario, seeds=[1], workers=1, progress=False)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as started:
        address = started.scheduler_address
        there = swept(file, tmp_path / "s", scheduler=address)
        for name in ("mine", "late", "helper"):
            (file.parent / f"{name}.py").unlink()
        far = serfsim.sweep(scenario, seeds=[1], scheduler=address, progress=False)
    pd.testing.assert_frame_equal(there.drop(columns=TIMES), here.drop(columns=TIMES))
    pd.testing.assert_frame_equal(far.drop(columns=TIMES), settled.drop(columns=TIMES))
    assert list(far.status) == ["done"]


def test_a_changed_source_is_another_version(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    first = swept(file, folder)
    assert swept(file, folder).equals(first)
    edit(file.parent, 2.0)  # of a module that the one named imports
    with pytest.raises(SweepError, match=r"mine:\w+ [0-9a-f]{16}, this is [0-9a-f]{16}.*source.*changed"):
        swept(file, folder)
    other = swept(file, tmp_path / "t")
    plain = first["code.parts.suspicion"] == "null"
    assert list(other.digest[plain]) == list(first.digest[plain])
    assert not set(other.digest[~plain]) & set(first.digest[~plain])
    assert not set(other.run) & set(first.run)
    edit(file.parent, 3.0)
    assert swept(file, folder).equals(first)


def test_where_the_modules_lie_makes_no_other_version(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for source in file.parent.glob("*.*"):
        shutil.copy(source, elsewhere)
    assert list(swept(elsewhere / "own.yaml").run) == list(swept(file).run)


def test_two_versions_of_a_module_are_compared_by_their_folders(file: Path, tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        shutil.copytree(file.parent, tmp_path.parent / f"{tmp_path.name}-{name}", dirs_exist_ok=True)
    folders = [f"../{tmp_path.name}-{name}" for name in ("v1", "v2")]
    edit(tmp_path.parent / f"{tmp_path.name}-v2", 30.0)
    table = serfsim.sweep(
        file, {"code.folder": folders}, [1], workers=2, progress=False, allow_code=True, out=tmp_path / "s"
    )
    assert list(table.status) == ["done", "done"]
    assert table.digest.nunique() == 2
    kept = json.loads((tmp_path / "s" / "sweep.json").read_text())["own_code"]
    assert len(kept["mine:Patient"].split()) == 2


def test_objects_are_swept_by_the_text_of_their_module(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.syspath_prepend(file.parent)
    import mine  # type: ignore[import-not-found]

    try:
        scenario = serfsim.Scenario(
            name="own", duration="20s", warm_up="2s", cluster={"nodes": 5}, faults=[{"crash": ["node-03"]}]
        )
        named = {"parts": {"suspicion": "mine:Patient"}, "figures": ["mine:gap_s"]}
        given = {"parts": {"suspicion": mine.Patient}, "figures": [mine.gap_s]}
        tables = [
            serfsim.sweep(scenario, seeds=[1], workers=workers, progress=False, **code)
            for workers, code in ((1, named), (1, given), (2, given))
        ]
        assert {table.digest[0] for table in tables} == {
            serfsim.run(scenario, seed=1, parts={"suspicion": mine.Patient}).summary["digest"]
        }
        assert len({table["own.gap_s"][0] for table in tables}) == 1
        faulty = serfsim.sweep(
            scenario,
            {"faults": [[{"nap": ["node-01"], "for": "1s"}]]},
            [1],
            workers=1,
            progress=False,
            faults=[mine.Nap],
        )
        assert list(faulty.status) == ["done"]
    finally:
        del sys.modules["mine"]


def test_a_tuning_judges_figures_of_ones_own_and_comparisons_read_them(file: Path, tmp_path: Path) -> None:
    scenario = serfsim.load(file, allow_code=True)
    tuned = serfsim.tune(
        scenario,
        grid=GRID,
        subject_to="own.gap_s.p50 < 20s",
        judge="each",
        minimize="own.gap_s",
        seeds=range(1, 9),
        confidence=0.6,
        out=tmp_path / "t",
        workers=1,
        progress=False,
    )
    assert tuned.status == "found"
    assert tuned.objective.name == "own.gap_s.mean"
    (file.parent / "mine.py").unlink()  # nothing is imported to look at what was kept
    again = serfsim.tune(tmp_path / "t", maximize="own.higher.members", progress=False)
    assert again.objective.better == "higher"
    compared = serfsim.compare(tmp_path / "t", tmp_path / "t", figures=["own.*"])
    assert {row.figure for row in compared.rows} == {"own.gap_s", "own.higher.members"}
    with pytest.raises(SerfsimError, match=r"figures: .*existing sweep"):
        serfsim.tune(tmp_path / "t", minimize="own.gap_s", figures=["mine:gap_s"])


def test_a_baseline_says_whose_code_made_it_and_a_change_of_the_code_shows(
    file: Path, tmp_path: Path
) -> None:
    baseline = tmp_path / "results" / "baseline"
    with pytest.raises(ScenarioError, match="--allow-code"):
        accept(baseline, lambda names: "", scenarios=[str(file)], seeds="1-2", workers=1, quiet=True)
    allowed: dict[str, Any] = {"seeds": "1-2", "workers": 1, "quiet": True, "allow_code": True}
    accept(baseline, lambda names: "first", scenarios=[str(file)], **allowed)
    (kept,) = read_baseline(baseline).entries.values()
    assert set(kept.own_code) == {"mine:Patient", "mine:Nap", "mine:gap_s", "mine:members"}
    assert "own.gap_s" in kept.runs.figures
    again: dict[str, Any] = {"workers": 1, "progress": False}
    assert regress(baseline, allow_code=True, **again).is_identical
    with pytest.raises(ScenarioError, match="--allow-code"):
        regress(baseline, **again)
    edit(file.parent, 30.0)
    assert not regress(baseline, allow_code=True, **again).is_identical
    accepted = accept(baseline, lambda names: "more patience", **allowed)
    assert accepted.moved == ("own",)
    (now,) = read_baseline(baseline).entries.values()
    assert now.own_code["mine:Patient"] != kept.own_code["mine:Patient"]


@pytest.mark.parametrize(
    "command",
    [
        ["run", "own.yaml", "--quiet", "--out", "out"],
        ["validate", "own.yaml"],
        ["sweep", "own.yaml", "--seeds", "1", "--workers", "1", "--out", "out", "--figures", "own.gap_s"],
        [
            "sweep",
            "plain.yaml",
            "--seeds",
            "1",
            "--grid",
            "code.parts.suspicion=null,mine:Patient",
            "--out",
            "out",
        ],
        ["tune", "own.yaml", "--minimize", "own.gap_s", "--seeds", "1", "--workers", "1", "--out", "out"],
        ["serve", "own.yaml", "--rpc-addr", "nowhere"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_every_command_that_runs_scenarios_asks_for_permission(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(folder)
    text = (folder / "own.yaml").read_text().split("code:")[0]
    (folder / "plain.yaml").write_text(text + "faults: [{crash: [node-03], at: 1s}]\n")
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "code of its own (mine:Patient" in refused.stderr
    assert "--allow-code" in refused.stderr
    allowed = CliRunner().invoke(app, [*command, "--allow-code"])
    assert "code of its own" not in allowed.stderr
    assert allowed.exit_code == (2 if command[0] == "serve" else 0), allowed.stderr
    if command[0] == "sweep" and "--figures" in command:
        assert "gap_s" in allowed.stdout


def test_the_network_of_a_scenario_with_code_is_looked_at_without_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "mine.py").unlink()
    looked = CliRunner().invoke(app, ["topology", "own.yaml", "--json", "--no-floor"])
    assert looked.exit_code == 0, looked.stderr
