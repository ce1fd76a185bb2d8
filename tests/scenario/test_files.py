"""Files that a scenario names are found beside it, else among the user's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import load

TEXT = "cluster: {nodes: 2}\nnetwork:\n  topology: {model: matrix, file: sets/m.csv}\n"


def file_of(scenario: Path) -> str:
    return str(load(scenario).network.topology.file)


def test_a_file_beside_the_scenario_comes_before_one_of_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = tmp_path / "here" / "s.yaml"
    for folder in ("here", "data"):
        (tmp_path / folder / "sets").mkdir(parents=True)
        (tmp_path / folder / "sets" / "m.csv").write_text("0,1\n1,0\n", encoding="utf-8")
    scenario.write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("SERFSIM_DATA", str(tmp_path / "data"))
    assert file_of(scenario) == str(tmp_path / "here" / "sets" / "m.csv")
    (tmp_path / "here" / "sets" / "m.csv").unlink()
    assert file_of(scenario) == str(tmp_path / "data" / "sets" / "m.csv")
    monkeypatch.delenv("SERFSIM_DATA")
    with pytest.raises(
        ScenarioError, match=r"s\.yaml:3: network\.topology\.file: found .*which is not there"
    ):
        load(scenario)
