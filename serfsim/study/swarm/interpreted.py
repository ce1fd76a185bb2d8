"""A seed in the interpreted form, in a separate process: the network's rows, and the same digest.

    python -m serfsim.study.swarm.interpreted PROFILE SEED

prints what `examining.carry_out` answers, without shrinking, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from serfsim.speed import PURE
from serfsim.study.swarm.drawing import PROFILES, draw, read_sections, scenario_text
from serfsim.study.swarm.findings import FORMS, Finding, examine
from serfsim.study.swarm.rows import NETWORK


def examine_interpreted(profile: str, seed: int) -> dict[str, Any]:
    """Return digest and coverage of a seed in the interpreted form; {"error": ...} where that fails."""
    command = [sys.executable, "-m", __name__, profile, str(seed)]
    done = subprocess.run(command, env={**os.environ, PURE: "1"}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"error": (done.stderr.splitlines() or ["no message"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def with_interpreted(answer: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of a seed with the network's rows, and a finding where the two forms differ."""
    findings = list(answer["findings"])
    if other.get("digest") != answer["digest"]:
        text = other.get("error") or f"digest {other['digest']}, compiled {answer['digest']}"
        findings.append(list(Finding(FORMS, text)))
    again = other.get("coverage", {}).get("row", {})
    of_network = {row: count for row, count in again.items() if row.startswith(tuple(NETWORK))}
    coverage = {**answer["coverage"], "row": {**answer["coverage"].get("row", {}), **of_network}}
    return {**answer, "findings": findings, "coverage": coverage, "interpreted": True}


def main(arguments: Sequence[str]) -> None:
    profile, seed = arguments
    seen = examine(read_sections(scenario_text(draw(int(seed), PROFILES[profile]))))
    print(json.dumps({"digest": seen.digest, "coverage": seen.coverage}))


if __name__ == "__main__":
    main(sys.argv[1:])
