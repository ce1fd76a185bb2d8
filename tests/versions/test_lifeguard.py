"""Lifeguard's three parts alone and together, as in its paper (arXiv 1707.00788, Table IV)."""

from __future__ import annotations

import pytest

import serfsim

PARTS = ("lha_probe", "lha_suspicion", "buddy")
WITH = {
    "swim": (False, False, False),
    "probe": (True, False, False),
    "suspicion": (False, True, False),
    "buddy": (False, False, True),
    "lifeguard": (True, True, True),
}


def false_positives(parts: tuple[bool, bool, bool], seed: int) -> int:
    """Failed events about healthy members while six of forty take 0.4 s over every packet."""
    config = dict(zip(PARTS, parts, strict=True)) | {"suspicion_mult": 5}
    scenario = serfsim.Scenario(
        duration="90s",
        warm_up="10s",
        cluster={"nodes": 40, "config": config},
        network={"topology": {"model": "line", "spacing": "0.1ms"}},
        faults=[{"slow": {"nodes": 6, "processing_delay": "400ms"}, "at": "5s"}],
        record={"coordinates": "none"},
    )
    found = serfsim.run(scenario, seed=seed).summary["detection"]["lifeguard"]["false_positives"]
    assert isinstance(found, int)
    return found


@pytest.mark.slow
def test_score_and_suspicion_help_alone_and_together_far_more_and_the_buddy_alone_does_not() -> None:
    # The paper stops its slow members in another way, so that figures cannot be compared: there 68 %, 3 %,
    # 94 % and 1.5 % of SWIM's false positives are left; here, over ten seeds, 11 %, 7 %, 100 % and 0.6 %.
    seeds = (1, 2, 3)
    counts = {name: sum(false_positives(parts, seed) for seed in seeds) for name, parts in WITH.items()}
    swim = counts["swim"]
    assert swim > 500
    assert counts["lifeguard"] < 0.02 * swim
    assert counts["lifeguard"] < 0.25 * counts["suspicion"]
    assert counts["lifeguard"] < 0.25 * counts["probe"]
    assert counts["suspicion"] < 0.3 * swim
    assert counts["probe"] < 0.3 * swim
    assert 0.8 * swim < counts["buddy"] < 1.3 * swim
