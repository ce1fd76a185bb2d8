"""Field lists of messages, from which fixed sizes, encoder and decoder follow (spec wire.md section 1).

A message is a prefix, such as its type byte, and a map from field names to values. `memberlist_fields` and
`serf_fields` hold the lists. Values to encode are in the order of the fields; None is an absent field.
"""

from __future__ import annotations

from typing import Final, cast

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.wire.kinds import Kind
from serfsim.protocol.wire.msgpack import map_header, text
from serfsim.protocol.wire.reader import Reader

HOLE: Final = Kind()  # stands for a value that `Schema.pieces` leaves out


@mypyc_attr(acyclic=True)
class Since(Kind):
    """A field that came in with a mechanism of `versions`: releases without that do not write it."""

    def __init__(self, mechanism: str, kind: Kind) -> None:
        super().__init__()
        self.mechanism = mechanism
        self.kind = kind


class Schema:
    """The fields of a map in the order of writing, that of their names, and what precedes it.

    `size` is the number of bytes besides the values of varying size, without fields that came in later.
    """

    def __init__(self, prefix: bytes, /, **fields: Kind) -> None:
        self.prefix = prefix
        self.names = list(fields)
        self.kinds: list[Kind] = []
        self.mechanisms: list[str] = []  # "" for fields of all releases
        for kind in fields.values():
            self.mechanisms.append(kind.mechanism if isinstance(kind, Since) else "")
            self.kinds.append(kind.kind if isinstance(kind, Since) else kind)
        self.labels = [text(name) for name in self.names]
        self.indices: dict[str, int] = {name: index for index, name in enumerate(self.names)}
        self._by_key: dict[bytes, int] = {name.encode(): index for index, name in enumerate(self.names)}
        self.head = prefix + map_header(len(fields))
        self.size: i64 = len(self.head) + self.extra("")

    def extra(self, mechanism: str) -> i64:
        """Return the bytes that the fields of a mechanism take besides their values of varying size."""
        size: i64 = 0
        for label, kind, needed in zip(self.labels, self.kinds, self.mechanisms, strict=True):
            if needed == mechanism:
                size += len(label) + kind.size
        return size

    def encode(self, values: list[object], is_signed: bool = False) -> bytes:
        """Encode prefix and map. `is_signed`: signed integers are written as the latest release does."""
        labels, kinds = self.labels, self.kinds
        count: i64 = len(labels)
        assert len(values) == count
        parts = [self.head]
        index: i64 = 0
        absent = 0
        while index < count:
            value = values[index]
            if value is None:
                absent += 1
            else:
                parts.append(labels[index])
                parts.append(kinds[index].write(value, is_signed))
            index += 1
        if absent > 0:
            parts[0] = self.prefix + map_header(count - absent)
        return b"".join(parts)

    def pieces(self, values: list[object]) -> list[bytes]:
        """Encode all fields in pieces, cut wherever a value is HOLE."""
        pieces = [self.head]
        for label, kind, value in zip(self.labels, self.kinds, values, strict=True):
            pieces[-1] += label
            if value is HOLE:
                pieces.append(b"")
            else:
                pieces[-1] += kind.write(value, False)
        return pieces

    def decode(self, reader: Reader) -> Values:
        """Read the map. Keys may stand in any order, be missing or unknown. Raises WireError."""
        return self.decode_entries(reader.map_entries(), reader)

    def decode_entries(self, entries: i64, reader: Reader) -> Values:
        """Read a map whose header has been read."""
        labels, kinds = self.labels, self.kinds
        count: i64 = len(labels)
        found = Values(self)
        index: i64 = 0  # of the field expected next
        while entries > 0:
            entries -= 1
            if index >= count or not reader.passes(labels[index]):
                index = self._by_key.get(reader.raw(), -1)
                if index < 0:
                    reader.skip()
                    index = 0
                    continue
            found.values[index] = kinds[index].read(reader)
            index += 1
        return found


@mypyc_attr(acyclic=True)
class Values:
    """The decoded fields of a map, by name. A missing one is zero or empty."""

    def __init__(self, schema: Schema) -> None:
        self._indices = schema.indices
        self.values: list[object] = [None] * len(schema.kinds)

    def _value(self, name: str) -> object:
        return self.values[self._indices[name]]

    def has(self, name: str) -> bool:
        return self._value(name) is not None

    def number(self, name: str) -> i64:
        """Return an unsigned number."""
        value = self._value(name)
        return i64(value) if isinstance(value, int) else 0

    def integer(self, name: str) -> int:
        """Return an integer of any size."""
        value = self._value(name)
        return value if isinstance(value, int) else 0

    def boolean(self, name: str) -> bool:
        return self._value(name) is True

    def double(self, name: str) -> float:
        value = self._value(name)
        return value if isinstance(value, float) else 0.0

    def text(self, name: str) -> str:
        value = self._value(name)
        return value if isinstance(value, str) else ""

    def raw(self, name: str) -> bytes:
        value = self._value(name)
        return value if isinstance(value, bytes) else b""

    def doubles(self, name: str) -> list[float]:
        return cast("list[float]", self._value(name) or [])

    def texts(self, name: str) -> list[str]:
        return cast("list[str]", self._value(name) or [])

    def raws(self, name: str) -> list[bytes]:
        return cast("list[bytes]", self._value(name) or [])

    def ltimes(self, name: str) -> dict[str, int]:
        return cast("dict[str, int]", self._value(name) or {})

    def struct(self, name: str, of: Schema) -> Values:
        value = self._value(name)
        return value if isinstance(value, Values) else Values(of)

    def slots(self, name: str) -> FilledSlots:
        value = self._value(name)
        return value if isinstance(value, FilledSlots) else FilledSlots(0)


@mypyc_attr(acyclic=True)
class Struct(Kind):
    """A nested map: written from its bytes, read as `Values`."""

    def __init__(self, of: Schema) -> None:
        super().__init__()
        self.of = of

    def read(self, reader: Reader) -> object:
        return self.of.decode(reader)


@mypyc_attr(acyclic=True)
class Slots(Kind):
    """An array of maps, most of which may be nil; given as it is written."""

    def __init__(self, of: Schema) -> None:
        super().__init__()
        self.of = of

    def read(self, reader: Reader) -> object:
        slots = FilledSlots(reader.array_entries())
        count = slots.count
        while count > 0:
            count -= 1
            entries = reader.map_entries()
            if entries > 0:
                slots.filled.append(self.of.decode_entries(entries, reader))
        return slots


@mypyc_attr(acyclic=True)
class FilledSlots:
    """The maps of `count` slots that are not empty."""

    def __init__(self, count: i64) -> None:
        self.count: i64 = count
        self.filled: list[Values] = []
