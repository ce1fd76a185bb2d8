"""The reference has everything that exists, once, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.cli.app import COMMANDS
from serfsim.manual.reference import MODELS, VERBS
from serfsim.manual.result_files import COLUMNS, HEADING
from serfsim.manual.schema import keys_in, scenario_schema
from serfsim.results.folder import CAPTURES, LOG, MEMBER_QUEUES, SCENARIO, SUMMARY, TABLES, TRUTH
from serfsim.scenario import Scenario
from serfsim.scenario.figures import FIGURES
from serfsim.scenario.settings import SETTINGS
from tests.docs.blocks import extension

PAGES = extension("reference_pages").pages()


def named(page: str, kind: str) -> list[str]:
    """The names with an anchor of a kind, in order."""
    return re.findall(rf"`([^`]+)`{{#{kind}-[a-z0-9-]+}}", PAGES[f"reference/{page}.md"])


def sections(page: str) -> list[str]:
    return re.findall(r"^## (?:serfsim )?(.+)$", PAGES[f"reference/{page}.md"], flags=re.MULTILINE)


def test_figures_and_settings_documented_are_those_that_exist() -> None:
    assert named("figures", "figure") == list(FIGURES)
    assert sorted(named("settings", "setting")) == sorted(SETTINGS)


def test_keys_documented_are_those_that_the_schema_has() -> None:
    """The schema comes from pydantic, the pages from walking the classes."""
    schema = scenario_schema()
    anchor = re.compile(r"`([^`]+)`{#(?:key|setting|fault|workload|topology|generator|jitter|loss)-")
    documented = {key.rsplit(".", 1)[-1] for text in PAGES.values() for key in anchor.findall(text)}
    assert documented | {"model"} == {key for _, key, _ in keys_in(schema)}
    for kind, page in (("fault", "faults"), ("workload", "workload")):
        for verb, entry in VERBS[kind].items():
            keys = [key for part, key, _ in keys_in(schema) if part == entry.__name__]
            start = f"{kind}-{verb.replace('_', '-')}"
            anchors = re.findall(rf"`([^`.]+)`{{#{start}-[a-z0-9-]+}}", PAGES[f"reference/{page}.md"])
            assert sorted(set(anchors) & set(keys)) == sorted(keys), verb


def test_verbs_models_and_commands_documented_are_those_that_exist() -> None:
    assert sections("faults") == list(VERBS["fault"])
    assert sections("workload") == list(VERBS["workload"])
    assert sections("topologies") == [*MODELS["topology"], *MODELS["generator"]]
    assert sections("jitter_and_loss") == [*MODELS["jitter"], *MODELS["loss"]]
    assert sections("commands") == list(COMMANDS)


def test_every_public_name_is_on_the_page_of_python() -> None:
    found = re.findall(r"^\.\. \S+:: serfsim\.(\w+)$", PAGES["reference/python.md"], flags=re.MULTILINE)
    assert found == list(serfsim.__all__)


@pytest.mark.parametrize("page", PAGES)
def test_no_two_anchors_of_a_page_are_the_same(page: str) -> None:
    anchors = Counter(re.findall(r"{#([a-z0-9-]+)}|^\(([a-z0-9-]+)\)=$", PAGES[page], flags=re.MULTILINE))
    assert [anchor for anchor, count in anchors.items() if count > 1] == []


def test_files_and_columns_documented_are_those_of_a_result(tmp_path: Path) -> None:
    documented = {name for names in named("files", "file") for name in names.split(", ")}
    assert documented >= {SUMMARY, SCENARIO, TRUTH, LOG, *CAPTURES, *(f"{name}.parquet" for name in TABLES)}
    assert set(COLUMNS) == {*TABLES, MEMBER_QUEUES, "packets"}
    given: dict[str, Any] = {
        "cluster": {"nodes": 5},
        "duration": "15s",
        "faults": [{"crash": ["node-03"], "at": "2s"}],
        "workload": [{"event": "deploy", "at": "1s"}],
        "record": {"replay": True},
    }
    result = serfsim.run(Scenario(**given))
    for name, columns in COLUMNS.items():
        found = [column for column in result.table(name).columns if not column.startswith("vec_")]
        assert found == [column.name for column in columns if not column.name.startswith("vec_")], name
    heading = {key for key, value in result.summary.items() if not isinstance(value, dict)}
    assert heading | {"versions", "layers", "serf_releases"} == set(HEADING)


def test_notebooks_are_part_of_the_manual() -> None:
    notebooks = sorted(
        path.name for path in (Path(serfsim.__file__).parents[1] / "notebooks").glob("*.ipynb")
    )
    assert sorted(Path(page).name for page in PAGES if page.endswith(".ipynb")) == notebooks
    assert all(Path(name).stem in PAGES["notebooks/index.md"] for name in notebooks)
