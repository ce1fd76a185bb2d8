"""A scenario that names code of the user's own: when it is imported, and each mistake in one message."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.base.errors import ScenarioError, SerfsimError, SerfsimWarning
from serfsim.scenario.loading import loads
from serfsim.study.tuning.goals import read_constraint


def test_a_file_with_code_is_refused_without_permission_and_nothing_is_imported(file: Path) -> None:
    (file.parent / "mine.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        serfsim.load(file)
    for word in ("own.yaml:6: code", "mine:Patient, mine:Nap, mine:gap_s", "--allow-code", "allow_code=True"):
        assert word in str(refused.value)


def test_code_that_only_a_setting_names_is_refused_too() -> None:
    with pytest.raises(ScenarioError, match=r"--set code\.parts.*code of its own \(os:Path\).*--allow-code"):
        serfsim.load("crash", ["code.parts.suspicion=os:Path"])


def test_a_run_has_the_part_the_fault_and_the_figures_and_says_whose_they_are(file: Path) -> None:
    scenario = serfsim.load(file, allow_code=True)
    plain = serfsim.run(scenario.with_settings({"code.parts.suspicion": None}))
    found = serfsim.run(scenario)
    assert found.summary["digest"] != plain.summary["digest"]
    versions = found.summary["versions"]
    assert versions["parts"] == {"suspicion": "mine.Patient"}
    assert versions["faults"] == {"nap": "mine.Nap"}
    assert versions["figures"] == {"own.gap_s": "mine:gap_s", "own.higher.members": "mine:members"}
    assert set(versions["sources"]) == {"mine:Patient", "mine:Nap", "mine:gap_s", "mine:members"}
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in versions["sources"].values())
    failed = found.member_events.query("kind == 'failed'").t_s
    assert found.summary["own"] == {"gap_s": failed.max() - failed.min(), "higher.members": 5.0}
    assert [claim["holds"] for claim in found.summary["claims"]] == [True, True]
    spans = found.truth.faulted_spans
    assert (1, 2.0, 3.0) in list(
        zip(spans.node.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True)
    )
    assert not {"mine", "helper", "late"} & set(sys.modules)
    assert str(file.parent) not in sys.path


def test_a_node_class_of_ones_own_makes_the_members(file: Path) -> None:
    scenario = serfsim.load(
        file, ["code={node_class: 'mine:Node'}", "claims=[]", "faults=[]"], allow_code=True
    )
    sim = serfsim.Simulation(scenario)
    sim.run()
    assert {type(node).__name__ for node in sim.nodes} == {"Node"}


def test_what_was_kept_of_a_run_is_read_without_importing_it_and_runs_again(
    file: Path, tmp_path: Path
) -> None:
    first = serfsim.run(serfsim.load(file, allow_code=True))
    kept = tmp_path / "results" / "own"
    first.save(kept)
    assert loads((kept / "scenario.yaml").read_text(), folder=kept, allow_code=True) == first.scenario
    again = serfsim.load(kept / "scenario.yaml", allow_code=True)
    assert serfsim.run(again).summary["digest"] == first.summary["digest"]
    (file.parent / "mine.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    opened = serfsim.open_result(kept)
    looked_at = opened.scenario.read()
    assert looked_at is not None
    assert looked_at.complete() == first.scenario.complete() | {
        "code": looked_at.complete()["code"]  # whose folder is named from that of the result
    }
    assert "own.gap_s" in opened._repr_html_() or opened.summary["own"]
    assert serfsim.compare(opened, first).identical
    for refused in (lambda: serfsim.run(looked_at), lambda: serfsim.sweep(looked_at, seeds=[1])):
        with pytest.raises(SerfsimError, match=r"not imported \(mine:Patient.*--allow-code"):
            refused()


MISTAKES: dict[str, tuple[str, list[str]]] = {
    "a misspelt part": (
        "parts: {suspicon: 'mine:Patient'}",
        ["code.parts.suspicon", "did you mean suspicion?"],
    ),
    "a misspelt class": (
        "parts: {suspicion: 'mine:Patent'}",
        ["code.parts.suspicion", "no 'Patent' in that module", "did you mean Patient?"],
    ),
    "a misspelt module": (
        "parts: {suspicion: 'mein:Patient'}",
        ["code.parts.suspicion", "no module 'mein'", "mein.py beside the scenario"],
    ),
    "no path": ("parts: {suspicion: Patient}", ["found 'Patient'", "module:Name"]),
    "a part that replaces nothing": (
        "parts: {suspicion: 'mine:Nap'}",
        ["Nap without remaining(suspicion, now)", "SuspicionRule"],
    ),
    "a node that is none": (
        "node_class: mine:Patient",
        ["code.node_class", "a subclass of serfsim.SerfNode"],
    ),
    "a fault that is none": ("faults: ['mine:Patient']", ["code.faults[0]", "a subclass of", "Fault"]),
    "a fault twice": (
        "faults: ['mine:Nap', 'mine:Nap']",
        ["code.faults[1]", "'nap' of mine:Nap", "there already"],
    ),
    "a figure that is a class": ("figures: ['mine:Patient']", ["code.figures[0]", "a function of a result"]),
    "a figure of two arguments": (
        "figures: ['mine:careless']",
        ["careless(result, more)", "of a result alone"],
    ),
    "a figure twice": ("figures: ['mine:gap_s', 'mine:gap_s']", ["own.gap_s twice", "each name once"]),
    "an unknown key": ("part: {}", ["code.part", "did you mean parts?"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_section_is_one_message_with_its_line(file: Path, mistake: str) -> None:
    section, words = MISTAKES[mistake]
    file.write_text(f"name: wrong\ncode:\n  {section}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        serfsim.load(file, allow_code=True)
    assert str(refused.value).startswith(f"{file}:3: code")
    assert "\n" not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import helper\nx = 1 +\n", "mine.py:2: SyntaxError"),
        ("import helper\n\nraise KeyError('k')\n", "mine.py:3: KeyError: 'k'"),
        ("import no_such_library\n", "mine.py:1: ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemExit(3)\n", "mine.py:1: SystemExit: 3"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(file: Path, text: str, words: str) -> None:
    (file.parent / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        serfsim.load(
            file, ["code={parts: {suspicion: 'mine:Patient'}}", "faults=[]", "claims=[]"], allow_code=True
        )
    assert f"code.parts.suspicion: {file.parent / words}" in str(refused.value)


def test_a_claim_names_a_figure_that_the_scenario_has(file: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"claims\[0\].*'own\.gaps'.*code\.figures.*did you mean own\.gap_s\?"
    ):
        serfsim.load(file, ["claims=['own.gaps < 2']"], allow_code=True)
    with pytest.raises(ScenarioError, match=r"'own\.gap_s'"):
        serfsim.Scenario(claims=["own.gap_s < 2s"])
    assert read_constraint("own.gap_s.p95 < 2s", "here").threshold == 2.0


def test_a_figure_that_raises_costs_its_value_and_not_the_run(file: Path) -> None:
    figures = "code={figures: ['mine:broken', 'mine:wordy', 'mine:members']}"
    scenario = serfsim.load(file, [figures, "faults=[]", "claims=['own.broken < 1']"], allow_code=True)
    with pytest.warns(SerfsimWarning) as warned:
        found = serfsim.run(scenario)
    assert found.summary["own"] == {"broken": None, "wordy": None, "higher.members": 5.0}
    assert [claim["holds"] for claim in found.summary["claims"]] == [False]
    told = [str(warning.message) for warning in warned]
    assert any(re.search(r"own\.broken: no value: .*mine\.py:\d+: AttributeError", text) for text in told)
    assert any(
        "own.wordy: no value: found 'many' from mine:wordy; expected a number" in text for text in told
    )
    table = serfsim.sweep(scenario, seeds=[1], workers=1, progress=False)
    assert list(table.status) == ["failed"]
    assert re.search(r"own\.broken: .*mine\.py:\d+: AttributeError", table.error[0])


def test_a_part_that_raises_is_told_with_its_line(file: Path) -> None:
    scenario = serfsim.load(file, ["code.parts.suspicion=mine:Restless"], allow_code=True)
    with pytest.raises(SerfsimError, match=r"mine\.py:\d+: ValueError: no patience left"):
        serfsim.run(scenario)


def test_objects_stand_for_their_paths_and_those_of_a_script_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    import mine  # type: ignore[import-not-found]

    small: dict[str, Any] = {"cluster": {"nodes": 3}, "duration": "5s", "faults": [{"nap": 1, "for": "1s"}]}
    scenario = serfsim.Scenario(**small, code={"faults": [mine.Nap], "figures": [mine.members]})
    assert scenario.code is not None
    assert scenario.code.faults == ("mine:Nap",)
    assert serfsim.run(scenario, figures=[mine.gap_s]).summary["own"]["higher.members"] == 3
    assert sys.modules["mine"] is mine

    class Local(mine.Patient):  # type: ignore[misc]
        pass

    script = type("Script", (mine.Patient,), {"__module__": "__main__"})
    for found in (Local, script):
        with pytest.raises(SerfsimError, match=r"found .*(Local|Script) of .*expected one of a module"):
            serfsim.sweep(scenario, seeds=[1], parts={"suspicion": found})
    assert serfsim.run(scenario, parts={"suspicion": script}).summary["versions"]["parts"] == {
        "suspicion": "__main__.Script"
    }
    del sys.modules["mine"]


def test_two_folders_may_have_modules_of_one_name(tmp_path: Path) -> None:
    digests = []
    for name, nodes in (("a", 3), ("b", 4)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(f"def size(result):\n    return {nodes}\n", encoding="utf-8")
        file = tmp_path / name / "s.yaml"
        file.write_text(
            "duration: 2s\ncluster: {nodes: 2}\ncode: {figures: ['mine:size']}\n", encoding="utf-8"
        )
        found = serfsim.run(serfsim.load(file, allow_code=True)).summary
        assert found["own"] == {"size": nodes}
        digests.append(found["versions"]["sources"]["mine:size"])
    assert digests[0] != digests[1]


def test_a_package_with_modules_of_its_own_can_be_named(tmp_path: Path) -> None:
    package = tmp_path / "study" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "study" / "__init__.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("from .parts import two\n", encoding="utf-8")
    (package / "parts.py").write_text(
        "from .. import inner\n\n\ndef two(result):\n    return 2\n", encoding="utf-8"
    )
    file = tmp_path / "s.yaml"
    file.write_text(
        "duration: 2s\ncluster: {nodes: 2}\ncode: {figures: ['study.inner:two']}\n", encoding="utf-8"
    )
    scenario = serfsim.load(file, allow_code=True)
    assert scenario.code is not None
    assert set(scenario.code.objects.sources["study.inner"]) == {"study", "study.inner", "study.inner.parts"}
    assert serfsim.run(scenario).summary["own"] == {"two": 2}
