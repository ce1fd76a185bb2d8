"""The rules of the house: who may import whom, and how long a file and a function may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from serfsim.speed import compiled_sources

PACKAGE = Path(__file__).resolve().parent.parent / "serfsim"
LONGEST_FILE = 450
LONGEST_FUNCTION = 80

# What the compiled files may use beside one another: nothing that knows of clocks, sockets or chance.
GROUND = {"__future__", "collections.abc", "math", "typing", "serfsim.native"}

# Each part, and what it may import besides itself and what everybody may.
EVERYBODY_MAY = {"_version", "base", "native"}
MAY_IMPORT = {
    "base": set[str](),
    "protocol": set[str](),
    "network": {"protocol"},
    "topology": {"network", "protocol"},
    "engine": {"network", "protocol"},
    "scenario": {"network", "protocol", "topology"},
    "logs": {"protocol"},
    "results.scoring": {"protocol"},
    "live": {"engine", "logs", "protocol", "results", "scenario", "simulation", "wire_crypto"},
    "live.agent": {"live.addresses", "live.base_agent", "live.views", "logs", "protocol", "wire_crypto"},
    "study.statistics": set[str](),
    "study.sweeps": {"report", "scenario", "simulation", "speed", "study.statistics"},
    "study.tuning": {"report", "results", "scenario", "study.statistics", "study.sweeps"},
    "study.comparison": {"protocol", "report", "results", "scenario", "simulation", "study.statistics"}
    | {"study.sweeps", "study.tuning"},
    "study.regression": {"report", "scenario", "study.statistics", "study.sweeps"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def imports_of(file: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, anywhere in it, with the line."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}:{node.lineno}: a relative import"
            for alias in node.names:
                yield imported(node.module or "", alias.name), node.lineno


def imported(module: str, name: str) -> str:
    """`from a import b` imports a.b where that is a module of ours."""
    inner = f"{module}.{name}"
    file = PACKAGE.parent / (inner.replace(".", "/") + ".py")
    return inner if file.is_file() else module


def is_within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def strangers(files: list[Path], allowed: set[str]) -> list[str]:
    return [
        f"{name_of(file)}:{line} imports {module}"
        for file in files
        for module, line in imports_of(file)
        if not is_within(module, allowed)
    ]


def test_the_protocol_imports_nothing_but_itself_and_its_ground() -> None:
    files = [file for file in FILES if name_of(file).startswith("protocol/")]
    assert files
    assert strangers(files, GROUND | {"serfsim.protocol"}) == []


def test_the_network_imports_nothing_but_itself_the_protocol_and_its_ground() -> None:
    files = [file for file in FILES if name_of(file).startswith("network/")]
    assert files
    assert strangers(files, GROUND | {"serfsim.network", "serfsim.protocol"}) == []


def test_compiled_files_import_only_compiled_files_and_their_ground() -> None:
    compiled = compiled_sources()
    modules = {"serfsim." + name_of(file).removesuffix(".py").replace("/", ".") for file in compiled}
    assert strangers(compiled, GROUND | modules) == []


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_arrows_between_parts_run_one_way(part: str) -> None:
    allowed = {f"serfsim.{other}" for other in {part} | EVERYBODY_MAY | MAY_IMPORT[part]}
    wrong = [
        f"{name_of(file)}:{line} imports {module}"
        for file in FILES
        if name_of(file).startswith(f"{part.replace('.', '/')}/")
        for module, line in imports_of(file)
        if is_within(module, {"serfsim"}) and module != "serfsim" and not is_within(module, allowed)
    ]
    assert wrong == []


def test_no_file_is_too_long() -> None:
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    long = [
        f"{name_of(file)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_in_its_first_lines_what_it_is() -> None:
    silent = [
        name_of(file)
        for file in FILES
        if file.read_text(encoding="utf-8").strip()
        and ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
