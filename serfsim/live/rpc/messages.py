"""RPC messages: msgpack objects out of a stream of bytes, and request bodies read as Go decodes them.

A client may send what it likes in pieces of any size. What is too large, too deep or no msgpack ends the
connection, as in the real agent; strings that are no UTF-8 are read with replacement characters.

In a body a field that is missing or nil is its type's zero, an unknown one is ignored, a string may come
as bytes and the other way round; anything else that does not fit ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgpack

LARGEST_FRAME: Final = 256 * 1024  # bytes of one object; no request that can succeed has more than a few KiB
LONGEST_LIST: Final = 4096  # entries of one array or map
DEEPEST: Final = 16  # arrays and maps within one another

NOTHING: Final = object()
"""What `Frames.next` gives while no object is complete."""


class BadFrame(Exception):
    """The bytes are no object that may be sent here."""


class Frames:
    """Decodes a stream of bytes: feed it bytes, take objects."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="replace",
            strict_map_key=False,
            max_buffer_size=2 * LARGEST_FRAME,
            max_array_len=LONGEST_LIST,
            max_map_len=LONGEST_LIST,
        )
        self._fed = 0
        self._taken = 0  # bytes up to the end of the last object that was complete

    def feed(self, data: bytes) -> None:
        """Take more bytes, once `next` returns NOTHING. BadFrame for an object that is too large."""
        self._fed += len(data)
        if self._fed - self._taken > LARGEST_FRAME:
            raise BadFrame(f"more than {LARGEST_FRAME} bytes")
        self._unpacker.feed(data)

    def next(self) -> Any:
        """Decode the next object, or return NOTHING. BadFrame for bytes that are no object."""
        try:
            found = self._unpacker.unpack()
        except msgpack.OutOfData:
            return NOTHING
        except (msgpack.UnpackException, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BadFrame(f"no msgpack: {error}") from None
        self._taken = self._unpacker.tell()
        if is_deeper(found, DEEPEST):
            raise BadFrame(f"more than {DEEPEST} levels")
        return found


def is_deeper(value: Any, limit: int) -> bool:
    """Are there more than `limit` arrays and maps within one another? (A map's keys hold none.)"""
    level = [value]
    for _ in range(limit):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def encoded(header: dict[str, Any], body: Any = None) -> bytes:
    """Encode a response header, and its body unless that is None."""
    parts: bytes = msgpack.packb(header)
    if body is not None:
        parts += msgpack.packb(body)
    return parts


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
    """Read bytes, or None for nil, which some commands distinguish from no bytes."""
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
    """Read every field of the command by its name. BadBody if one does not decode."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise BadBody("no map")
    return {name: read(value.get(name)) for name, read in fields.items()}


class Header:
    """The header of the present request; a missing field keeps its last value, as in the real agent."""

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
