"""Mistakes in faults of packets, each one message with its place."""

from __future__ import annotations

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import loads


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        ("{duplicate: 5, nodes: all}", ["faults[0].duplicate: found 5", "did you mean '5%'"]),
        ("{reorder: 5%, nodes: all}", ["faults[0].reorder", "a mapping with share or by"]),
        ("{reorder: {share: 5%}, nodes: all}", ["faults[0].reorder.by: found nothing"]),
        ("{loss: {above: 1400B}, nodes: all}", ["faults[0].loss: found `above` alone"]),
        ("{loss: {udp: 100%, above: 1400}, between: [[node-9, rest]]}", ["between[0][0]", "node-09"]),
        ("{latency: {}, nodes: all}", ["faults[0].latency: found neither"]),
        ("{latency: {factor: 0.5}, nodes: all}", ["faults[0].latency.factor: found 0.5"]),
        ("{jitter: {model: paretto, scale: 1ms}, nodes: all}", ["jitter.model", "did you mean pareto"]),
        ("{bandwidth: 256, nodes: all}", ["faults[0].bandwidth: found 256", "1gbit"]),
        ("{no_route: icmp, nodes: all}", ["faults[0].no_route: found 'icmp'"]),
        ("{no_route: udp}", ["`nodes` or `between`"]),
        ("{no_route: udp, between: [[node-00, rest]], direction: in}", ["faults[0].direction"]),
    ],
)
def test_a_mistake_names_the_line_and_the_remedy(fault: str, parts: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 10}}\nfaults:\n- {fault}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3: ")
    assert all(part in message for part in parts), message
    assert len(message.splitlines()) == 1
