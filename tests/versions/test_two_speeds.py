"""All releases at once give the same digest compiled and interpreted."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim.speed import is_compiled
from tests.engine.test_two_speeds import summary_of

SCENARIO = """
duration: 60s
warm_up: 10s
cluster:
  nodes: 21
  config: {protocol_version: 4}
  groups:
    a: {nodes: 3, version: "0.6"}
    b: {nodes: 3, version: "0.7"}
    c: {nodes: 3, version: "0.8"}
    d: {nodes: 3, version: "0.8.1"}
    e: {nodes: 3, version: "0.8.2"}
    f: {nodes: 3, version: latest}
network:
  topology: {model: plane, size: 40ms, height: 500us..5ms}
  loss: {udp: 12%}
faults:
  - {crash: [node-04], at: 5s, restart: 30s}
  - {block: udp, nodes: [node-09], direction: in, at: 5s, for: 40s}
  - {leave: [node-15], at: 30s}
  - {upgrade: [a, b], to: "0.9", at: 35s, apart: 3s}
workload:
  - {event: deploy, from: node-00, at: 3s, every: 10s, times: 4}
  - {query: uptime, from: node-13, relay_factor: 1, at: 8s, every: 10s, times: 4}
"""


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_both_forms_of_all_releases_give_the_same_digest(tmp_path: Path) -> None:
    scenario = tmp_path / "releases.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    compiled = summary_of(scenario, tmp_path / "compiled", pure=False)
    plain = summary_of(scenario, tmp_path / "plain", pure=True)
    assert (compiled["versions"]["compiled"], plain["versions"]["compiled"]) == (True, False)
    assert compiled["digest"] == plain["digest"]
    assert (
        compiled["serf_releases"]
        == plain["serf_releases"]
        == {
            "start": {"0.6": 3, "0.7": 3, "0.8": 3, "0.8.1": 3, "0.8.2": 3, "0.9": 3, "latest": 3},
            "end": {"0.8": 3, "0.8.1": 3, "0.8.2": 3, "0.9": 9, "latest": 3},
        }
    )
