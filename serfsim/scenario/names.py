"""Names of nodes and groups, and pairs of them, as a scenario file has them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from serfsim.scenario.addresses import ADDRESS_PATTERN, number_of, text_of
from serfsim.scenario.patterns import PATTERN_SCHEMA, is_pattern, read_pattern
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Kind

RESERVED = ("all", "rest", "first", "random", "none")  # words of the file that cannot name a node or a group

_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


def read_name(value: object) -> str:
    """Read the name of a node or a group."""
    if not isinstance(value, str):
        raise invalid("a name (put it in quotes)", value)
    if not _NAME.fullmatch(value):
        raise invalid("a name of letters, digits, '-', '.' and '_'", value)
    if value in RESERVED:
        raise invalid(f"a name other than the words {', '.join(RESERVED)}", value)
    return value


def is_name(value: str) -> bool:
    """Return whether a node may have this name."""
    return _NAME.fullmatch(value) is not None and value not in RESERVED


NAME_SCHEMA: Final = {"type": "string", "pattern": rf"^(?!(?:{'|'.join(RESERVED)})$){_NAME.pattern}$"}
Name = Annotated[
    str, BeforeValidator(read_name), Kind("a name of letters, digits, '-', '.' and '_'", NAME_SCHEMA)
]


def read_member_name(value: object) -> str:
    """Read the name of a node or a group, or `web@10.0.0.5`: one of several nodes with a name."""
    if isinstance(value, str) and "@" in value:
        name, _, address = value.partition("@")
        return address_label(read_name(name), address)
    return read_name(value)


def address_label(name: str, address: str) -> str:
    """Return the words for the one of several nodes with a name that has an address."""
    return f"{name}@{text_of(number_of(address))}"


def read_name_or_pattern(value: object) -> str:
    """Read a name of a node or a group, or a pattern of such names."""
    if isinstance(value, str) and is_pattern(value):
        read_pattern(value)
        return value
    return read_member_name(value)


def read_members(value: object) -> object:
    """Read names of nodes and groups, one or several, or the word all."""
    if isinstance(value, (list, tuple)) and value:
        return tuple(read_name_or_pattern(name) for name in value)
    if not isinstance(value, str):
        raise invalid("names of nodes or groups such as [servers], or all", value)
    return value if value == "all" else (read_name_or_pattern(value),)


MEMBER_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^(?!(?:{'|'.join(RESERVED)})$){_NAME.pattern}(?:@{ADDRESS_PATTERN})?$",
}
ANY_NAME_SCHEMA: Final = [MEMBER_SCHEMA, PATTERN_SCHEMA]
NAMES_SCHEMA: Final = {"type": "array", "items": {"anyOf": ANY_NAME_SCHEMA}, "minItems": 1}
_PAIRS = "pairs of nodes, groups or patterns such as [[a, b]], or [[a, rest]]"


def _read_pairs(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        raise invalid(_PAIRS, value)
    if len(value) == 2 and all(isinstance(name, str) for name in value):
        value = [value]
    pairs = []
    for position, pair in enumerate(value):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise invalid("a pair such as [a, b]", pair, inside=(position,))
        if all(name == "rest" for name in pair):
            raise invalid("'rest' at one end of a pair", found="'rest' at both", inside=(position,))
        ends = ("rest" if name == "rest" else read_name_or_pattern(name) for name in pair)
        pairs.append(tuple(ends))
    return tuple(pairs)


_PAIR_SCHEMA: Final = {
    "type": "array",
    "items": {"anyOf": [{"const": "rest"}, *ANY_NAME_SCHEMA]},
    "minItems": 2,
    "maxItems": 2,
}
_PAIRS_SCHEMA: Final = {"anyOf": [{"type": "array", "items": _PAIR_SCHEMA, "minItems": 1}, _PAIR_SCHEMA]}
Pairs = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_read_pairs),
    Kind(_PAIRS, _PAIRS_SCHEMA),
]
"""Pairs of names of nodes or groups or of patterns; `rest` is everybody but the other end."""
