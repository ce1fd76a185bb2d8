"""Latencies in files: numbers in a unit that is stated once, or text such as '118555 us'."""

from __future__ import annotations

import math
import re

# How many of the unit make a second. Dividing by a whole number keeps 29 ms the float nearest to
# 0.029, which multiplying by 0.001 does not.
PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ns": 1e9}
UNITS = ("us", "ms", "s")

_WITH_UNIT = re.compile(r"\s*([^\s]*?[\d.])\s*(ns|us|µs|μs|ms|s)\s*")


def quoted(value: object) -> str:
    """A value as a message shows it, on one line and not too long."""
    text = str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def read_latency(value: object, unit: str | None) -> float:
    """Seconds of a number in `unit`, or of text with a unit of its own. ValueError says what is wrong."""
    text = str(value).strip()
    match = _WITH_UNIT.fullmatch(text)
    number_text, own_unit = (match[1], match[2]) if match else (text, unit)
    try:
        number = float(number_text)
    except ValueError:
        raise ValueError(f"found {quoted(text)}; expected a latency such as '5 ms'") from None
    if not 0.0 <= number < math.inf:
        raise ValueError(f"found {quoted(text)}; expected a latency of at least 0")
    if own_unit is None:
        expected = "expected one in the file, or unit: us, ms or s"
        raise ValueError(f"found {quoted(text)} without a unit; {expected}")
    return number / PER_SECOND[own_unit]
