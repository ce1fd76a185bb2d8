"""The smallest seed that shows a change, JUnit reports, and another checkout as the base."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app
from serfsim.study.regression.comparison import Comparison, compare
from serfsim.study.regression.describe import mean_differences
from serfsim.study.regression.failing import run_command, smallest_failing
from serfsim.study.regression.junit import junit
from serfsim.study.regression.markdown import markdown
from serfsim.study.regression.runs import CLAIMS_FAILED, Failure
from tests.regression.made import TINY, baseline, entry, normal, runs, scenario

FIRST = "detection.first_s.mean"
SLOWER = TINY.replace("nodes: 5", "nodes: 5, config: {probe_interval: 4s}")


def compared(then: dict[str, list[float]], now: dict[str, list[float]], **more: Any) -> Comparison:
    what = scenario()
    kept = baseline(entry(runs(then), what))
    return compare(kept, {"tiny": what}, {"tiny": runs(now, same="new ")}, **more)


def test_the_smallest_seed_is_the_first_beyond_all_runs_before() -> None:
    now = [5.0, 5.5, 9.5, 12.0, *normal(26, 15, 2)]
    found = compared({FIRST: normal(30, 5, 1)}, {FIRST: now})
    (one,) = smallest_failing(found)
    assert (one.scenario, one.seed) == ("tiny", 3)
    assert "9.5 s" in one.why


def test_claims_that_fail_come_first() -> None:
    then = {FIRST: normal(30, 5, 1), CLAIMS_FAILED: [0.0] * 30}
    now = {FIRST: normal(30, 15, 2), CLAIMS_FAILED: [0.0] * 4 + [1.0] * 26}
    (one,) = smallest_failing(compared(then, now))
    assert one.seed == 5
    assert "claims that failed" in one.why


def test_within_the_range_before_it_is_the_first_seed_that_moved_the_same_way() -> None:
    then = [0.0] * 29 + [100.0]
    now = [0.0, 0.0, 0.0, 1.0, *([2.0] * 26)]
    (one,) = smallest_failing(compared({FIRST: then}, {FIRST: now}))
    assert one.seed == 4


def test_a_run_that_came_to_no_end_is_the_smallest_of_its_scenario() -> None:
    failures = [Failure("tiny", 9, "x"), Failure("tiny", 4, "ValueError: y")]
    (one,) = smallest_failing(
        compared({FIRST: normal(30, 5, 1)}, {FIRST: normal(30, 15, 2)}, failures=failures)
    )
    assert (one.seed, "ValueError: y" in one.why) == (4, True)


def test_nothing_changed_has_no_smallest_seed() -> None:
    assert smallest_failing(compared({FIRST: normal(30, 5, 1)}, {FIRST: normal(30, 5, 2)})) == []


def test_the_command_of_a_run_can_be_pasted() -> None:
    command = run_command("my scenarios/a.yaml", 3, ["cluster.config={suspicion_mult: 3}"])
    assert command == "serfsim run 'my scenarios/a.yaml' --seed 3 --set 'cluster.config={suspicion_mult: 3}'"


def test_the_page_has_the_seed_its_command_the_interval_and_the_plot() -> None:
    found = compared({FIRST: normal(30, 5, 1)}, {FIRST: normal(30, 15, 2)})
    text = markdown(
        found, baseline="b", command="", sources={"tiny": "t.yaml"}, plots_url="https://example.org/p/"
    )
    assert "`serfsim run t.yaml --seed 1`" in text
    assert "(https://example.org/p/tiny.png)" in text
    assert "--accept" not in text
    interval = mean_differences(found)["tiny", FIRST]
    assert interval in text
    low, high = (float(part) for part in interval[interval.index("[") + 1 : interval.index("]")].split(","))
    assert low < 10 < high
    assert high - low < 3


def test_intervals_leave_out_runs_without_a_value() -> None:
    now = [*normal(20, 15, 2), *[np.inf] * 10]
    found = compared({FIRST: normal(30, 5, 1)}, {FIRST: now})
    assert mean_differences(found)["tiny", FIRST].startswith("+")


@pytest.mark.parametrize(("counts", "failures"), [(True, 1), (False, 0)])
def test_a_junit_report_has_a_case_for_each_figure(counts: bool, failures: int) -> None:
    then = {FIRST: normal(30, 5, 1), "detection.flaps": normal(30, 5, 3)}
    now = {FIRST: normal(30, 15, 2), "detection.flaps": normal(30, 5, 4)}
    found = compared(then, now, failures=[Failure("tiny", 4, "a < b \x1b[0m")])
    root = ET.fromstring(junit(found, lambda test: counts).encode())
    (suite,) = root
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors")} == {
        "name": "tiny",
        "tests": "4",
        "failures": str(failures),
        "errors": "1",
    }
    assert {case.get("name") for case in suite} == {"digests", FIRST, "detection.flaps", "seed 4"}
    assert root.get("errors") == "1"
    changed = next(case for case in suite if case.get("name") == FIRST)
    assert "The smallest seed" in "".join(changed.itertext())


def test_other_digests_fail_only_where_they_must_be_the_same() -> None:
    found = compared({FIRST: normal(30, 5, 1)}, {FIRST: normal(30, 5, 2)})
    for exact in (False, True):
        root = ET.fromstring(junit(found, lambda test: True, exact=exact).encode())
        assert root.get("failures") == ("1" if exact else "0")


@pytest.fixture
def checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This folder and `base`, with one scenario that both have."""
    (tmp_path / "here").mkdir()
    (tmp_path / "base").mkdir()
    for folder in ("here", "base"):
        (tmp_path / folder / "tiny.yaml").write_text(TINY)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def regress(*words: str) -> Any:
    given = ("regress", "--workers", "1", "--seeds", "1-8", "--base", "../base", "--quiet", *words)
    return CliRunner().invoke(app, given)


def test_files_that_say_the_same_are_identical_whatever_they_are_called(checkouts: Path) -> None:
    (checkouts / "here" / "tiny.yaml").write_text(f"# Edited.\n{TINY.replace('name: tiny', 'name: other')}")
    done = regress("--scenarios", "tiny.yaml")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Identical: all 8 runs of 1 scenario have the digests of the base.")


@pytest.mark.slow
def test_a_setting_that_differs_is_compared_and_fails_on_what_was_asked(checkouts: Path) -> None:
    (checkouts / "here" / "tiny.yaml").write_text(SLOWER)
    done = regress("--scenarios", "tiny.yaml", "--markdown", "-", "--junit", "j.xml")
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("**serfsim regress: Changed: ")
    assert "cluster.config.probe_interval: 1s then, 4s now (tiny)" in done.stdout
    assert "--accept" not in done.stdout
    assert int(ET.parse("j.xml").getroot().get("failures", "0")) > 0
    assert [plot.name for plot in Path("results/regress/plots").iterdir()] == ["tiny.png"]
    assert regress("--scenarios", "tiny.yaml", "--fail-on", "nothing").exit_code == 0


def test_set_changes_this_side_alone(checkouts: Path) -> None:
    done = regress(
        "--scenarios", "tiny.yaml", "--set", "cluster.config.probe_interval=4s", "--markdown", "p.md"
    )
    assert done.exit_code == 1, done.output
    assert "--set cluster.config.probe_interval=4s" in Path("p.md").read_text()


MISTAKES = {
    "--base: found no scenarios": (),
    "expected the folder of another checkout": ("--scenarios", "tiny.yaml", "--base", "../nothing"),
    "--base: found --record too": ("--scenarios", "tiny.yaml", "--record"),
    "--base: found --baseline too": ("--scenarios", "tiny.yaml", "--baseline", "b"),
    "--accept: found --base": ("--accept", "--scenarios", "tiny.yaml"),
    "expected a file below the current folder": ("--scenarios", "../base/tiny.yaml"),
    "found a second scenario named tiny": ("--scenarios", "tiny.yaml,again.yaml"),
    "no such file": ("--scenarios", "nothing.yaml"),
    "j/j.xml: cannot be written": ("--scenarios", "tiny.yaml", "--junit", "j/j.xml"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_one_message_and_exit_2(checkouts: Path, message: str) -> None:
    shutil.copy("tiny.yaml", "again.yaml")
    done = regress(*MISTAKES[message])
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
