"""Latencies in files: numbers in a unit stated once, or text such as '118555 us'.

A length of fibre ('120 km') is the latency of light in it.
"""

from __future__ import annotations

import math
import re

from serfsim.topology.fibre import fibre_s

# Units per second. Dividing by a whole number makes 29 ms the float nearest to 0.029, which
# multiplying by 0.001 does not.
PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ns": 1e9}
UNITS = ("us", "ms", "s")
KM = {"km": 1.0, "mi": 1.609344, "m": 1e-3}  # in text, "m" is a metre; no link takes minutes

_WITH_UNIT = re.compile(r"\s*([^\s]*?[\d.])\s*(ns|us|µs|μs|ms|s|km|mi|m)\s*")
_LENGTH_NAME = re.compile(r"(.*_)?(dist|distance|length|len|km|miles|metres|meters)(_.*)?", re.IGNORECASE)


def default_unit(attribute: str) -> str | None:
    """Return ms for a latency; None for an attribute named like a length, whose unit is unknown."""
    return None if _LENGTH_NAME.fullmatch(attribute) else "ms"


def quote_value(value: object) -> str:
    """Quote a value for a message, on one line and not too long."""
    return f"'{shorten_value(value)}'"


def shorten_value(value: object) -> str:
    """Shorten a value for a message without quotes, for numbers."""
    try:
        text = str(value)
    except ValueError:  # Python does not format integers of more than 4300 digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_latency(value: object, unit: str | None) -> float:
    """Return seconds of a number in `unit`, or of text with its own unit of time or length.

    Raises ValueError with the reason, also for a bare number if `unit` is None.
    """
    text = str(value).strip()
    match = _WITH_UNIT.fullmatch(text)
    number_text, own_unit = (match[1], match[2]) if match else (text, unit)
    try:
        number = float(number_text)
    except ValueError:
        raise ValueError(f"found {quote_value(text)}; expected a latency such as '5 ms'") from None
    if not 0.0 <= number < math.inf:
        raise ValueError(f"found {quote_value(text)}; expected a latency of at least 0")
    if own_unit is None:
        expected = "expected one beside it, or unit: us, ms, s, km or mi"
        raise ValueError(f"found {quote_value(text)} without a unit; {expected}")
    if own_unit in KM:
        return fibre_s(number * KM[own_unit])
    return number / PER_SECOND[own_unit]


def read_loss(value: object) -> float:
    """Return the share of packets lost, 0 to 1, from a number or text such as '5%'. Raises ValueError."""
    text = str(value).strip()
    try:
        share = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        share = math.nan
    if isinstance(value, bool) or not 0.0 <= share <= 1.0:
        raise ValueError(f"found {quote_value(text)}; expected a share of lost packets such as 0.05 or '5%'")
    return share
