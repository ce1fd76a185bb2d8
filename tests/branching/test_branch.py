"""Branches of a run: branch 0 is the run, the others differ, and what is kept is found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.cli.app import app
from serfsim.engine.streams import branching, stream
from serfsim.scenario.loading import loads
from serfsim.study.branching import Share, inevitable_from, run_branches
from serfsim.study.statistics.intervals import share

# Two members lose 60 % of everything for 25 s. With seed 1 others declare them dead; with seed 2 nobody does.
CUT_OFF = """
name: cut_off
seed: 1
duration: 60s
warm_up: 10s
cluster: {nodes: 16, version: "0.9.4"}
network: {topology: {model: plane, size: 1ms}}
faults: [{loss: 60%, nodes: [node-03, node-04], at: 20s, for: 25s}]
claims: [detection.false_positives == 0]
"""


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("branch") / "run"
    return serfsim.run(loads(CUT_OFF)).save(folder, figures=False)


def test_branch_0_has_the_digest_of_the_run_and_the_others_differ(cut_off: Path) -> None:
    table = serfsim.branch(cut_off, at=[0.0, 25.0], seeds=2, progress=False)
    digest = serfsim.open_result(cut_off).summary["digest"]
    assert list(table["at"]) == [0.0] * 3 + [25.0] * 3
    assert list(table["seed"]) == [0, 1, 2] * 2
    assert set(table[table["seed"] == 0]["digest"]) == {digest}
    assert table[table["seed"] > 0]["digest"].nunique() == 4


def test_branches_do_not_depend_on_how_many_run_at_once(cut_off: Path) -> None:
    tables = [
        serfsim.branch(cut_off, at=30.0, seeds=4, workers=n, progress=False).drop(columns=["cpu_s", "wall_s"])
        for n in (1, 3)
    ]
    assert tables[0].equals(tables[1])


def test_a_branch_shares_the_past_and_has_a_future_of_its_own(cut_off: Path) -> None:
    late = serfsim.branch(cut_off, at=59.5, seeds=2, progress=False)
    assert late["detection.false_positives"].nunique() == 1  # the deaths came before
    with branching() as streams:
        old, other = stream(1, "host/loss"), stream(1, "host/jitter")
        streams.take("branch-1")
        again = stream(1, "host/loss")
        assert old.random() == again.random() != other.random()
    assert stream(1, "host/loss").random() != old.random()


def test_a_folder_keeps_the_branches_and_a_second_call_makes_only_the_new_ones(
    cut_off: Path, tmp_path: Path
) -> None:
    result = serfsim.open_result(cut_off)
    first = run_branches(result, [30.0], 2, folder=tmp_path / "b", quiet=True)
    second = run_branches(result, [30.0], 4, folder=tmp_path / "b", quiet=True)
    assert [outcome.found for outcome in second.outcomes] == [True, True, True, False, False]
    assert list(first.table["digest"]) == list(second.table["digest"])[:3]
    assert serfsim.open_sweep(tmp_path / "b").table.shape[0] == 5


def test_another_run_of_the_scenario_has_another_folder(cut_off: Path, tmp_path: Path) -> None:
    run_branches(serfsim.open_result(cut_off), [30.0], 1, folder=tmp_path / "b", quiet=True)
    other = serfsim.run(loads(CUT_OFF), seed=2)
    with pytest.raises(SerfsimError, match="seed 1"):
        run_branches(other, [30.0], 1, folder=tmp_path / "b", quiet=True)


def test_a_result_that_this_version_does_not_reproduce_is_refused(cut_off: Path) -> None:
    result = serfsim.open_result(cut_off)
    result.summary["digest"] = "0" * 64
    with pytest.raises(SerfsimError, match="another run"):
        run_branches(result, [30.0], 1, quiet=True)


def test_an_outcome_is_inevitable_once_no_later_branch_differs() -> None:
    held = [3, 5, 0, 1, 0, 0]
    shares = [Share("c", float(at), share(n, 10), in_run=False) for at, n in enumerate(held)]
    assert inevitable_from(shares, "c") == 4.0
    assert inevitable_from(shares[:4], "c") is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--at", "60s"], ("at:", "60 s", "less than 60")),
        (["--at", "12"], ("--at", "'12'")),
        (["--at", "20s..10s/1s"], ("--at", "20s..10s/1s")),
        (["--at", "20s..30s"], ("--at", "/5s")),
        (["--at", "20s", "--claim", "detection.falze == 0"], ("claims[0]", "detection.falze")),
    ],
)
def test_a_mistake_is_one_message(cut_off: Path, arguments: list[str], words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, ["branch", str(cut_off), *arguments])
    assert ended.exit_code == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert all(word in ended.stderr for word in words)


def test_the_command_writes_the_table_the_shares_and_the_curve(cut_off: Path, tmp_path: Path) -> None:
    out = tmp_path / "branches"
    arguments = ["--at", "0s..50s/25s", "--seeds", "5", "--out", str(out), "--quiet"]
    ended = CliRunner().invoke(app, ["branch", str(cut_off), *arguments])
    assert ended.exit_code == 0
    assert {"runs.csv", "runs.parquet", "shares.csv", "branches.png"} <= {file.name for file in out.iterdir()}
    assert len((out / "shares.csv").read_text().splitlines()) == 1 + 3
    assert "in every branch" in ended.stdout
