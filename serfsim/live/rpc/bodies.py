"""What a request's body may hold, read as Go reads a map into a struct.

A field that is missing or nil is its type's zero, one that is unknown is passed over, a string may come
as bytes and the other way round; anything else that does not fit ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class BadBody(Exception):
    """A body that does not decode."""


def read_string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise BadBody("no string")


def read_bytes(value: Any) -> bytes | None:
    """Bytes, or None for nil, which some commands tell apart from no bytes."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise BadBody("no bytes")


def read_bool(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadBody("no boolean")


def whole_number(lowest: int, highest: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise BadBody("no whole number in range")

    return read


def read_strings(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [read_string(one) for one in value]
    raise BadBody("no list")


def read_string_map(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return {read_string(key): read_string(one) for key, one in value.items()}
    raise BadBody("no map")


read_u8 = whole_number(0, 2**8 - 1)
read_u64 = whole_number(0, 2**64 - 1)
read_i32 = whole_number(-(2**31), 2**31 - 1)
read_i64 = whole_number(-(2**63), 2**63 - 1)

Fields = Mapping[str, Callable[[Any], Any]]


def read_body(value: Any, fields: Fields) -> dict[str, Any]:
    """Every field of the command by its name. BadBody where one does not decode."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise BadBody("no map")
    return {name: read(value.get(name)) for name, read in fields.items()}


class Header:
    """The header of the request at hand. What one leaves out is as in the one before, as in the agent."""

    def __init__(self) -> None:
        self.command = ""
        self.seq = 0

    def read(self, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, dict):
            raise BadBody("no map")
        if value.get("Command") is not None:
            self.command = read_string(value["Command"])
        if value.get("Seq") is not None:
            self.seq = read_u64(value["Seq"])
