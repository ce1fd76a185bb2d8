"""Accepting: what is asked, what is written, what an interruption costs. Tiny runs of a real cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from serfsim.base.errors import BaselineError
from serfsim.study.regression import history
from serfsim.study.regression.acceptance import FIRST, Accepted, accept
from serfsim.study.regression.baseline import read_baseline
from tests.regression.made import TINY

FOLDER = Path("results/baseline")
HISTORY = Path("results/history.jsonl")
CHANGELOG = "# Changelog\n\n## 0.1.0\n\n### Results may differ\n\n- Nothing came before.\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    Path("CHANGELOG.md").write_text(CHANGELOG)
    assert accepted(scenarios=["tiny.yaml"], seeds="1-3").added == ("tiny",)
    return tmp_path


def nobody(names: Sequence[str]) -> str:
    raise AssertionError(f"asked about {names}")


def accepted(because: str = "", **options: object) -> Accepted:
    asked = (lambda names: because) if because else nobody
    return accept(FOLDER, asked, workers=1, quiet=True, **options)  # type: ignore[arg-type]


def another_digest() -> None:
    """What a change of the simulator does to a baseline: what it has is not what runs give."""
    text = (FOLDER / "tiny.csv").read_text().splitlines()
    text[1] = text[1].replace(text[1].split(",")[1], "0" * 64)
    (FOLDER / "tiny.csv").write_text("\n".join(text) + "\n")


def test_the_first_baseline_needs_no_reason_and_no_line_of_the_changelog(project: Path) -> None:
    lines, _ = history.read_history(HISTORY)
    assert [(line["kind"], line["because"], line["moved"]) for line in lines] == [("accepted", FIRST, False)]
    assert Path("CHANGELOG.md").read_text() == CHANGELOG
    kept = read_baseline(FOLDER).entries["tiny"]
    assert kept.source == "../../tiny.yaml"
    assert kept.runs.seeds == (1, 2, 3)
    assert len(set(kept.runs.digests)) == 3


def test_where_nothing_changed_nothing_is_written(project: Path) -> None:
    before = (FOLDER / "manifest.json").read_text(), HISTORY.read_text()
    assert accepted().is_nothing
    assert ((FOLDER / "manifest.json").read_text(), HISTORY.read_text()) == before


def test_other_runs_are_accepted_with_a_reason_that_the_changelog_tells(project: Path) -> None:
    another_digest()
    done = accepted("Probes ask two members")
    assert (done.moved, done.changelog) == (("tiny",), Path("CHANGELOG.md").absolute())
    assert Path("CHANGELOG.md").read_text().endswith("differ\n\n- Probes ask two members.\n")
    assert [line["because"] for line in history.read_history(HISTORY)[0]] == [FIRST, "Probes ask two members"]
    assert accepted().is_nothing


def test_an_interruption_after_the_baseline_is_made_up_for_by_the_next_call(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_digest()

    def interrupted(path: Path, line: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("serfsim.study.regression.acceptance.append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            accepted("Probes ask two members")
    assert accepted().is_nothing
    assert len(history.read_history(HISTORY)[0]) == 2
    assert Path("CHANGELOG.md").read_text().count("Probes ask two members") == 1


def test_an_edited_scenario_is_accepted_with_a_reason_but_changes_no_results(project: Path) -> None:
    Path("tiny.yaml").write_text(TINY.replace("duration: 10s", "duration: 12s"))
    done = accepted("A longer look")
    assert (done.edited, done.moved, done.line) == (("tiny",), (), "")
    assert Path("CHANGELOG.md").read_text() == CHANGELOG
    assert history.read_history(HISTORY)[0][-1]["because"] == "A longer look"


def test_more_seeds_and_other_claims_need_no_reason(project: Path) -> None:
    Path("tiny.yaml").write_text(TINY.replace("false_positives == 0", "missed == 0"))
    assert accepted(seeds="1-4").renewed == ("tiny",)
    kept = read_baseline(FOLDER).entries["tiny"]
    assert (kept.runs.seeds, kept.claims) == ((1, 2, 3, 4), ("detection.missed == 0",))


def test_a_scenario_is_added_and_the_others_stay(project: Path) -> None:
    Path("other.yaml").write_text(TINY.replace("name: tiny", "name: other"))
    assert accepted(scenarios=["other.yaml"], seeds="1-2").added == ("other",)
    assert list(read_baseline(FOLDER).entries) == ["other", "tiny"]
    assert accepted().is_nothing


def test_a_scenario_that_is_gone_is_dropped_when_all_are_accepted(project: Path) -> None:
    Path("other.yaml").write_text(TINY.replace("name: tiny", "name: other"))
    accepted(scenarios=["other.yaml"], seeds="1-2")
    Path("tiny.yaml").unlink()
    assert accepted().dropped == ("tiny",)
    assert list(read_baseline(FOLDER).entries) == ["other"]


def test_without_a_baseline_its_scenarios_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BaselineError, match="name its scenarios with --scenarios"):
        accepted()


def test_two_scenarios_of_one_name_are_refused(project: Path) -> None:
    Path("copy.yaml").write_text(TINY)
    with pytest.raises(BaselineError, match="a second scenario named tiny"):
        accepted(scenarios=["tiny.yaml", "copy.yaml"])


def test_a_baseline_says_of_what_it_was_made(project: Path) -> None:
    told = json.loads((FOLDER / "manifest.json").read_text())
    assert told["scenarios"]["tiny"]["seeds"] == "1-3"
    assert told["scenarios"]["tiny"]["code"].startswith("0.")


def test_wholly_other_seeds_need_a_reason_since_nothing_shows_that_runs_are_the_same(project: Path) -> None:
    assert accepted("Fresh seeds", seeds="11-13").moved == ("tiny",)


def test_a_changelog_that_cannot_be_read_leaves_the_line_to_be_pasted(project: Path) -> None:
    another_digest()
    Path("CHANGELOG.md").write_bytes(b"\xff\xfe")
    done = accepted("Probes ask two members")
    assert (done.line, done.changelog) == ("- Probes ask two members.", None)
