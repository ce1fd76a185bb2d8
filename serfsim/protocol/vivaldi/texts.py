"""Coordinates in Serf's own words: `serf rtt`, and why an update was refused (spec sections 3 and 5)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.vivaldi.client import DIMENSION_MISMATCH, INVALID_COORDINATE, RTT_OUT_OF_RANGE
from serfsim.protocol.vivaldi.coordinate import SECOND, in_seconds

# {rtt} is the duration refused, {limit} the longest allowed; the last text ends in a space.
REJECT_TEXTS: Final[dict[int, str]] = {
    DIMENSION_MISMATCH: "dimensions aren't compatible",
    INVALID_COORDINATE: "coordinate is invalid",
    RTT_OUT_OF_RANGE: "round trip time not in valid range, duration {rtt} is not a positive value "
    "less than {limit} ",
}

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


def reject_text(reject: i64, rtt_ns: i64, limit_ns: i64 = 10 * SECOND) -> str:
    """Return the library's error for a reject code of `Client.update`."""
    text = REJECT_TEXTS[reject]
    return text.replace("{rtt}", duration_text(rtt_ns)).replace("{limit}", duration_text(limit_ns))


def rtt_text(ns: i64) -> str:
    """Return an estimate as `serf rtt` shows it."""
    return "%.3f ms" % (in_seconds(ns) * 1000.0)


def estimate_text(a_name: str, b_name: str, ns: i64) -> str:
    """Return the line that `serf rtt A B` prints."""
    return f"Estimated {a_name} <-> {b_name} rtt: {rtt_text(ns)}"


def unknown_node_text(name: str) -> str:
    """Return the error of `serf rtt` for a node without a coordinate."""
    return f'Could not find a coordinate for node "{name}"'


def duration_text(ns: i64) -> str:
    """As Go writes a Duration: 0s, 1.5ms, 10.000000001s, 1h2m3s."""
    if ns < 0:
        # As a plain int, since the lowest of 64 bits has no opposite.
        return "-" + _span_text(-int(ns))
    return _span_text(int(ns))


def _span_text(ns: int) -> str:
    if ns == 0:
        return "0s"
    if ns < 1000:
        return f"{ns}ns"
    if ns < 1_000_000:
        return _decimal(ns, 1000) + "µs"
    if ns < SECOND:
        return _decimal(ns, 1_000_000) + "ms"
    text = _decimal(ns % MINUTE, SECOND) + "s"
    if ns >= MINUTE:
        text = f"{ns % HOUR // MINUTE}m" + text
    if ns >= HOUR:
        text = f"{ns // HOUR}h" + text
    return text


def _decimal(ns: int, unit: int) -> str:
    """`ns` in units, exactly, without zeros at the end."""
    whole, rest = divmod(ns, unit)
    if rest == 0:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}." + str(rest).rjust(digits, "0").rstrip("0")
