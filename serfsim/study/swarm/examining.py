"""One seed in a worker: draw, examine, shrink. Inputs and answers are small and plain, as of a sweep."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from serfsim.study.swarm.drawing import PROFILES, Sections, draw, read_sections, scenario_text
from serfsim.study.swarm.findings import ENDLESS, ERROR, INVALID, Examined, Finding, examine
from serfsim.study.swarm.shrinking import file_text, shrink
from serfsim.study.swarm.values import UnknownType
from serfsim.study.sweeps.keys import code_version, package_digest
from serfsim.study.sweeps.worker import OTHER_CODE, Answer


@cache
def swarm_version() -> str:
    """Return the version of the code that verdicts depend on: the simulator's, and the swarm's own."""
    return f"{code_version()}+{package_digest((), 'study/swarm/')}"


def carry_out(profile: str, seed: int, code: str) -> Answer:
    """Draw the scenario of a seed and examine it; shrink it where it fails.

    `code` is the caller's version: a worker with another one refuses.
    """
    if code != swarm_version():
        return {"status": OTHER_CODE, "code": swarm_version()}
    began = time.process_time()
    try:
        sections = read_sections(scenario_text(draw(seed, PROFILES[profile])))
    except UnknownType as error:
        finding = Finding(f"{ERROR}: {type(error).__name__}", str(error))
        return {"findings": [list(finding)], "coverage": {}}
    seen = examine(sections)
    shrunk = _shrink(sections, seen) if seen.rules else ""
    nodes: Any = sections["cluster"]["nodes"]
    return {
        "findings": [list(one) for one in _first_of_each(seen)],
        "coverage": {kind: dict(counts) for kind, counts in seen.coverage.items()},
        "shrunk": shrunk,
        "nodes": nodes if isinstance(nodes, int) else len(nodes),
        "cpu_s": round(time.process_time() - began, 4),
        "digest": seen.digest,
    }


def _first_of_each(seen: Examined) -> list[Finding]:
    """Return the first finding of each rule and known behaviour: a rule may be broken a thousand times."""
    return list({(one.rule, one.known): one for one in reversed(seen.findings)}.values())[::-1]


def _shrink(sections: Sections, seen: Examined) -> str:
    """Return the text of the smallest scenario that breaks the first rule that this one breaks."""
    rule = next(one.rule for one in seen.findings if not one.known)
    if rule == INVALID:
        return file_text({key: value for key, value in sections.items() if key != "name"}, rule)
    tries = 5 if rule == ENDLESS else None
    found = shrink(
        sections,
        lambda smaller: rule in examine(smaller).rules,
        **({} if tries is None else {"most_tries": tries}),
    )
    return file_text(found.sections, rule)
