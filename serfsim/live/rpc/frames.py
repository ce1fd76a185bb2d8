"""msgpack objects out of a stream of bytes, and back.

A client may send what it likes in pieces of any size. What is too large, too deep or no msgpack ends the
connection, as in the real agent; strings that are no UTF-8 are read with replacement characters.
"""

from __future__ import annotations

from typing import Any, Final

import msgpack

LARGEST_FRAME: Final = 256 * 1024  # bytes of one object; no request that can succeed has more than a few KiB
LONGEST_LIST: Final = 4096  # entries of one array or map
DEEPEST: Final = 16  # arrays and maps within one another

NOTHING: Final = object()
"""What `Frames.next` gives while no object is complete."""


class BadFrame(Exception):
    """These bytes are no object that may be sent here."""


class Frames:
    """Feed it bytes, take objects."""

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
        """To be called when `next` gives NOTHING. BadFrame for an object that is too large."""
        self._fed += len(data)
        if self._fed - self._taken > LARGEST_FRAME:
            raise BadFrame(f"more than {LARGEST_FRAME} bytes")
        self._unpacker.feed(data)

    def next(self) -> Any:
        """The next object, or NOTHING. BadFrame for what is none."""
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
    """A response header, and what follows it unless that is None."""
    parts: bytes = msgpack.packb(header)
    if body is not None:
        parts += msgpack.packb(body)
    return parts
