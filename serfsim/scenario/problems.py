"""Mistakes of a scenario, one line each.

Validation collects `Problem`s: where in the scenario, what was found, what was expected, and the
nearest valid name. `ScenarioProblems` carries them; loading puts the file and the line before each.
pydantic's own errors are turned into problems here, so that a person never reads pydantic's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from serfsim.base.english import nearest, printable
from serfsim.base.errors import ScenarioError

MOST_LINES = 10
CUSTOM = "scenario"  # the type of the errors that `invalid` makes
MOST_NAMES = 18  # a longer list of valid names helps nobody

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One mistake. `message` is 'found X; expected Y; did you mean Z?'."""

    path: Path
    message: str


class ScenarioProblems(ScenarioError):
    """A scenario that cannot be used; `problems` are all the mistakes found."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def path_text(path: Path) -> str:
    """('faults', 2, 'at') as a person writes it: 'faults[2].at'."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def quoted(value: object) -> str:
    """Return a value as the 'found' of a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = printable(value[:61])
        return f"'{text}'" if len(value) <= 60 else f"'{text[:57]}...'"
    if isinstance(value, Mapping):
        keys = ", ".join(printable(str(key)[:60]) for key in list(value)[:4])
        return f"a mapping with {keys}" if keys else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of more than 77 digits"  # Python refuses to write one of more than 4300
    if isinstance(value, (int, float)):
        return repr(value)
    return f"a {type(value).__name__}"


def listed(names: Iterable[str]) -> str:
    """Return 'a, b or c'."""
    items = list(names)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} or {items[-1]}"


def found_expected(found: str, expected: str, meant: str | None = None) -> str:
    """Return a message in its only form: found, expected, did you mean."""
    text = f"found {found}; expected {expected}"
    return f"{text}; did you mean {meant}?" if meant else text


def unknown_name(name: str, what: str, names: Sequence[str]) -> str:
    """Return the message for a name that is not one of `names`; a long list is not spelled out."""
    expected = what if len(names) > MOST_NAMES else f"{what}: {listed(names)}"
    return found_expected(f"'{name}'", expected, nearest(name, names))


def invalid(
    expected: str,
    value: object = None,
    *,
    found: str | None = None,
    meant: str | None = None,
    inside: Path = (),
) -> PydanticCustomError:
    """Return an error for a validator to raise. `inside` is the path from the validator's place."""
    message = found_expected(quoted(value) if found is None else found, expected, meant)
    return custom_error({"message": message, "inside": inside})


def custom_error(context: dict[str, Any]) -> PydanticCustomError:
    """Return an error that carries its own message."""
    return PydanticCustomError(CUSTOM, "{message}", context)


def problems_of(error: ValidationError) -> list[Problem]:
    """Pydantic's errors as problems, each once."""
    found: dict[Problem, None] = {}
    for details in error.errors(include_url=False):
        path: Path = tuple(part for part in details["loc"] if part != "[key]")
        if details["type"] == CUSTOM:
            path += tuple(details["ctx"]["inside"])
            message = details["ctx"]["message"]
        else:
            message = _translated(details)
        found[Problem(path, message)] = None
    return list(found)


def _translated(details: ErrorDetails) -> str:
    """Pydantic's own error in our words."""
    kind = details["type"]
    value = details["input"]
    context = details.get("ctx", {})
    if kind == "missing":
        return found_expected("nothing", "a value (this key has no default)")
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        meant = nearest(value, names) if isinstance(value, str) else None
        return found_expected(quoted(value), listed(f"'{name}'" for name in names), meant)
    if kind in _BOUNDS:
        return found_expected(quoted(value), f"{_BOUNDS[kind]} {next(iter(context.values()))}")
    if kind in _EXPECTED:
        return found_expected(quoted(value), _EXPECTED[kind])
    return found_expected(
        quoted(value), details["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    )


_BOUNDS = {
    "greater_than": "a number more than",
    "greater_than_equal": "a number of at least",
    "less_than": "a number less than",
    "less_than_equal": "a number of at most",
}
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text (put it in quotes)",
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "list_type": "a list",
    "none_required": "nothing",
}


def report(problems: Sequence[Problem], where: Callable[[Path], str] | None = None) -> str:
    """All problems as one message of at most MOST_LINES lines, `where` giving 'FILE:LINE' of each."""
    lines = []
    for problem in problems:
        parts = [where(problem.path)] if where else []
        if problem.path:
            parts.append(path_text(problem.path))
        lines.append(": ".join([*parts, problem.message]))
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES + 1
        lines = [*lines[: MOST_LINES - 1], f"... and {left} more mistakes"]
    return "\n".join(lines)
