"""The figure `detection.flaps` beside the flaps that the members themselves count."""

from __future__ import annotations

from typing import Any

from serfsim import Scenario, Simulation
from serfsim.protocol.events import FLAP

# node-09 is failed and alive again all the time, node-08 comes back half a minute later.
FAULTS = [
    {"loss": {"udp": 0.95}, "nodes": ["node-09"], "at": "1s"},
    {"pause": ["node-08"], "at": "5s", "for": "40s"},
]
LONG_AT_SOME = {"few": {"nodes": ["node-00", "node-01"], "config": {"flap_timeout": "60s"}}}


def flaps(**cluster: Any) -> tuple[int, int]:
    """`detection.flaps`, and how many flaps the members reported in the scored time."""
    config = {"disable_tcp_pings": True, **cluster.pop("config", {})}
    scenario = Scenario(
        cluster={"nodes": 10, "config": config, **cluster}, duration="240s", warm_up="30s", faults=FAULTS
    )
    result = Simulation(scenario).run(lambda share: None)
    assert result.recording is not None
    events = result.recording.events
    return result.summary["detection"]["flaps"], int(((events.kind == FLAP) & (events.t >= 0.0)).sum())


def test_flaps_are_those_that_the_members_count_by_their_own_flap_timeout() -> None:
    long, short = flaps(), flaps(config={"flap_timeout": "1s"})
    mixed = flaps(config={"flap_timeout": "1s"}, groups=LONG_AT_SOME)
    for scored, counted in (long, short, mixed):
        assert scored == counted
    assert long[0] > mixed[0] > short[0]
