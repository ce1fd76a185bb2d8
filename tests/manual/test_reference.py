"""Every verb says of itself what the reference and the starter file show."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ruamel.yaml import YAML

import serfsim
from serfsim import Scenario
from serfsim.base.errors import ScenarioError
from serfsim.cli.starter import starter
from serfsim.manual.reference import verb_reference
from serfsim.scenario.controls import Controls
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS, OnNodes, Undo
from serfsim.scenario.loading import loads
from serfsim.scenario.selection import Nodes
from serfsim.scenario.workload import WORKLOAD

VERBS: dict[str, type[Entry]] = {**FAULTS, **WORKLOAD}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_summary_and_each_key_a_meaning_and_a_kind(verb: str) -> None:
    entry = verb_reference(VERBS[verb])
    assert entry.summary.endswith(".")
    assert [key.path for key in entry.keys if not key.meaning] == []
    assert [key.path for key in entry.keys if key.expects in ("", "any value")] == []
    assert entry.keys[0].path == verb


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_a_verb_runs_as_written_and_stands_in_the_starter_file(verb: str) -> None:
    example = verb_reference(VERBS[verb]).example
    given: dict[str, Any] = YAML(typ="safe").load(example)
    section = "faults" if verb in FAULTS else "workload"
    (entry,) = getattr(Scenario(**{section: [given]}), section)
    assert type(entry) is VERBS[verb]
    assert example in starter("mine")


def test_defaults_and_kinds_are_written_as_in_a_file() -> None:
    keys = {key.path: key for key in verb_reference(FAULTS["upgrade"]).keys}
    assert (keys["restart"].default, keys["apart"].default, keys["at"].default) == ("1s", "0s", "0s")
    assert keys["upgrade"].is_required
    assert keys["to"].expects == "a release of Serf such as '0.10.2'"
    inner = {key.path for key in verb_reference(FAULTS["slow"]).keys}
    assert {"slow", "slow.nodes", "slow.processing_delay"} <= inner


class Nap(OnNodes):
    """Pause the process at a time of our own."""

    verb: ClassVar = "nap"
    example: ClassVar = "{nap: [node-01], at: 5s, for: 2s}"

    nap: Nodes

    def describe(self) -> str:
        return "somebody naps"

    def begin(self, controls: Controls, prepared: list[int]) -> Undo:
        for node in prepared:
            controls.hosts[node].pause()

        def undo() -> None:
            for node in prepared:
                controls.resume(node)

        return undo

    def unhealthy(self, prepared: list[int]) -> list[int]:
        return prepared


def test_a_verb_of_the_users_own_is_read_checked_written_and_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAULTS, Nap.verb, Nap)
    given = {"nap": ["node-01"], "at": "5s", "for": "2s"}
    small: dict[str, Any] = {"cluster": {"nodes": 3, "start": {"converged": True}}, "duration": "20s"}
    scenario = Scenario(**small, faults=[given])
    assert loads(scenario.to_yaml()).faults == scenario.faults
    assert "<td>somebody naps</td>" in scenario._repr_html_()
    with pytest.raises(ScenarioError, match=r"faults\[0\]\.nap\[0\]: found 'node-09'"):
        Scenario(**small, faults=[{"nap": ["node-09"]}])
    spans = serfsim.run(scenario).truth.faulted_spans
    assert list(zip(spans.node.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True)) == [
        (1, 5.0, 7.0)
    ]
