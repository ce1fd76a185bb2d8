"""A scenario from a seed: a cluster, chaos, then calm.

The chaos is a few faults and some work; after it nothing happens for long enough that all views can agree.
One seed gives one scenario, whatever was drawn before it.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML

from serfsim.base.errors import ScenarioError
from serfsim.checks import settle_time
from serfsim.scenario import units
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.model import Scenario
from serfsim.scenario.workload import WORKLOAD
from serfsim.study.swarm.clusters import Builder, Drawn
from serfsim.study.swarm.entries import draw_fault, draw_work, verbs_for
from serfsim.study.swarm.networks import draw_network

Sections = dict[str, Any]
SLACK_S: Final = 5.0
EARLY: Final = 0.12  # of the runs end soon after the chaos, while views still hold the dead
EARLY_S: Final = (1.0, 15.0)


class Profile(NamedTuple):
    """The sizes and times that are drawn.

    `sizes`: (chance, fewest, most members). `chaos_s`, `calm_s`: least and most seconds of either. `budget`:
    most members times seconds; a large cluster has a shorter calm. `faults`, `works`: the most of either.
    `hasty`: chance of short intervals of push/pulls and reconnects. A calm is as long as views need to agree
    (`serfsim.checks.settle_time`) where the budget allows that.
    """

    sizes: tuple[tuple[float, int, int], ...]
    chaos_s: tuple[float, float]
    calm_s: tuple[float, float]
    budget: float
    faults: int
    works: int
    hasty: float


FULL: Final = Profile(
    ((0.62, 2, 9), (0.25, 10, 25), (0.09, 26, 60), (0.03, 61, 120), (0.01, 121, 200)),
    (10.0, 60.0),
    (60.0, 240.0),
    6000.0,
    6,
    4,
    0.2,
)
SMALL: Final = Profile(((0.9, 2, 6), (0.1, 7, 12)), (8.0, 30.0), (40.0, 90.0), 600.0, 4, 3, 0.4)
PROFILES: Final[Mapping[str, Profile]] = {"full": FULL, "small": SMALL}


def draw(seed: int, profile: Profile = FULL) -> Sections:
    """Draw the scenario of a seed, in the words of a scenario file."""
    rng = random.Random(f"swarm {seed}")
    nodes = _size(rng, profile)
    chaos_s = round(rng.uniform(*profile.chaos_s), 1)
    calm_s = min(rng.uniform(*profile.calm_s), max(profile.calm_s[0], profile.budget / nodes))
    drawn: Drawn = Builder(random.Random(f"cluster {seed}"), nodes, chaos_s, profile.hasty).draw()
    stage = drawn.stage
    sections: Sections = {
        "name": f"swarm-{seed}",
        "seed": seed,
        "duration": "",
        "warm_up": rng.choice(("5s", "10s", "20s")),
        "cluster": drawn.section,
    }
    network = draw_network(random.Random(f"network {seed}"), stage.cast)
    if network:
        sections["network"] = network
    if rng.random() < 0.2:
        sections["record"] = {"coordinates": rng.choice(("none", "1s", "10s"))}
    chaos = random.Random(f"chaos {seed}")
    verbs = verbs_for(stage, FAULTS)
    count = chaos.randint(1, profile.faults)
    faults = [draw_fault(chaos, chaos.choice(verbs), stage, position) for position in range(count)]
    work_verbs = verbs_for(stage, WORKLOAD)
    works = [
        draw_work(chaos, chaos.choice(work_verbs), stage) for _ in range(chaos.randint(0, profile.works))
    ]
    settle_s = _settle_s(drawn.section)
    if nodes * settle_s <= profile.budget:
        calm_s = settle_s
    early = random.Random(f"end {seed}")
    if early.random() < EARLY:
        calm_s = early.uniform(*EARLY_S)
    sections["duration"] = units.write_duration(round(chaos_s + calm_s, 1))
    sections["faults"] = faults
    if works:
        sections["workload"] = works
    return sections


def _settle_s(cluster: Sections) -> float:
    """Return the seconds after which views agree; no limit for a cluster that is not valid."""
    try:
        return settle_time(Scenario(cluster=cluster)) + SLACK_S
    except ScenarioError:
        return math.inf


def _size(rng: random.Random, profile: Profile) -> int:
    where = rng.random()
    for chance, fewest, most in profile.sizes:
        if where < chance:
            return rng.randint(fewest, most)
        where -= chance
    return profile.sizes[0][1]


# As a file ---------------------------------------------------------------------------------------------

# Texts that YAML reads as texts without quotes.
_WORD: Final = re.compile(
    r"(?!(?:true|false|yes|no|on|off|null|none|y|n|inf|nan)$)[a-z][a-z0-9_.-]*", re.IGNORECASE
)
_QUANTITY: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:ns|us|ms|s|m|h|d|%|B|KiB|[kmg]bit)")
LISTS: Final = ("faults", "workload")


def scenario_text(sections: Sections) -> str:
    """Return a scenario file: a line for each section, and one for each fault and work."""
    lines = []
    for key, value in sections.items():
        if key in LISTS:
            lines += [f"{key}:", *(f"  - {flow_text(entry)}" for entry in value)]
        else:
            lines.append(f"{key}: {flow_text(value)}")
    return "\n".join(lines) + "\n"


def flow_text(value: Any) -> str:
    """Return a value on one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow_text(key)}: {flow_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    if isinstance(value, str) and (_WORD.fullmatch(value) or _QUANTITY.fullmatch(value)):
        return value
    return json.dumps(value)


def read_sections(text: str) -> Sections:
    """Read what `scenario_text` wrote."""
    found: Sections = YAML(typ="safe").load(text)
    return found
