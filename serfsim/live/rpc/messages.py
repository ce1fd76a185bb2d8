"""RPC messages: msgpack framing, and request bodies decoded as Go does.

A client may send bytes in pieces of any size. Objects that are too large, too deep or not msgpack end the
connection, as in the real agent; invalid UTF-8 is read with replacement characters.

In a body, a missing or nil field is its type's zero, an unknown one is ignored, and strings and bytes are
interchangeable; any other mismatch ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgpack

from serfsim.protocol.wire.msgpack import integer

LARGEST_FRAME: Final = 256 * 1024  # bytes of an object; a request that can succeed has at most a few KiB
LONGEST_LIST: Final = 4096  # entries of an array or map
DEEPEST: Final = 16  # levels of nested arrays and maps

NOTHING: Final = object()
"""Returned by `Frames.next` while no object is complete."""


class BadFrame(Exception):
    """Bytes that are not a permitted object."""


class Frames:
    """Decoder of a byte stream: feed it bytes, take objects."""

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
        self._taken = 0  # bytes up to the end of the last complete object

    def feed(self, data: bytes) -> None:
        """Take more bytes, after `next` has returned NOTHING.

        Raises BadFrame for an object that is too large.
        """
        self._fed += len(data)
        if self._fed - self._taken > LARGEST_FRAME:
            raise BadFrame(f"more than {LARGEST_FRAME} bytes")
        self._unpacker.feed(data)

    def next(self) -> Any:
        """Decode the next object, or return NOTHING.

        Raises BadFrame for invalid bytes.
        """
        try:
            found = self._unpacker.unpack()
        except msgpack.OutOfData:
            return NOTHING
        except (msgpack.UnpackException, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BadFrame(f"not msgpack: {error}") from None
        self._taken = self._unpacker.tell()
        if is_deeper(found, DEEPEST):
            raise BadFrame(f"more than {DEEPEST} levels")
        return found


def is_deeper(value: Any, limit: int) -> bool:
    """Return True if arrays and maps are nested deeper than `limit`; a map's keys contain none."""
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


class Count(int):
    """A count, which the real agent holds in a signed type."""


def encode(header: dict[str, Any], body: Any = None, is_signed: bool = False) -> bytes:
    """Encode a response header and its body, if any. `is_signed`: counts are written as Serf 0.10.2 does."""
    parts: bytes = msgpack.packb(header)
    if body is not None:
        parts += _encode_signed(body) if is_signed else msgpack.packb(body)
    return parts


def _encode_signed(value: Any) -> bytes:
    """Encode a body whose counts, in it or in its maps, are written as signed integers."""
    if isinstance(value, Count):
        return integer(value, True)
    if not isinstance(value, dict):
        packed: bytes = msgpack.packb(value)
        return packed
    pairs = (msgpack.packb(key) + _encode_signed(one) for key, one in value.items())
    header: bytes = msgpack.Packer().pack_map_header(len(value))
    return header + b"".join(pairs)


class BadBody(Exception):
    """A body that does not decode."""


def read_string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise BadBody("not a string")


def read_bytes(value: Any) -> bytes | None:
    """Read bytes, or None for nil, which some commands distinguish from empty bytes."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise BadBody("not bytes")


def read_bool(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadBody("not a boolean")


def whole_number(lowest: int, highest: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if value is None:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise BadBody("not a whole number in range")

    return read


def read_strings(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [read_string(one) for one in value]
    raise BadBody("not a list")


def read_string_map(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return {read_string(key): read_string(one) for key, one in value.items()}
    raise BadBody("not a map")


read_u8 = whole_number(0, 2**8 - 1)
read_u64 = whole_number(0, 2**64 - 1)
read_i32 = whole_number(-(2**31), 2**31 - 1)
read_i64 = whole_number(-(2**63), 2**63 - 1)

Fields = Mapping[str, Callable[[Any], Any]]


def read_body(value: Any, fields: Fields) -> dict[str, Any]:
    """Read every field of the command by name.

    Raises BadBody if one does not decode.
    """
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise BadBody("not a map")
    return {name: read(value.get(name)) for name, read in fields.items()}


class Header:
    """Header of the current request; a missing field keeps its last value, as in the real agent."""

    def __init__(self) -> None:
        self.command = ""
        self.seq = 0

    def read(self, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, dict):
            raise BadBody("not a map")
        if value.get("Command") is not None:
            self.command = read_string(value["Command"])
        if value.get("Seq") is not None:
            self.seq = read_u64(value["Seq"])
