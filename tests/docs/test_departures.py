"""The page of departures names tests that exist, and everything that the sources say they leave out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from serfsim.protocol import settings
from serfsim.protocol.memberlist import config as memberlist
from serfsim.protocol.serf import config as serf
from serfsim.protocol.vivaldi import config as vivaldi
from tests.docs.blocks import DOCS, ROOT

PAGE = DOCS / "departures.md"
MODELS = ("engine", "live", "network", "protocol", "simulation")
# What a docstring says where something of the real thing is missing. Data may be left out of a table.
SAYS = re.compile(r"not modelled|not simulated|Left out|leaves no trace|departs? from", re.IGNORECASE)
SPEAKS_OF_DATA = re.compile(r"are left out|is left out")


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")
    ]
    return [row for row in cells if row[0] != "departure"]


def docstrings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield " ".join((ast.get_docstring(node) or "").split())


def missing_in(text: str) -> bool:
    return bool(SAYS.search(SPEAKS_OF_DATA.sub("", text)))


def test_each_departure_has_reason_effect_and_a_test_that_exists() -> None:
    assert rows()
    for row in rows():
        assert len(row) == 4, row
        assert all(row), row
        file, name = re.fullmatch(r"`(tests/[\w/]+\.py)::(\w+)`", row[3]).groups()  # type: ignore[union-attr]
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, row[3]


def test_each_source_that_says_it_leaves_something_out_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = [
        file.relative_to(ROOT).as_posix()
        for model in MODELS
        for file in sorted((ROOT / "serfsim" / model).rglob("*.py"))
        if any(missing_in(text) for text in docstrings(file))
    ]
    assert "serfsim/network/tcp.py" in found
    assert [file for file in found if f"`{file}`" not in page] == []


def test_the_settings_that_no_simulated_member_reads_are_those_on_the_page() -> None:
    tables = [
        value
        for module in (memberlist, serf, vivaldi)
        for value in vars(module).values()
        if isinstance(value, tuple) and value and all(isinstance(row, settings.Setting) for row in value)
    ]
    ignored = {row.name: row.modelled != settings.MODELLED for table in tables for row in table}
    clauses = [re.search(r"((?:`\w+`(?: and |, )?)+) (?:is|are) not read", row[0]) for row in rows()]
    said = {name for clause in clauses if clause for name in re.findall(r"`(\w+)`", clause[1])}
    assert {"bind_port", "probe_interval", "reap_interval", "dimensionality"} <= set(ignored)
    assert said == {name for name, is_ignored in ignored.items() if is_ignored}
