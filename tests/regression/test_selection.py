"""Which scenarios run, and whether they are still those of the baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim.base.errors import BaselineError, ScenarioError
from serfsim.scenario.library import shipped
from serfsim.scenario.settings import Settings
from serfsim.study.regression.baseline import Baseline
from serfsim.study.regression.selection import (
    comparable_fields,
    differing,
    load_scenarios,
    locate_source,
    select_entries,
    source_of,
)
from tests.regression.made import TINY, baseline, entry, runs, scenario


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Baseline:
    monkeypatch.chdir(tmp_path)
    Path("results/baseline").mkdir(parents=True)
    Path("tiny.yaml").write_text(TINY)
    made = runs({"detection.missed": [0.0]})
    crash = entry(made, scenario(name="crash"), "crash")
    return baseline(entry(made, source="../../tiny.yaml"), crash, folder=Path("results/baseline"))


def test_scenarios_are_chosen_by_name_or_by_file(kept: Baseline) -> None:
    assert [one.name for one in select_entries(kept, [])] == ["tiny", "crash"]
    assert [one.name for one in select_entries(kept, ["crash"])] == ["crash"]
    assert [one.name for one in select_entries(kept, ["tiny.yaml"])] == ["tiny"]


def test_an_unknown_name_is_told_with_the_nearest(kept: Baseline) -> None:
    with pytest.raises(BaselineError, match=r"found 'crush'; expected .*; did you mean crash\?"):
        select_entries(kept, ["crush"])


def test_a_source_is_a_shipped_name_or_a_path_from_the_baseline(kept: Baseline) -> None:
    assert source_of(kept.folder, "tiny.yaml") == "../../tiny.yaml"
    assert locate_source(kept.folder, "../../tiny.yaml") == "tiny.yaml"
    assert source_of(kept.folder, "crash") == "crash"
    assert source_of(kept.folder, str(shipped()["crash"])) == "crash"
    assert locate_source(kept.folder, "crash") == "crash"


def test_a_scenario_that_is_as_it_was_is_loaded_with_settings(kept: Baseline) -> None:
    found = load_scenarios(kept.folder, select_entries(kept, ["tiny"]), ["cluster.config.suspicion_mult=3"])
    assert found["tiny"].cluster.config.suspicion_mult == 3


def test_a_setting_that_cannot_be_is_refused(kept: Baseline) -> None:
    with pytest.raises(ScenarioError, match="suspicion_mult"):
        load_scenarios(kept.folder, select_entries(kept, ["tiny"]), ["cluster.config.suspicion_molt=3"])


def test_a_scenario_that_changed_itself_is_told_and_how_to_go_on(kept: Baseline) -> None:
    Path("tiny.yaml").write_text(TINY.replace("duration: 10s", "duration: 20s"))
    with pytest.raises(BaselineError) as refused:
        load_scenarios(kept.folder, select_entries(kept, ["tiny"]))
    message = str(refused.value)
    assert "tiny: the scenario itself changed: duration: 10s then, 20s now" in message
    assert "serfsim regress --accept" in message


def test_a_scenario_that_is_gone_is_told(kept: Baseline) -> None:
    Path("tiny.yaml").unlink()
    with pytest.raises(BaselineError, match=r"tiny: its scenario tiny\.yaml is gone"):
        load_scenarios(kept.folder, select_entries(kept, ["tiny"]))


def test_other_words_and_other_claims_leave_a_scenario_what_it_is(kept: Baseline) -> None:
    text = TINY.replace("Is it small?", "Is it still?").replace("false_positives == 0", "missed == 0")
    Path("tiny.yaml").write_text(f"# A comment.\nseed: 5\n{text}")
    assert list(load_scenarios(kept.folder, select_entries(kept, ["tiny"]))) == ["tiny"]


def test_another_default_in_the_code_leaves_a_scenario_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before, complete = comparable_fields(scenario()), scenario().to_yaml()
    monkeypatch.setattr(Settings.model_fields["retransmit_mult"], "default", 2)
    assert comparable_fields(scenario()) == before
    assert scenario().to_yaml() != complete


def test_a_file_of_latencies_counts_by_its_content(tmp_path: Path) -> None:
    text = "cluster: {nodes: 2}\nnetwork: {topology: {model: matrix, file: m.csv, unit: ms, kind: rtt}}\n"
    found = []
    for place, latency in (("a", 10), ("b", 10), ("c", 11)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "m.csv").write_text(f"0,{latency}\n{latency},0\n")
        (tmp_path / place / "s.yaml").write_text(text)
        from serfsim.scenario.loading import load

        found.append(comparable_fields(load(tmp_path / place / "s.yaml")))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_differences_are_told_by_path_in_the_order_of_the_file() -> None:
    then = {"duration": "2m", "faults": [{"crash": ["a"], "at": "1s"}]}
    now = {"duration": "3m", "faults": [{"crash": ["a", "b"], "at": "1s"}]}
    assert differing(then, now) == [
        "duration: 2m then, 3m now",
        "faults[0].crash[1]: not given then, b now",
    ]
