"""The rules of the house: who may import whom, and how long a file and a function may be."""

from __future__ import annotations

import ast
from pathlib import Path

import networkx as nx
import pytest

from serfsim.speed import compiled_sources
from tests.architecture import (
    EVERYBODY_MAY,
    FILES,
    INSIDE,
    MAY_IMPORT,
    MODULES,
    PACKAGE,
    PICTURE,
    document,
    graph_of_parts,
    imported_by,
    imports_of,
    imports_within_functions,
    own_imports,
    part_of,
)

LONGEST_FILE = 450
LONGEST_FUNCTION = 80

# What the compiled files may use beside one another: nothing that knows of clocks, sockets or chance.
GROUND = {"__future__", "collections.abc", "math", "typing", "serfsim.native"}


def name_of(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


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


def test_every_package_and_module_has_a_row() -> None:
    folders = {file.parent.relative_to(PACKAGE).as_posix().replace("/", ".") for file in FILES} - {"."}
    modules = {name for name in MODULES if "." not in name}
    assert folders | modules == set(MAY_IMPORT) | INSIDE


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_a_part_imports_what_its_row_lists_and_nothing_else(part: str) -> None:
    row = set(MAY_IMPORT[part].split())
    wrong = [
        f"{name_of(file)}:{line} imports {module}"
        for name, file in MODULES.items()
        if part_of(name) == part
        for module, line in own_imports(file)
        if part_of(module) not in row | EVERYBODY_MAY | {part}
    ]
    assert wrong == []
    assert row - imported_by(part) == set(), "listed, and imported by nobody: take it out of the row"


def test_no_part_imports_another_in_a_circle() -> None:
    assert list(nx.simple_cycles(graph_of_parts())) == []


def test_no_module_imports_another_in_a_circle_not_even_within_functions() -> None:
    graph = nx.DiGraph(
        (name, module)
        for name, file in MODULES.items()
        for module, _ in own_imports(file, for_types=False)
        if module != name
    )
    assert [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


def test_an_import_within_a_function_says_why_it_is_there() -> None:
    silent = []
    for file in FILES:
        lines = file.read_text(encoding="utf-8").splitlines()
        for first, last in imports_within_functions(file):
            if "#" not in lines[last - 1] and not lines[first - 2].lstrip().startswith("#"):
                silent.append(f"{name_of(file)}:{first}")
    assert silent == [], "a comment above it, or behind it: `# start-up: it imports pandas`"


def test_every_package_lists_what_it_exports() -> None:
    packages = [file for file in FILES if file.name == "__init__.py"]
    assert [name_of(file) for file in packages if "__all__" not in file.read_text(encoding="utf-8")] == []


def test_the_picture_of_the_parts_is_the_table() -> None:
    assert PICTURE.read_text(encoding="utf-8") == document(), "run python -m tests.architecture"


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
