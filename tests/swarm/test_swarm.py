"""The swarm: what fails is shrunk and listed, what is finished is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim.base.errors import SweepError
from serfsim.cli.app import app
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.study.swarm import examining, findings, interpreted, swarming
from serfsim.study.swarm.coverage import missing
from serfsim.study.swarm.drawing import SMALL, Sections, draw
from serfsim.study.swarm.findings import Examined, Finding
from serfsim.study.swarm.shrinking import LONGEST_LINES, file_text, shrink


@pytest.fixture(autouse=True)
def nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No seed runs again interpreted, which takes a process of its own each."""
    monkeypatch.setattr(swarming, "FEWEST_AGAIN", 0)


def breaks_where_somebody_crashes(sections: Sections) -> bool:
    """A rule that every valid scenario with a crash breaks."""
    try:
        scenario = Scenario(**sections)
    except serfsim.SerfsimError:
        return False
    return any(fault.verb == "crash" for fault in scenario.faults)


def seed_with_a_crash() -> Sections:
    drawn = (draw(seed, SMALL) for seed in range(1, 200))
    return next(found for found in drawn if breaks_where_somebody_crashes(found))


def test_what_fails_is_shrunk_to_what_the_rule_needs() -> None:
    sections = seed_with_a_crash()
    small = shrink(sections, breaks_where_somebody_crashes, 2000)
    assert len(small.sections["faults"]) == 1
    assert small.sections["faults"][0].keys() == {"crash", "at"} or "at" not in small.sections["faults"][0]
    assert "workload" not in small.sections
    assert small.sections["cluster"] == {"nodes": 2}


def test_tries_are_bounded() -> None:
    some = shrink(seed_with_a_crash(), breaks_where_somebody_crashes, 7)
    assert some.tries == 7
    assert shrink(seed_with_a_crash(), breaks_where_somebody_crashes, 7) == some


def test_a_shrunk_file_has_ten_lines_at_most_and_the_seed(tmp_path: Path) -> None:
    sections = draw(3)
    file = tmp_path / "small.yaml"
    file.write_text(file_text({k: v for k, v in sections.items() if k != "name"}, "a rule"), encoding="utf-8")
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_LINES
    assert load(str(file)).seed == 3


@pytest.fixture
def crashes_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scenario with a crash breaks a rule."""

    def examine(sections: Sections, budget_s: float = 0.0) -> Examined:
        seen = findings.examine(sections)
        broken = (
            (Finding("nobody crashes", "somebody did"),) if breaks_where_somebody_crashes(sections) else ()
        )
        return seen._replace(findings=(*seen.findings, *broken))

    monkeypatch.setattr(examining, "examine", examine)


@pytest.mark.usefixtures("crashes_fail")
def test_a_failing_seed_exits_with_1_and_names_its_file(tmp_path: Path) -> None:
    out = tmp_path / "swarm"
    arguments = ["swarm", "--seeds", "1-14", "--small", "--out", str(out), "--workers", "1"]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 1
    files = sorted((out / "failures").glob("*.yaml"))
    assert files
    for file in files:
        assert str(file) in ended.output
        assert "crash" in file.read_text(encoding="utf-8")


def test_seeds_that_pass_exit_with_0_and_are_not_run_again(tmp_path: Path) -> None:
    out = tmp_path / "swarm"
    arguments = ["swarm", "--seeds", "1-6", "--small", "--out", str(out), "--workers", "1", "--quiet"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert {"seeds.csv", "coverage.csv", "swarm.html"} <= {file.name for file in out.iterdir()}
    parts = {file: file.stat().st_mtime_ns for file in (out / "parts").iterdir()}
    coverage = (out / "coverage.csv").read_text(encoding="utf-8")
    arguments[2] = "1-7"
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert {file: file.stat().st_mtime_ns for file in parts} == parts
    assert len(list((out / "parts").iterdir())) == 7
    assert (out / "coverage.csv").read_text(encoding="utf-8") != coverage


def test_a_damaged_verdict_is_made_again(tmp_path: Path) -> None:
    serfsim.swarm([1], out=tmp_path, profile="small", workers=1, progress=False)
    (part,) = (tmp_path / "parts").iterdir()
    whole = part.read_text(encoding="utf-8")
    part.write_text(whole.replace('"nodes"', '"Nodes"'), encoding="utf-8")
    again = serfsim.swarm([1], out=tmp_path, profile="small", workers=1, progress=False)
    assert not again.seeds[0].found
    assert json.loads(part.read_text(encoding="utf-8"))["digest"] == json.loads(whole)["digest"]


def test_time_that_is_over_leaves_the_other_seeds() -> None:
    ended = serfsim.swarm(range(1, 200), minutes=1e-3, profile="small", workers=1, progress=False)
    assert 0 < len(ended.seeds) < 199
    assert ended.left == 199 - len(ended.seeds)


def test_a_seed_gives_one_verdict_in_this_process_and_in_others() -> None:
    alone = serfsim.swarm([4, 5], profile="small", workers=1, progress=False)
    others = serfsim.swarm([4, 5], profile="small", workers=2, progress=False)
    assert [one.digest for one in alone.seeds] == [one.digest for one in others.seeds]
    assert alone.coverage.equals(others.coverage)


def test_the_interpreted_form_counts_the_networks_rows_and_has_the_same_digest() -> None:
    answer = examining.carry_out("small", 4, examining.swarm_version())
    again = interpreted.with_interpreted(answer, interpreted.examine_interpreted("small", 4))
    assert again["findings"] == answer["findings"]
    assert any(row.startswith("network/tcp: ") for row in again["coverage"]["row"])
    other = interpreted.with_interpreted(answer, {"digest": "0123"})
    assert [found[0] for found in other["findings"]] == [findings.FORMS]


def test_a_verb_never_drawn_is_missing_in_the_table() -> None:
    table = serfsim.swarm([1], profile="small", workers=1, progress=False).coverage
    never = {one.name for one in missing(table) if one.kind == "fault"}
    assert never
    assert not never & set(table[table["count"] > 0]["name"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"profile": "tiny"}, "profile"),
        ({"minutes": -1.0}, "minutes"),
        ({"workers": 0}, "workers"),
        ({"seeds": []}, "seeds"),
    ],
)
def test_mistakes_are_told_before_anything_runs(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SweepError, match=words):
        serfsim.swarm(**given)


def test_exceptions_invalid_scenarios_and_endless_runs_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings.examine({"cluster": {"nodes": -1}}).rules == {findings.INVALID}
    sections: Sections = {"cluster": {"nodes": 3}, "duration": "30s"}
    assert findings.examine(sections, budget_s=-1.0).rules == {findings.ENDLESS}

    def fail(*arguments: Any) -> None:
        raise ValueError("of our own")

    monkeypatch.setattr("serfsim.simulation.Simulation.run", fail)
    (rule,) = findings.examine(sections).rules
    assert "ValueError" in rule


def test_the_folder_of_a_sweep_is_refused(tmp_path: Path) -> None:
    made = Scenario(cluster={"nodes": 2}, duration="1s", warm_up="1s")
    serfsim.sweep(made, {}, seeds=[1], out=tmp_path / "sweep", workers=1, progress=False)
    answer = CliRunner().invoke(app, ["swarm", "--seeds", "1", "--small", "--out", str(tmp_path / "sweep")])
    assert answer.exit_code == 2
    assert answer.stderr.count("\n") == 1
    assert "expected a new or empty folder, or a swarm's" in answer.stderr
    assert not (tmp_path / "sweep" / "failures").exists()
