"""Words that newcomers write are answered with what a scenario has for them."""

from __future__ import annotations

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.loading import loads
from serfsim.scenario.network import Network
from serfsim.scenario.other_words import FAULTS as WORDS
from serfsim.scenario.other_words import NETWORK, TOPOLOGY, topology_meant
from serfsim.scenario.topologies import TOPOLOGIES

MEANT = {
    "network: {latency: 80ms}": "t:1: network.latency: found an unknown key; expected topology,",
    "network: {topology: 80ms}": "network.topology.model: found '80ms'; expected a topology:",
    "network: {topology: uniform}": "did you mean {model: plane, rtt: 80ms}?",
    "network: {topology: {model: flat, rtt: 80ms}}": "did you mean {model: plane, rtt: 80ms}?",
    "faults: [{outage: [node-03], at: 1s}]": "did you mean crash?",
    "faults: [{firewall: udp, nodes: [node-03]}]": "did you mean block?",
    "faults: [{crash: [zone-1], at: 1s}]": "a group of cluster, such as groups: {zone-1: {nodes: 10}}?",
}


@pytest.mark.parametrize("text", MEANT)
def test_another_word_is_answered_with_ours(text: str) -> None:
    with pytest.raises(ScenarioError) as error:
        loads(text, "t")
    assert MEANT[text] in str(error.value)
    assert "did you mean" in str(error.value)


def test_a_duration_stands_for_members_that_are_all_as_far_apart() -> None:
    assert topology_meant("80ms") == "{model: plane, rtt: 80ms}"
    scenario = loads(f"network: {{topology: {topology_meant('80ms')}}}")
    assert scenario.network.topology.rtt == (0.080, 0.080)


def test_other_words_are_none_of_ours_and_lead_to_ours() -> None:
    assert not set(WORDS) & set(FAULTS)
    assert set(WORDS.values()) <= set(FAULTS)
    assert not set(TOPOLOGY) & set(TOPOLOGIES)
    assert not set(NETWORK) & set(Network.keys())


def test_a_misspelt_word_is_still_corrected() -> None:
    with pytest.raises(ScenarioError, match="did you mean jitter"):
        loads("network: {jiter: none}")
    with pytest.raises(ScenarioError, match="did you mean node-03"):
        loads("faults: [{crash: [nod-03], at: 1s}]")
