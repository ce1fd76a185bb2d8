"""The packages of serfsim and what each may import: the table, and the picture of it in CONTRIBUTING.md.

`python -m tests.architecture` writes the picture anew.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "serfsim"
PICTURE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- begin: architecture -->\n", "<!-- end: architecture -->\n"

# Each part and all that it imports beside itself and what everybody may. A part is a package or a single
# module with its own row; inner packages without one belong to the row above them.
EVERYBODY_MAY = {"_version", "base", "native"}
MAY_IMPORT: dict[str, str] = {
    "__init__": "api speed",
    "__main__": "cli",
    "_version": "",
    "api": "live.agent protocol replays report scenario study.branching study.comparison"
    " study.regression study.reproduction study.swarm study.sweeps study.tuning topology",
    "base": "",
    "capture": "network protocol wire_crypto",
    "checks": "engine network protocol results results.scoring scenario",
    "cli": "checks engine live live.agent live.rpc live.web logs manual protocol replays report"
    " results scenario simulation speed study.branching study.comparison study.regression"
    " study.reproduction study.situations study.statistics study.swarm study.sweeps"
    " study.tuning topology",
    "engine": "network protocol",
    "live": "engine logs protocol results scenario simulation",
    "live.agent": "live logs protocol wire_crypto",
    "live.web": "engine live live.rpc replays results results.scoring scenario simulation",
    "live.rpc": "engine live logs protocol results results.scoring scenario simulation",
    "logs": "protocol",
    "manual": "protocol scenario",
    "native": "",
    "network": "protocol",
    "papers": "engine network protocol report results results.scoring rivals scenario simulation"
    " study.reproduction study.statistics topology",
    "protocol": "",
    "replays": "capture engine logs protocol results results.scoring scenario",
    "report": "replays protocol results results.scoring rivals scenario simulation topology",
    "results": "capture logs protocol results.scoring rivals scenario",
    "results.scoring": "network protocol rivals",
    "rivals": "protocol",
    "scenario": "network protocol rivals topology",
    "simulation": "capture checks engine network protocol results results.scoring rivals scenario topology",
    "speed": "engine",
    "study": "",
    "study.branching": "engine report results scenario simulation speed study.statistics study.sweeps",
    "study.comparison": "protocol report results results.scoring rivals scenario simulation"
    " study.statistics study.sweeps study.tuning",
    "study.regression": "report scenario study.statistics study.sweeps",
    "study.reproduction": "report scenario study.statistics study.sweeps topology",
    "study.situations": "logs report scenario study.statistics study.sweeps",
    "study.statistics": "",
    "study.swarm": "checks manual network protocol report results results.scoring scenario simulation speed"
    " study.sweeps topology",
    "study.sweeps": "report scenario simulation speed study.statistics",
    "study.tuning": "report results scenario study.statistics study.sweeps",
    "topology": "network",
    "validation": "engine network protocol report results.scoring rivals scenario simulation speed"
    " study.sweeps",
    "wire_crypto": "protocol",
}
# Inner packages that belong to the row above them.
INSIDE = {
    "checks.online",
    "protocol.memberlist",
    "protocol.serf",
    "protocol.vivaldi",
    "protocol.wire",
    "report.plots",
    "rivals.chen",
    "rivals.dmfsgd",
    "rivals.heartbeats",
    "rivals.hyparview",
    "rivals.measured",
    "rivals.pharos",
    "rivals.phi",
    "rivals.rapid",
    "rivals.serf",
    "rivals.swim",
    "rivals.vivaldi",
    "scenario.faults",
    "scenario.workload",
    "study.regression.plots",
    "validation.figures",
}

INSIDE |= {f"papers.{file.parent.name}" for file in PACKAGE.glob("papers/*/published.csv")}

FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    """The dotted name from the package on: 'network.tcp'; '__init__' for the package itself."""
    name = file.relative_to(PACKAGE).as_posix().removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


MODULES = {module_of(file): file for file in FILES}


def part_of(module: str) -> str:
    """The row that a module belongs to: the longest that its name begins with."""
    return max((part for part in MAY_IMPORT if f"{module}.".startswith(f"{part}.")), key=len, default=module)


def imports_of(file: Path, *, for_types: bool = True) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, anywhere in it, with the line.

    Those below `if TYPE_CHECKING` only with `for_types`: they are not imported when the program runs.
    """
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not for_types:
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: a relative import"
            for alias in node.names:
                yield imported(node.module or "", alias.name), node.lineno
        waiting += ast.iter_child_nodes(node)


def imported(module: str, name: str) -> str:
    """`from a import b` imports a.b where that is a module of ours."""
    inner = f"{module}.{name}"
    return inner if inner.removeprefix("serfsim.") in MODULES and inner.startswith("serfsim.") else module


def own_imports(file: Path, *, for_types: bool = True) -> Iterator[tuple[str, int]]:
    """Imports of serfsim's own modules, named as `module_of` names them."""
    for module, line in imports_of(file, for_types=for_types):
        if module == "serfsim":
            yield "__init__", line
        elif module.startswith("serfsim."):
            yield module.removeprefix("serfsim."), line


def imports_within_functions(file: Path) -> list[tuple[int, int]]:
    """The first and the last line of each run of imports within a function."""
    found = {
        (node.lineno, node.end_lineno or node.lineno)
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    lines = file.read_text(encoding="utf-8").splitlines()
    runs: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if runs and not "".join(lines[runs[-1][1] : first - 1]).strip():
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def imported_by(part: str) -> set[str]:
    """The parts that a part really imports, without itself and what everybody may."""
    found = {
        part_of(module)
        for name, file in MODULES.items()
        if part_of(name) == part
        for module, _ in own_imports(file)
    }
    return found - {part} - EVERYBODY_MAY


def graph_of_parts() -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((part, other) for part, row in MAY_IMPORT.items() for other in row.split())
    return graph


def picture() -> str:
    """A graph of the parts, without arrows that follow from others, and the table with all of them."""
    arrows = sorted(nx.transitive_reduction(graph_of_parts()).edges)
    shown = [(a, b) for a, b in arrows if not a.startswith("__")]
    lines = ["```mermaid", "graph TD"]
    lines += [f"    {a} --> {b}" for a, b in shown]
    lines += ["```", "", "| part | imports |", "|---|---|"]
    rows = {part: row for part, row in MAY_IMPORT.items() if not part.startswith("__")}
    lines += [f"| `{part}` | {', '.join(sorted(row.split()))} |" for part, row in sorted(rows.items()) if row]
    nothing = ", ".join(f"`{part}`" for part, row in sorted(rows.items()) if not row)
    lines += ["", f"Nothing of serfsim's own, or only what everybody may: {nothing}."]
    everybody = ", ".join(f"`{part}`" for part in sorted(EVERYBODY_MAY))
    lines += [f"Everybody may import {everybody}."]
    return "\n".join(lines) + "\n"


def document() -> str:
    """CONTRIBUTING.md with the picture as the table has it now."""
    text = PICTURE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + picture() + END + after


if __name__ == "__main__":
    PICTURE.write_text(document(), encoding="utf-8")
