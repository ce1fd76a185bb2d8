"""Every verb says of itself what the reference and the starter file show."""

from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from serfsim import Scenario
from serfsim.cli.starter import starter
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.reference import verb_reference
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
    assert keys["to"].is_required
    assert keys["to"].expects == "0.6, 0.7, 0.8, 0.8.1, 0.8.2, 0.9 or latest"
    inner = {key.path for key in verb_reference(FAULTS["slow"]).keys}
    assert {"slow", "slow.nodes", "slow.processing_delay"} <= inner
