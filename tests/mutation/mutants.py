"""Mutants: small changes of the protocol, the network and the scoring that a test should notice.

Each changes one place of one line: a comparison, a sign, a constant, a condition, a connective, a statement.
Left alone are docstrings, annotations, messages, assertions, and what only types or checks names.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AREAS = {
    "protocol": "serfsim/protocol",
    "network": "serfsim/network",
    "scoring": "serfsim/results/scoring",
}

COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "//"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
BOOLEAN = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
SILENT = ("notify", "log", "log_refused", "append")  # `append` of librt returns what it makes


@dataclass(frozen=True, order=True)
class Mutant:
    """One change: columns `start` to `end` of a line become `new`."""

    file: str
    line: int
    start: int
    end: int
    new: str
    kind: str

    def apply(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        line = lines[self.line - 1]
        lines[self.line - 1] = line[: self.start] + self.new + line[self.end :]
        return "".join(lines)

    def shown(self, text: str) -> tuple[str, str]:
        """Return the line before and after."""
        before = text.splitlines()[self.line - 1]
        return before.strip(), (before[: self.start] + self.new + before[self.end :]).strip()


class Finder(ast.NodeVisitor):
    """Finds the places of one file that can be changed."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.found: list[Mutant] = []

    def add(self, line: int, start: int, end: int, new: str, kind: str) -> None:
        self.found.append(Mutant(self.file, line, start, end, new, kind))

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str, kind: str) -> None:
        """Change the operator between two operands, where both are on one line."""
        if left.end_lineno != right.lineno:
            return
        text = self.lines[right.lineno - 1]
        assert left.end_col_offset is not None
        at = text.find(old, left.end_col_offset, right.col_offset)
        if at >= 0 and text.isascii():
            self.add(right.lineno, at, at + len(old), new, kind)

    # What is left alone

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        pass

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node.test, (ast.Name, ast.Attribute, ast.Call)):
            self.negate(node.test)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    # What is changed

    def negate(self, test: ast.expr) -> None:
        if test.lineno == test.end_lineno and self.lines[test.lineno - 1].isascii():
            assert test.end_col_offset is not None
            text = self.lines[test.lineno - 1][test.col_offset : test.end_col_offset]
            self.add(test.lineno, test.col_offset, test.end_col_offset, f"(not {text})", "condition")

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            old, new = COMPARISONS[type(operator)]
            self.between(left, right, old, new, "comparison")
            left = right
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        names = ARITHMETIC.get(type(node.op))
        is_text = any(
            isinstance(side, (ast.JoinedStr, ast.List))
            or (isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)))
            for side in (node.left, node.right)
        )
        if names is not None and not is_text:
            self.between(node.left, node.right, *names, "arithmetic")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between(left, right, *BOOLEAN[type(node.op)], "connective")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not) and node.operand.lineno == node.lineno:
            self.add(node.lineno, node.col_offset, node.operand.col_offset, "", "condition")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.lineno != node.end_lineno or not self.lines[node.lineno - 1].isascii():
            return
        assert node.end_col_offset is not None
        value = node.value
        if isinstance(value, bool):
            self.add(node.lineno, node.col_offset, node.end_col_offset, str(not value), "constant")
        elif isinstance(value, int):
            self.add(node.lineno, node.col_offset, node.end_col_offset, str(value + 1), "constant")
        elif isinstance(value, float) and value < 1e18:
            new = "1.0" if value == 0.0 else repr(value * 2)
            self.add(node.lineno, node.col_offset, node.end_col_offset, new, "constant")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        names = ARITHMETIC.get(type(node.op))
        if names is not None and node.target.end_lineno == node.value.lineno:
            self.between(node.target, node.value, f"{names[0]}=", f"{names[1]}=", "arithmetic")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        call = node.value
        if isinstance(call, ast.Call) and node.lineno == node.end_lineno:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name not in SILENT:
                assert node.end_col_offset is not None
                self.add(node.lineno, node.col_offset, node.end_col_offset, "pass", "statement")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.add(node.lineno, node.col_offset, node.col_offset + len("break"), "continue", "statement")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.add(node.lineno, node.col_offset, node.col_offset + len("continue"), "break", "statement")


def mutants_of(file: Path) -> list[Mutant]:
    text = file.read_text(encoding="utf-8")
    finder = Finder(file.relative_to(ROOT).as_posix(), text)
    finder.visit(ast.parse(text))
    return sorted(set(finder.found))


def files_of(area: str) -> Iterator[Path]:
    yield from sorted((ROOT / AREAS[area]).rglob("*.py"))


def sample(count: int, seed: int, areas: list[str]) -> list[Mutant]:
    """Draw `count` mutants, each area by its share of all places but at least a sixth."""
    places = {area: [one for file in files_of(area) for one in mutants_of(file)] for area in areas}
    total = sum(len(found) for found in places.values())
    rng = random.Random(seed)
    drawn: list[Mutant] = []
    for found in places.values():
        share = max(len(found) / total, 1 / 6)
        drawn += rng.sample(found, min(len(found), round(count * share)))
    rng.shuffle(drawn)
    return drawn[:count]
