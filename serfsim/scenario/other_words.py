"""Words that people write for a key, a topology or a fault, and what a scenario has for each.

`nearest` finds slips of the pen; these are other names for the same thing, which no spelling is near.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

APART: Final = "topology: {model: plane, rtt: 80ms}"
NETWORK: Final[Mapping[str, str]] = dict.fromkeys(("latency", "rtt", "delay", "ping", "round_trip"), APART)
TOPOLOGY: Final[Mapping[str, str]] = dict.fromkeys(
    ("uniform", "constant", "fixed", "flat", "full", "mesh", "lan", "wan"), "{model: plane, rtt: 80ms}"
)
FAULTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("outage", "kill", "fail", "down", "die", "power_loss", "zone", "stop"), "crash"),
    **dict.fromkeys(("firewall", "deny", "reject", "blackhole"), "block"),
    **dict.fromkeys(("drop", "packet_loss", "lossy"), "loss"),
    **dict.fromkeys(("delay", "rtt", "lag"), "latency"),
    **dict.fromkeys(("hang", "gc", "sleep", "sigstop"), "pause"),
    **dict.fromkeys(("suspend", "migrate", "migration", "vm_freeze"), "freeze"),
    **dict.fromkeys(("hang_io", "stuck", "blocked", "deadlock", "lifeguard", "anomaly"), "stall"),
    **dict.fromkeys(("skew", "drift", "clock_skew", "time", "ntp"), "clock"),
    **dict.fromkeys(("split", "netsplit", "isolate"), "partition"),
    **dict.fromkeys(("overload", "cpu", "busy"), "slow"),
    **dict.fromkeys(("shutdown", "exit"), "leave"),
    **dict.fromkeys(("configure", "settings", "rolling_restart"), "reconfigure"),
}
_PLACE: Final = re.compile(r"(zone|rack|region|dc|az|datacenter|site)[-_ ]?\w*", re.IGNORECASE)
_DURATION: Final = re.compile(r"\d+(\.\d+)?(us|ms|s)")


def topology_meant(value: object) -> str | None:
    """Return the topology that a bare duration or another word stands for."""
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return f"{{model: plane, rtt: {value}}}"
    return TOPOLOGY.get(value.lower()) if isinstance(value, str) else None


def is_place(name: str) -> bool:
    """Return True if a name sounds like a place of a topology, which faults reach by a group."""
    return _PLACE.fullmatch(name) is not None
