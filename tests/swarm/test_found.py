"""What swarms have found, as they shrank it: mended, or a behaviour that a checker knows by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import serfsim
from serfsim.checks import unexplained

D4 = "D4 incarnation overflow, spec/releases.md section 5"
TOLD_AGAIN = "accusations told again by regossip_accusations, the fix of D2, spec/releases.md section 5"
KEYS = """seed: 83
duration: 7s
warm_up: 100ms
cluster: {nodes: 2}
faults: [{freeze: 2, for: 3.4s}]
workload: [{keys: {remove: "AgICAgICAgICAgICAgICAg=="}}]
"""
WRAPPED = """seed: 32
duration: 3s
warm_up: 200ms
cluster: {nodes: [alfa, bravo, {name: charlie}]}
faults: [{forge: {dead: alfa, incarnation: 4294967295}, at: 2s}, {upgrade: [alfa], serf: "0.8.2"}]
"""
LATE_NACK = """seed: 38
duration: 6s
warm_up: 10s
cluster: {nodes: 8, profile: wan, groups: {red: {nodes: 3, profile: lan}}}
faults: [{latency: {factor: 3}}, {partition: [20%, rest]}]
"""
REGOSSIPED = """seed: 140
duration: 5s
warm_up: 2s
cluster: {nodes: 4}
faults:
  - {pause: 2, for: 100ms}
  - {pause: [node-00]}
  - {latency: {factor: 4}}
  - {reconfigure: 2, config: {regossip_accusations: true}}
"""
IN_HAND = """seed: 162
duration: 30s
warm_up: 1s
cluster: {nodes: 5, processing_delay: 30ms, groups: {red: {nodes: 2}}}
faults: [{crash: [red], at: 20s}, {pause: all, at: 18.9s}]
"""
SUSPECT_ALONE = """seed: 377
duration: 9s
warm_up: 100ms
cluster: {nodes: 2, serf: "0.7.0"}
faults: [{forge: {push_pull: {node-01: dead}}, from: node-01, every: 100ms}]
"""
OWN_NAME = """seed: 929
duration: 30s
warm_up: 200ms
cluster: {nodes: 2, version: "0.8.4"}
faults:
  - {interrupt: 10%, at: 15s, restart: 100ms}
  - {stall: [node-01], until: 16.2s}
  - {partition: [[node-00], rest], every: 3s, for: 2s}
"""


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (KEYS, set()),
        (WRAPPED, {D4}),
        (LATE_NACK, set()),
        (REGOSSIPED, {TOLD_AGAIN}),
        (IN_HAND, set()),
        (SUSPECT_ALONE, set()),
        (OWN_NAME, set()),
    ],
)
def test_what_a_swarm_found_is_mended_or_known(text: str, known: set[str], tmp_path: Path) -> None:
    file = tmp_path / "found.yaml"
    file.write_text(text, encoding="utf-8")
    violations = serfsim.run(serfsim.load(file), check=True).violations
    assert unexplained(violations) == []
    assert {violation.known for violation in violations} == known
