"""Finished runs are found again, each by its own key, and damaged ones are not believed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from serfsim.base.errors import SweepError
from serfsim.scenario import Scenario
from serfsim.study.sweeps import Job, Outcome, Store, keys, run_all
from serfsim.study.sweeps.keys import run_key, scenario_text


@pytest.fixture
def outcome(tiny: Scenario) -> Outcome:
    return run_all([Job(tiny, 5, {"cluster.nodes": 4})], workers=1)[0]


def part_of(store: Store, outcome: Outcome) -> Path:
    return store.parts / f"{outcome.run}.json"


def test_what_was_kept_is_found_with_all_that_it_was(tmp_path: Path, outcome: Outcome) -> None:
    Store(tmp_path).keep(outcome)
    found = Store(tmp_path).find(outcome.job, outcome.run)
    assert repr(found) == repr(replace(outcome, found=True))  # NaN is not equal to itself


def test_a_failed_run_is_kept_with_its_error_and_not_found(tmp_path: Path, outcome: Outcome) -> None:
    store = Store(tmp_path)
    store.keep(Outcome(outcome.job, outcome.run, "failed", "its worker died"))
    assert json.loads(part_of(store, outcome).read_text())["error"] == "its worker died"
    assert store.find(outcome.job, outcome.run) is None
    assert store.damaged == []


def test_a_damaged_part_is_noticed_and_not_believed(tmp_path: Path, outcome: Outcome) -> None:
    store = Store(tmp_path)
    store.keep(outcome)
    part = part_of(store, outcome)
    whole = part.read_bytes()
    others = json.dumps({**json.loads(whole), "run": "0" * 32}).encode()
    damaged = [
        b"",
        whole[:100],
        whole[:-40],
        b"[]",
        b"\xff\xfe",
        others,
        whole.replace(b'"seed": 5', b'"seed": 6'),
    ]
    for number, content in enumerate(damaged, 1):
        assert content != whole
        part.write_bytes(content)
        assert store.find(outcome.job, outcome.run) is None
        assert store.damaged == [part] * number
    part.write_bytes(whole)
    assert store.find(outcome.job, outcome.run) is not None


def test_what_a_killed_process_left_half_written_is_swept_away(tmp_path: Path, outcome: Outcome) -> None:
    store = Store(tmp_path)
    for left in (store.parts / f".{outcome.run}.json.123.partial", tmp_path / ".runs.csv.123.partial"):
        left.write_text("{", encoding="utf-8")
    assert Store(tmp_path).find(outcome.job, outcome.run) is None
    assert list(tmp_path.rglob("*")) == [store.parts]


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SweepError, match=r"parts: cannot be written: "):
        Store(tmp_path / "file")


def test_keys_differ_by_scenario_seed_parameters_and_code(
    tiny: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = scenario_text(tiny)
    keys_of = [
        run_key(text, 1, {}),
        run_key(text, 2, {}),
        run_key(text, 1, {"cluster.nodes": 4}),
        run_key(scenario_text(tiny.with_settings({"cluster.nodes": 5})), 1, {}),
    ]
    monkeypatch.setattr(keys, "code_version", lambda: "0.0.9+other")
    keys_of.append(run_key(text, 1, {}))
    assert len(set(keys_of)) == 5
    assert all(len(key) == 32 for key in keys_of)


def test_the_scenarios_own_seed_does_not_matter(tiny: Scenario) -> None:
    assert scenario_text(tiny) == scenario_text(tiny.with_settings({"seed": 77}))


def test_a_key_knows_the_content_of_a_file_and_not_its_place(tiny: Scenario, tmp_path: Path) -> None:
    def key_of(file: Path, content: str) -> str:
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
        keys._with_content.cache_clear()
        topology = {"model": "matrix", "file": str(file)}
        return run_key(scenario_text(tiny.with_settings({"network.topology": topology})), 1, {})

    first = key_of(tmp_path / "a" / "rtt.csv", "0,1\n1,0\n")
    assert first == key_of(tmp_path / "b" / "rtt.csv", "0,1\n1,0\n")
    assert first != key_of(tmp_path / "a" / "rtt.csv", "0,2\n1,0\n")


def test_code_that_no_figure_comes_from_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version() -> str:
        keys.code_version.cache_clear()
        return keys.code_version()

    for name in ("protocol/core.py", "cli/app.py", "study/sweeps/grid.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("a = 1\n", encoding="utf-8")
    monkeypatch.setattr(keys, "_PACKAGE", tmp_path)
    try:
        before = version()
        (tmp_path / "cli/app.py").write_text("a = 2\n", encoding="utf-8")
        (tmp_path / "study/sweeps/grid.py").write_text("a = 2\n", encoding="utf-8")
        (tmp_path / "protocol/core.py").write_bytes(b"a = 1\r\n")
        assert version() == before
        (tmp_path / "protocol/core.py").write_text("a = 2\n", encoding="utf-8")
        assert version() != before
    finally:
        keys.code_version.cache_clear()
