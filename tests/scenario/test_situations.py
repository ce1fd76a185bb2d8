"""The library of situations: its files, and the `situation` of a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.manual.difference import differences
from serfsim.report.plots import FIGURES
from serfsim.scenario.library import KINDS, find, folder, kind_of, of_kind, shipped
from serfsim.scenario.loading import load, loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.situation import Plot
from serfsim.study.sweeps.grid import scenarios
from serfsim.study.sweeps.keys import scenario_text

GIVEN: dict[str, Any] = {
    "threads": ["hashicorp/serf#283"],
    "answer": "Never. The TCP fallback saves it.",
    "figure": "health",
    "study": {
        "grid": {"cluster.config.suspicion_mult": [2, 4]},
        "figures": ["detection.flaps"],
        "claims": [{"at": {"cluster.config.suspicion_mult": 2}, "claim": "detection.flaps == 0"}],
    },
}


def with_changes(**changes: Any) -> Scenario:
    return Scenario(situation={**GIVEN, **changes})


def with_study(**changes: Any) -> Scenario:
    return with_changes(study={**GIVEN["study"], **changes})


def test_every_kind_is_a_folder_of_the_library_and_every_file_lies_in_one() -> None:
    place = folder()
    assert place is not None
    assert {one.name for one in place.iterdir() if one.is_dir()} <= set(KINDS)
    assert [file.name for file in place.glob("*.yaml")] == ["udp_blocked.yaml"]
    assert len(shipped()) == len(list(place.rglob("*.yaml")))  # no name occurs twice
    assert [kind_of(name) for name in ("udp_blocked", "crash", "nothing")] == ["udp", "storms_and_scale", ""]
    assert of_kind("nothing") == []


def test_a_file_of_the_library_is_found_by_its_name_and_by_its_path_of_old(tmp_path: Path) -> None:
    place = folder()
    assert place is not None
    new = place / "storms_and_scale" / "crash.yaml"
    for written in ("crash", "crash.yaml", place / "crash.yaml", str(new)):
        assert find(written) == new
        assert serfsim.load(written).name == "crash"
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "mine.yaml").write_text("{}")
        (tmp_path / kind / f"{kind}[1].yaml").write_text("{}")
    assert find(tmp_path / "mine.yaml") == tmp_path / "mine.yaml"  # which of the two?
    assert find(tmp_path / "a[1].yaml") == tmp_path / "a" / "a[1].yaml"
    assert find(tmp_path / "*.yaml") == tmp_path / "*.yaml"
    with pytest.raises(ScenarioError, match="no such file"):
        load(tmp_path / "mine.yaml")


@pytest.mark.parametrize("name", shipped())
def test_every_point_of_a_study_and_the_reduced_size_can_run(name: str) -> None:
    scenario = load(name)
    if scenario.situation is None:
        return
    small = scenario.with_settings(scenario.situation.small.set)
    for one in (scenario, small):
        assert one.situation is not None
        grid = one.situation.study.grid if one.situation.study else {}
        assert scenarios(one, grid)


def test_a_situation_names_the_plots_of_a_run() -> None:
    assert set(Plot.__args__) == set(FIGURES)


def test_a_situation_reads_back_equal_and_has_no_effect() -> None:
    scenario = with_changes(small={"set": {"cluster.nodes": 5}, "seeds": 2})
    assert loads(scenario.to_yaml()) == scenario
    plain = Scenario()
    assert list(differences(scenario, plain)) == []
    assert scenario_text(scenario) == scenario_text(plain)
    assert to_jsonable_python(scenario.given()["situation"]["study"]) == GIVEN["study"]


MISTAKES: dict[str, dict[str, Any]] = {
    "threads[0]: found 'serf#283'; expected a thread such as hashicorp/serf#283": {"threads": ["serf#283"]},
    "threads[0]: found 'a/b#0'; expected a thread": {"threads": ["a/b#0"]},
    "threads: found an empty list; expected at least one": {"threads": []},
    "answer: found 3 sentences; expected one or two": {"answer": "One. Two. Three."},
    "answer: found 0 sentences": {"answer": "no end"},
    "holds: found '120%'": {"holds": "120%"},
    "figure: found 'helth'": {"figure": "helth"},
    "situation: found neither": {"figure": None, "study": None},
    "small.seeds: found 0": {"small": {"seeds": 0}},
    "small.set: found '[x'; expected a path": {"small": {"set": {"[x": 1}}},
}
OF_STUDIES: dict[str, dict[str, Any]] = {
    "grid.seed: found 'seed'; expected a path of what a run is made from": {"grid": {"seed": [1]}},
    "grid.cluster.nodes: found an empty list; expected a list of values": {"grid": {"cluster.nodes": []}},
    "grid.cluster.nodes: found a list of 2; expected each value once": {"grid": {"cluster.nodes": [1, 1]}},
    "figures[0]: found 'detection.flop'": {"figures": ["detection.flop"]},
    "figures: found an empty list; expected at least one": {"figures": []},
    "claims[0].at: found 'cluster.nodes'; expected a path of the grid": {
        "claims": [{"at": {"cluster.nodes": 2}, "claim": "detection.flaps == 0"}]
    },
    "at.cluster.config.suspicion_mult: found 3; expected one of its values: 2, 4": {
        "claims": [{"at": {"cluster.config.suspicion_mult": 3}, "claim": "detection.flaps == 0"}]
    },
    "claims[0].claim: found 'x'; expected a claim": {"claims": [{"claim": "x"}]},
    "study: found both; expected one of `minimize` and `maximize`": {
        "minimize": "detection.flaps",
        "maximize": "detection.flaps",
    },
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_in_a_situation_has_one_clear_line(message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_changes(**MISTAKES[message])
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("message", OF_STUDIES)
def test_a_mistake_in_a_study_has_one_clear_line(message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_study(**OF_STUDIES[message])
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
