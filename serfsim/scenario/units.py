"""Quantities as people write them: '500ms', '5%', '1KiB', '1gbit', '2ms..10ms'.

Inside, a duration is seconds, a share is 0 to 1, a size is bytes and a bandwidth is bits a second.
Each kind has a reader and a writer that undo each other exactly: reading goes through `Decimal`, so
that '0.1s' is the float nearest to 0.1, and writing starts from Python's shortest repr of the float.

A duration without a unit is refused: seconds and milliseconds look alike. So is a bare share above
1. A bare size is bytes; nothing else it could be.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, Strict
from pydantic_core import CoreSchema

from serfsim.scenario.problems import invalid

_BOUNDS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
PART: Final = "x-part"
"""In a `Kind`'s schema: {PART: NAME} stands for the schema of the part with this name."""


@dataclass(frozen=True, eq=False)  # Annotated hashes what it holds, and a schema is a mapping
class Kind:
    """The values of a type in words, and as JSON Schema; part of the type's annotation.

    `schema` describes what an author writes; None where pydantic's own schema of the type does.
    """

    text: str
    schema: Mapping[str, Any] | None = None

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # Bounds beyond a reader of ours carry pydantic's names.
        own = {_BOUNDS.get(key, key): value for key, value in handler(core_schema).items()}
        if self.schema is None:
            return own
        bounds = {bound: own[bound] for bound in _BOUNDS.values() if bound in own}
        schema: dict[str, Any] = {**self.schema, **bounds}
        # For the editor, which would show the pattern.
        return {**schema, "patternErrorMessage": f"expected {self.text}"} if "pattern" in schema else schema


_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_DURATION = re.compile(rf"([-+]?)((?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h|d))+)")
_DURATION_PART = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|s|m|h|d)")
_SHARE = re.compile(rf"({_NUMBER})\s*%")
_SIZE = re.compile(rf"({_NUMBER})\s*([a-zA-Z]+)")
_BANDWIDTH = re.compile(rf"({_NUMBER})\s*([a-zA-Z]+?)(?:/s|ps)?")

SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
LONGEST_TEXT = 1200  # characters of a quantity: the smallest float has 325 behind the point
MOST_DIGITS = 30  # before the point
LARGEST_COUNT = 2**31 - 1
LARGEST_NUMBER = 1e15
SLOWEST_BITS, FASTEST_BITS = 1.0, 1e15
SLOWEST_CLOCK, FASTEST_CLOCK = 0.01, 100.0
LONGEST_S = 365.0 * 86400.0
BYTES = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2}
BITS = {"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9, "tbit": 10**12}
_BITS_SHORT = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}  # as in "100Mbps"


def read_decimal(number: str, value: object) -> Decimal:
    """Return the number that is part of `value`; refuse numbers beyond anything measurable."""
    try:
        read = Decimal(number) if len(number) <= LONGEST_TEXT else None
    except InvalidOperation:
        read = None
    if read is None or (read and not -400 <= read.adjusted() <= MOST_DIGITS):
        raise invalid(f"a number of at most {MOST_DIGITS} digits before the point", value)
    return read


def read_duration(value: object) -> float:
    """Seconds of '90s', '1m30s' or '500us'; not negative."""
    seconds = read_signed_duration(value)
    if seconds < 0.0:
        raise invalid("a duration that is not negative", value)
    return seconds


def read_signed_duration(value: object) -> float:
    """Seconds of a duration that may be negative."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER:
        raise invalid(f"a duration with a unit (us, ms, s, m, h, d): write '{value}s'", value)
    if not isinstance(value, str):
        raise invalid("a duration such as '500ms', '5s' or '2m'", value)
    text = value.strip()
    if len(text) > LONGEST_TEXT:
        raise invalid(f"a duration of at most {LONGEST_TEXT} characters", value)
    match = _DURATION.fullmatch(text)
    if match is None:
        if re.fullmatch(rf"[-+]?{_NUMBER}", text):
            raise invalid(f"a duration with a unit (us, ms, s, m, h, d): write '{text}s'", value)
        raise invalid("a duration such as '500ms', '5s' or '2m' (units us, ms, s, m, h, d)", value)
    parts = _DURATION_PART.findall(match[2])
    total = sum(read_decimal(number, value) * SECONDS[unit] for number, unit in parts)
    seconds = float(-total if match[1] == "-" else total)
    if abs(seconds) > LONGEST_S:
        raise invalid(f"a duration of at most a year, {write_duration(LONGEST_S)}", value)
    return seconds + 0.0  # no negative zero


def write_duration(seconds: float) -> str:
    """Write the shortest of the common units that reads back as the same float."""
    exact = Decimal(repr(float(seconds)))
    if exact == 0:
        return "0s"
    for unit, least in (("d", 2), ("h", 1), ("m", 1)):  # a day is 24h, as in memberlist's own settings
        if abs(exact) >= least * SECONDS[unit] and exact % SECONDS[unit] == 0:
            return f"{_plain(exact / SECONDS[unit])}{unit}"
    for unit in ("s", "ms", "us"):
        if abs(exact) >= SECONDS[unit]:
            return f"{_plain(exact / SECONDS[unit])}{unit}"
    return f"{_plain(exact / SECONDS['ns'])}ns"


def read_share(value: object) -> float:
    """0 to 1, from '5%' or 0.05."""
    expected = "a share between 0 and 1: '5%' or 0.05"
    if isinstance(value, str) and (match := _SHARE.fullmatch(value.strip())):
        share = float(read_decimal(match[1], value) / 100)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value) if abs(value) <= LARGEST_NUMBER else math.inf
    else:
        raise invalid(expected, value)
    if not 0.0 <= share <= 1.0:
        meant = f"'{value}%'" if not isinstance(value, str) and 1 < share <= 100 else None
        raise invalid(expected, value, meant=meant)
    return share


def write_share(share: float) -> str:
    """In percent."""
    return f"{_plain(Decimal(repr(float(share))) * 100)}%"


def read_size(value: object) -> int:
    """Bytes of '100B', '1KiB', '1kB' or a bare whole number."""
    expected = f"a size such as '100B' or '1KiB' (units {', '.join(BYTES)})"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT:
        return value
    if not isinstance(value, str):
        raise invalid(expected, value)
    match = _SIZE.fullmatch(value.strip())
    if match is None or match[2] not in BYTES:
        raise invalid(expected, value)
    size = read_decimal(match[1], value) * BYTES[match[2]]
    if size > LARGEST_COUNT:
        raise invalid("a size below 2 GiB", value)
    if size != int(size):
        raise invalid("a whole number of bytes", value)
    return int(size)


def write_size(size: int) -> str:
    """In KiB or MiB where that is whole."""
    for unit in ("MiB", "KiB"):
        if size and size % BYTES[unit] == 0:
            return f"{size // BYTES[unit]}{unit}"
    return f"{size}B"


def read_bandwidth(value: object) -> float:
    """Bits a second of '1gbit', '100mbit', '10Mbps'."""
    expected = f"a bandwidth such as '1gbit' or '100mbit' (units {', '.join(BITS)})"
    if not isinstance(value, str):
        raise invalid(expected, value)
    match = _BANDWIDTH.fullmatch(value.strip())
    unit = match[2].lower() if match else ""
    factor = BITS.get(unit) or (_BITS_SHORT.get(unit) if "B" not in value else None)
    if match is None or factor is None:
        raise invalid(expected, value)
    bits = float(read_decimal(match[1], value) * factor)
    if not SLOWEST_BITS <= bits <= FASTEST_BITS:
        slowest, fastest = write_bandwidth(SLOWEST_BITS), write_bandwidth(FASTEST_BITS)
        raise invalid(f"a bandwidth of {slowest} to {fastest}", value)
    return bits


def write_bandwidth(bits: float) -> str:
    """In the largest unit that fits."""
    exact = Decimal(repr(float(bits)))
    for unit in ("gbit", "mbit", "kbit"):
        if exact >= BITS[unit]:
            return f"{_plain(exact / BITS[unit])}{unit}"
    return f"{_plain(exact)}bit"


def is_address(text: str) -> bool:
    """Tell whether a text is HOST:PORT, an IPv6 address in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        return False
    if not host.startswith("["):
        return re.fullmatch(r"[A-Za-z0-9._-]+", host) is not None
    try:
        ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return host.endswith("]")


def read_span(value: object) -> tuple[float, float]:
    """(low, high) in seconds of '2ms..10ms'; a single '5ms' is both."""
    if isinstance(value, str) and ".." in value:
        low_text, high_text = value.split("..", 1)
        low, high = read_duration(low_text.strip()), read_duration(high_text.strip())
    elif isinstance(value, (list, tuple)) and len(value) == 2:
        low, high = read_duration(value[0]), read_duration(value[1])
    else:
        low = high = read_duration(value)
    if low > high:
        raise invalid("a range whose low end comes first, such as '2ms..10ms'", value)
    return low, high


def write_span(span: tuple[float, float]) -> str:
    """'low..high'."""
    return f"{write_duration(span[0])}..{write_duration(span[1])}"


def _plain(number: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_positive_duration(value: object) -> float:
    """Seconds of a duration of more than 0."""
    seconds = read_duration(value)
    if seconds <= 0.0:
        raise invalid("a duration of more than nothing", found=f"'{write_duration(seconds)}'")
    return seconds


def read_clock_rate(value: object) -> float:
    """Read the seconds that a clock shows in a true second, '1.02' for one that gains 2 %."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not SLOWEST_CLOCK <= float(value) <= FASTEST_CLOCK:  # type: ignore[arg-type]
        stands = is_number and value == 0
        meant = "the fault freeze, in which a clock stands still" if stands else None
        expected = f"a rate from {SLOWEST_CLOCK:g} to {FASTEST_CLOCK:g}, 1 for a clock that is right"
        raise invalid(expected, value, meant=meant)
    return float(value)  # type: ignore[arg-type]


_DURATION_TEXT = rf"(?:{_NUMBER}(?:ns|us|µs|μs|ms|s|m|h|d))+"
DURATION_SCHEMA: Final = {"type": "string", "pattern": rf"^\s*[+]?{_DURATION_TEXT}\s*$"}
"""Durations as JSON Schema; like all patterns here in what ECMAScript and Python have in common."""
POSITIVE_SCHEMA: Final = {"type": "string", "pattern": rf"^(?=[^1-9]*[1-9])\s*[+]?{_DURATION_TEXT}\s*$"}
_SIGNED_SCHEMA: Final = {"type": "string", "pattern": rf"^\s*[-+]?{_DURATION_TEXT}\s*$"}
SHARE_TEXT: Final = rf"{_NUMBER}\s*%"
SHARE_SCHEMA: Final = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": rf"^\s*{SHARE_TEXT}\s*$"},
    ]
}
_SPAN_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": rf"^\s*{_DURATION_TEXT}\s*(?:\.\.\s*{_DURATION_TEXT}\s*)?$"},
        {"type": "array", "items": DURATION_SCHEMA, "minItems": 2, "maxItems": 2},
    ]
}
_SIZE_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT},
        {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*(?:{'|'.join(BYTES)})\s*$"},
    ]
}
_BANDWIDTH_SCHEMA: Final = {
    "type": "string",
    "pattern": rf"^\s*{_NUMBER}\s*(?:[kKmMgGtT]?[bB][iI][tT]|[kKmMgG]?b)(?:/s|ps)?\s*$",
}

Duration = Annotated[
    float,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration),
    Kind("a duration such as 500ms, 5s or 2m", DURATION_SCHEMA),
]
"""Seconds, not negative."""
PositiveDuration = Annotated[
    float,
    BeforeValidator(read_positive_duration),
    PlainSerializer(write_duration),
    Kind("a duration of more than 0, such as 500ms, 5s or 2m", POSITIVE_SCHEMA),
]
"""Seconds, more than 0."""
SignedDuration = Annotated[
    float,
    BeforeValidator(read_signed_duration),
    PlainSerializer(write_duration),
    Kind("a duration such as 500ms or -5s", _SIGNED_SCHEMA),
]
"""Seconds, of either sign."""
Span = Annotated[
    tuple[float, float],
    BeforeValidator(read_span),
    PlainSerializer(write_span),
    Kind("a duration or a range such as 2ms..10ms", _SPAN_SCHEMA),
]
"""(low, high) in seconds."""
Share = Annotated[
    float,
    BeforeValidator(read_share),
    PlainSerializer(write_share),
    Kind("a share such as 5% or 0.05", SHARE_SCHEMA),
]
"""0 to 1."""
Size = Annotated[
    int,
    BeforeValidator(read_size),
    PlainSerializer(write_size),
    Kind("a size such as 100B or 1KiB", _SIZE_SCHEMA),
]
"""Bytes."""
Bandwidth = Annotated[
    float,
    BeforeValidator(read_bandwidth),
    PlainSerializer(write_bandwidth),
    Kind("a bandwidth such as 1gbit or 100mbit", _BANDWIDTH_SCHEMA),
]
"""Bits a second."""
Count = Annotated[int, Strict(), Field(ge=0, le=LARGEST_COUNT), Kind("a whole number from 0")]
"""A whole number from 0."""
Positive = Annotated[int, Strict(), Field(ge=1, le=LARGEST_COUNT), Kind("a whole number from 1")]
"""A whole number from 1."""
ClockRate = Annotated[
    float,
    BeforeValidator(read_clock_rate),
    Kind(
        f"a rate such as 1.02, from {SLOWEST_CLOCK:g} to {FASTEST_CLOCK:g}",
        {"type": "number", "minimum": SLOWEST_CLOCK, "maximum": FASTEST_CLOCK},
    ),
]
"""Seconds that a clock shows in a true second."""
Number = Annotated[
    float, Strict(), Field(allow_inf_nan=False, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER), Kind("a number")
]
"""A number of ordinary size."""


def duration_between(low: float, high: float, *, zero: bool = False) -> BeforeValidator:
    """Return a reader of durations within bounds, seconds; `zero` allows 0, which turns a feature off."""

    def read(value: object) -> float:
        seconds = read_duration(value)
        if not (low <= seconds <= high or (zero and seconds == 0.0)):
            also = ", or 0s" if zero else ""
            expected = f"a duration of {write_duration(low)} to {write_duration(high)}{also}"
            raise invalid(expected, value if isinstance(value, str) else f"{seconds}s")
        return seconds

    return BeforeValidator(read)


Switch = Annotated[bool, Strict(), Kind("true or false")]
"""true or false; nothing else."""
