"""Kinds of values in messages, each with its form in msgpack (spec wire.md section 1)."""

from __future__ import annotations

from typing import Final, cast

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.wire.msgpack import (
    NIL_VALUE,
    array_header,
    boolean,
    double,
    integer,
    raw,
    text,
    unsigned,
)
from serfsim.protocol.wire.reader import LARGEST_LTIME, LARGEST_U32, Reader


@mypyc_attr(acyclic=True)
class Kind:
    """A kind of value. `size` is the number of bytes it takes, 0 where that depends on the value.

    Text, arrays and maps may also be given as the bytes that they are written in.
    """

    def __init__(self, size: i64 = 0) -> None:
        self.size: i64 = size

    def write(self, value: object, is_signed: bool) -> bytes:
        """Encode a value. `is_signed`: integers of signed types are written as such."""
        return cast(bytes, value)

    def read(self, reader: Reader) -> object:
        """Read a value. Raises WireError. The base class takes anything, and leaves it as it is written."""
        start = reader.at
        reader.skip()
        return reader.data[start : reader.at]


@mypyc_attr(acyclic=True)
class Unsigned(Kind):
    """An int from 0 to `largest`."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest = largest

    def write(self, value: object, is_signed: bool) -> bytes:
        return unsigned(cast(int, value))

    def read(self, reader: Reader) -> object:
        return int(reader.unsigned(self.largest))


@mypyc_attr(acyclic=True)
class Signed(Kind):
    """An int of a signed type. None that is written is negative; any that comes is read."""

    def write(self, value: object, is_signed: bool) -> bytes:
        return integer(cast(int, value), is_signed)

    def read(self, reader: Reader) -> object:
        return reader.integer()


@mypyc_attr(acyclic=True)
class Boolean(Kind):
    def write(self, value: object, is_signed: bool) -> bytes:
        return boolean(cast(bool, value))

    def read(self, reader: Reader) -> object:
        return reader.boolean()


@mypyc_attr(acyclic=True)
class Double(Kind):
    def write(self, value: object, is_signed: bool) -> bytes:
        return double(cast(float, value))

    def read(self, reader: Reader) -> object:
        return reader.double()


@mypyc_attr(acyclic=True)
class Text(Kind):
    def write(self, value: object, is_signed: bool) -> bytes:
        return value if isinstance(value, bytes) else text(cast(str, value))

    def read(self, reader: Reader) -> object:
        return reader.text()


@mypyc_attr(acyclic=True)
class Raw(Kind):
    """Bytes; `has_nil`: none are written as nil."""

    def __init__(self, has_nil: bool) -> None:
        super().__init__()
        self.has_nil = has_nil

    def write(self, value: object, is_signed: bool) -> bytes:
        data = cast(bytes, value)
        return NIL_VALUE if self.has_nil and len(data) == 0 else raw(data)

    def read(self, reader: Reader) -> object:
        return reader.raw()


@mypyc_attr(acyclic=True)
class Array(Kind):
    """A list of values of one kind; `has_nil`: an empty one is written as nil."""

    def __init__(self, of: Kind, has_nil: bool = False) -> None:
        super().__init__()
        self.of = of
        self.has_nil = has_nil

    def write(self, value: object, is_signed: bool) -> bytes:
        if isinstance(value, bytes):
            return value
        values = cast("list[object]", value)
        if self.has_nil and len(values) == 0:
            return NIL_VALUE
        return array_header(len(values)) + b"".join([self.of.write(one, is_signed) for one in values])

    def read(self, reader: Reader) -> object:
        values: list[object] = []
        count = reader.array_entries()
        while count > 0:
            count -= 1
            values.append(self.of.read(reader))
        return values


@mypyc_attr(acyclic=True)
class LTimes(Kind):
    """A map from names to Lamport times, read as a dict; given as it is written."""

    def read(self, reader: Reader) -> object:
        ltimes: dict[str, int] = {}
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            name = reader.text()
            ltimes[name] = int(reader.ltime())
        return ltimes


UNSIGNED: Final = Unsigned(LARGEST_U32)
BYTE: Final = Unsigned(255)
PORT: Final = Unsigned(65535)
LTIME: Final = Unsigned(LARGEST_LTIME)
INTEGER: Final = Signed()
DIGIT: Final = Signed(1)
BOOLEAN: Final = Boolean(1)
DOUBLE: Final = Double(9)
TEXT: Final = Text()
RAW: Final = Raw(False)
NULLABLE: Final = Raw(True)
LTIMES: Final = LTimes()
ANYTHING: Final = Kind()
