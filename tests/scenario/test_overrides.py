"""Changing single values: --set on the command line and `with_settings` in Python."""

from __future__ import annotations

import pytest

from serfsim.base.errors import ScenarioError
from serfsim.scenario import Scenario, loads
from serfsim.scenario.overrides import read_path

TEXT = "cluster: {nodes: 5}\nfaults:\n- {crash: [node-01], at: 5s}\n- {crash: [node-02], at: 6s}\n"


def test_both_ways_to_write_an_index_mean_the_same() -> None:
    assert read_path("faults[1].at") == read_path("faults.1.at") == ("faults", 1, "at")


def test_a_value_is_read_as_yaml_and_put_where_the_path_says() -> None:
    settings = ["faults[1].at=9s", "cluster.config={probe_interval: 2s}", "network.loss.udp=5%", "seed=7"]
    scenario = loads(TEXT, settings=settings)
    assert [fault.at for fault in scenario.faults] == [5.0, 9.0]
    assert scenario.cluster.config.probe_interval == 2.0
    assert scenario.network.loss.udp == 0.05
    assert scenario.seed == 7


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("faults[2].at=1s", "--set faults[2].at=1s: faults: found [2]; expected an index from 0 to 1"),
        ("faults.at=1s", "--set faults.at=1s: faults: found [at]; expected an index from 0 to 1"),
        ("cluster.nodes.x=1", "--set cluster.nodes.x=1: cluster.nodes: found 5, which has no 'x'; "),
        ("seed", "--set seed: found 'seed'; expected PATH=VALUE"),
        ("=1", "--set =1: found ''; expected a path such as "),
        ("a..b=1", "--set a..b=1: found 'a..b'; expected a path such as "),
        ("seed=[1", "--set seed=[1: not valid YAML: "),
        ("duration=90", "--set duration=90: duration: found 90; expected a duration with a unit"),
        ("sed=1", "--set sed=1: sed: found an unknown key; "),
        ("faults[0].crash=[nod-03]", "--set faults[0].crash=[nod-03]: faults[0].crash[0]: found 'nod-03'; "),
    ],
)
def test_a_mistake_in_a_setting_is_shown_with_the_setting(setting: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT, "f.yaml", settings=[setting])
    assert str(caught.value).startswith(message)


def test_a_changed_profile_brings_its_settings_but_leaves_those_that_were_given() -> None:
    scenario = Scenario(cluster={"config": {"probe_timeout": "700ms"}})
    wan = scenario.with_settings({"cluster.profile": "wan"})
    assert (scenario.cluster.config.probe_interval, scenario.cluster.config.suspicion_mult) == (1.0, 4)
    assert (wan.cluster.config.probe_interval, wan.cluster.config.suspicion_mult) == (5.0, 6)
    assert wan.cluster.config.probe_timeout == 0.7


def test_with_settings_makes_another_scenario_and_changes_nothing_else() -> None:
    scenario = loads(TEXT)
    changed = scenario.with_settings({"cluster.config.suspicion_mult": 6, "faults[0].for": "3s"})
    assert changed.cluster.config.suspicion_mult == 6
    assert changed.faults[0].end_of(5.0) == 8.0
    assert scenario == loads(TEXT)
    back = changed.with_settings({"cluster.config.suspicion_mult": 4, "faults[0].for": None})
    assert back == scenario


def test_with_settings_checks_what_it_is_given() -> None:
    with pytest.raises(
        ScenarioError, match=r"^cluster\.config\.suspicion_mul: .*did you mean suspicion_mult\?"
    ):
        Scenario().with_settings({"cluster.config.suspicion_mul": 6})
