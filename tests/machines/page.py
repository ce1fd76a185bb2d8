"""Writes docs/state_machines.md: a diagram and a table of each machine, from its transition table.

python -m tests.machines.page
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from serfsim.protocol.transitions import Transition
from tests.machines.drivers import MACHINES

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "state_machines.md"
BEGINNING = """# State machines

Each machine has its transition table, `TRANSITIONS`, beside its code. The tests drive the machine through
every row and see that no other input changes its state. `python -m tests.machines.page` draws this page from
the tables.

An input that has no row in a state is ignored there, or cannot come. Diagrams leave out rows that keep the
state.
"""


def page() -> str:
    """The whole page in Markdown."""
    sections = [section(module, module.TRANSITIONS) for module in MACHINES]
    contents = "".join(f"- [{title(module)}](#{anchor(title(module))})\n" for module in MACHINES)
    return "\n".join([BEGINNING, contents, *sections])


def title(module: ModuleType) -> str:
    """The name of the module's file, with its package: `memberlist/probe`."""
    return "/".join(module.__name__.split(".")[-2:])


def anchor(heading: str) -> str:
    """The fragment by which GitHub links to a heading."""
    return heading.replace("/", "")


def section(module: ModuleType, rows: Iterable[Transition]) -> str:
    """One machine: the first sentence of its module, its diagram and its table."""
    rows = list(rows)
    path = module.__name__.replace(".", "/") + ".py"
    # Compiled modules have no docstring.
    text = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8"))) or ""
    summary = text.partition("\n\n")[0].replace("\n", " ").rstrip(".:")
    lines = [
        f"## {title(module)}",
        "",
        f"{summary}. Source: [{path}](../{path})",
        "",
        "```mermaid",
        *diagram(rows),
        "```",
        "",
    ]
    lines += ["| state | input | next state | effect |", "|---|---|---|---|"]
    lines += [f"| {row.state} | {row.input} | {row.next_state} | {row.effect} |" for row in rows]
    return "\n".join(lines) + "\n"


def diagram(rows: list[Transition]) -> Iterator[str]:
    """A Mermaid state diagram; inputs with the same ends share an arrow."""
    yield "stateDiagram-v2"
    states = list(dict.fromkeys(state for row in rows for state in (row.state, row.next_state)))
    names = {state: state.replace(" ", "_") for state in states}
    for state in states:
        if names[state] != state:
            yield f'    state "{state}" as {names[state]}'
    for state in states:
        if state not in {row.next_state for row in rows if row.state != state}:
            yield f"    [*] --> {names[state]}"
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.state != row.next_state:
            arrows.setdefault((row.state, row.next_state), []).append(row.input)
    for (state, following), inputs in arrows.items():
        yield f"    {names[state]} --> {names[following]}: {'<br>'.join(inputs)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(MACHINES)} machines")
