"""`serfsim situations` counts the seeds that hold, and its table has every situation as its file has it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim.base.errors import ResultError, ScenarioError
from serfsim.cli.app import app
from serfsim.scenario import library, load, shelf
from serfsim.scenario.shelf import situations
from serfsim.study.situations import check, plan
from serfsim.study.situations.planning import chosen, claims_at
from serfsim.study.situations.table import IMAGES, anchor, read
from serfsim.study.sweeps import sweep
from serfsim.study.sweeps.worker import flat_figures

ROOT = Path(__file__).resolve().parents[2]
TABLE = {row["name"]: row for row in read(ROOT / "docs")}
TINY = """\
question: Is a crash noticed?
situation:
  threads: [a/b#1]
  answer: Yes. It is.
  {figure}
  holds: {holds}
  study:
    grid: {{cluster.nodes: [3, 4]}}
    figures: [convergence.views_disagreeing, detection.missed]
    claims:
      - {{at: {{cluster.nodes: 3}}, claim: detection.missed {comparison} 0}}
duration: 20s
warm_up: 5s
cluster: {{profile: local}}
faults: [{{crash: [node-01], at: 1s}}]
claims: [convergence.views_disagreeing == 0]
"""


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of one situation that holds and one that does not."""
    (tmp_path / "lib" / "udp").mkdir(parents=True)
    for name, comparison, holds in (("good", "==", "100%"), ("bad", ">", "50%")):
        text = TINY.format(
            comparison=comparison, holds=holds, figure="figure: health" if name == "bad" else ""
        )
        (tmp_path / "lib" / "udp" / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(library, "folder", lambda: tmp_path / "lib")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["situations", "--workers", "1", *arguments])


def test_a_seed_holds_where_every_claim_holds_at_every_point(shipped: Path) -> None:
    good, bad = check([plan("good", [1, 2]), plan("bad", [1, 2])], workers=1)
    assert (good.holding, bad.holding) == ((1, 2), ())
    assert (good.is_kept, bad.is_kept) == (True, False)
    assert [(one.claim, one.at, one.holds) for one in bad.claims] == [
        ("convergence.views_disagreeing == 0", "nodes 3", 2),
        ("detection.missed > 0", "nodes 3", 0),
        ("convergence.views_disagreeing == 0", "nodes 4", 2),
    ]
    assert [claim.text for claim in claims_at(good.planned.scenario, {"cluster.nodes": 4})] == [
        "convergence.views_disagreeing == 0"
    ]
    assert good.points[1].values["detection.missed"] == (0.0, 0.0)


def test_the_command_names_what_fails_and_resumes_from_kept_runs(shipped: Path) -> None:
    done = invoke("--seeds", "1-2", "--json")
    assert done.exit_code == 1
    assert "bad: detection.missed > 0 at nodes 3: holds in 0 of 2" in done.stderr
    assert [(row["name"], row["hold"]) for row in json.loads(done.stdout)] == [("bad", 0), ("good", 2)]
    assert len(list((shipped / "results" / "situations" / "parts").iterdir())) == 8
    assert invoke("good", "--seeds", "1-2").exit_code == 0
    assert invoke("good", "--small").exit_code == 0


def test_the_table_keeps_what_was_not_checked_this_time(shipped: Path) -> None:
    assert invoke("--seeds", "1-2", "--out", "docs", "--quiet").exit_code == 1
    assert invoke("good", "--seeds", "1-3", "--out", "docs").exit_code == 0
    assert [(row["name"], row["seeds"]) for row in read(Path("docs"))] == [("bad", 2), ("good", 3)]
    rows = list(csv.DictReader((Path("docs") / "situations.csv").open(encoding="utf-8")))
    assert {(row["situation"], row["at"]) for row in rows} == {
        (name, at) for name in ("bad", "good") for at in ("nodes 3", "nodes 4")
    }
    assert (Path("docs") / "situations.md").read_text(encoding="utf-8").count("3 of 3") == 1
    assert sorted(file.name for file in (Path("docs") / IMAGES).iterdir()) == ["bad.png", "good.png"]
    (Path("docs") / "situations.json").write_text("[]")
    with pytest.raises(ResultError, match="cannot be read"):
        read(Path("docs"))


def test_sweep_and_tune_take_the_study_of_the_situation_itself(shipped: Path) -> None:
    done = CliRunner().invoke(app, ["sweep", "good", "--seeds", "1", "--workers", "1", "--out", "s"])
    assert (done.exit_code, "runs: 2 done" in done.stdout) == (0, True)
    assert "views_disagreeing" in done.stdout
    assert len(sweep(load("good"), seeds=[1], workers=1)) == 2
    file = shipped / "lib" / "udp" / "good.yaml"
    goals = "  study:\n    minimize: traffic.bytes_per_node_s\n    subject_to: [detection.missed.max == 0]"
    file.write_text(file.read_text().replace("  study:", goals), encoding="utf-8")
    done = CliRunner().invoke(app, ["tune", "good", "--seeds", "1-2", "--workers", "1", "--out", "t"])
    assert (done.exit_code, "detection.missed" in done.stdout) == (1, True)  # two seeds show nothing


def test_what_is_no_situation_and_what_makes_no_sense_is_refused(shipped: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean good"):
        chosen(["goood"], None)
    with pytest.raises(ScenarioError, match="a kind of situations"):
        chosen([], "udb")
    assert chosen([], "udp") == ["bad", "good"]
    done = invoke("--small", "--out", "docs")
    assert (done.exit_code, "--small" in done.stderr) == (2, True)


def test_a_file_that_cannot_be_read_is_listed_with_its_error(shipped: Path) -> None:
    file = shipped / "lib" / "udp" / "bad.yaml"
    file.write_text("situation: {threads: []}\n")
    (entry,) = [one for one in shelf.entries("udp") if one.name == "bad"]
    assert (entry.situation, "threads" in entry.error) == (None, True)
    assert "bad" not in [one.name for one in shelf.situations()]


@pytest.mark.parametrize("one", situations(), ids=lambda one: one.name)
def test_the_committed_table_has_every_situation_as_its_file_has_it(one: shelf.Entry) -> None:
    renewed = f"`make situations NAMES={one.name}` renews the table"
    assert one.situation is not None
    assert one.name in TABLE, renewed
    row = TABLE[one.name]
    assert (row["kind"], row["question"], row["answer"]) == (one.kind, one.question, one.situation.answer), (
        renewed
    )
    planned = plan(one.name)
    claims = [claim.text for at in planned.points for claim in at.claims]
    assert [claim["claim"] for claim in row["claims"]] == claims, renewed
    assert row["seeds"] == 20
    assert row["hold"] >= row["promised"] * row["seeds"]
    assert (ROOT / "docs" / IMAGES / f"{one.name}.png").is_file(), renewed
    assert anchor(one.name) in anchor((ROOT / "docs" / "situations.md").read_text(encoding="utf-8"))


def test_the_figures_of_the_gallery_are_small_and_none_is_left_over() -> None:
    files = list((ROOT / "docs" / IMAGES).iterdir())
    assert sum(file.stat().st_size for file in files) < 4_000_000
    assert {file.stem for file in files} == {one.name for one in situations()}


def test_the_figures_of_pools_are_in_the_row_of_a_run() -> None:
    row = flat_figures({"detection": {"missed": 1}, "pools": {"wan": {"detection": {"missed": 2}}}})
    assert (row["detection.missed"], row["pools.wan.detection.missed"]) == (1.0, 2.0)
