"""Scenarios in words: every fault and every job, their times, and the card of a notebook."""

from __future__ import annotations

from typing import Any, Literal

import networkx
import pytest

from serfsim import Scenario, load
from serfsim.scenario.entry import describe_entries
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.library import shipped
from serfsim.scenario.part import Model
from serfsim.scenario.phrases import format_duration, format_names, format_span
from serfsim.scenario.workload import WORKLOAD

TOLD: list[tuple[str, dict[str, Any], str, str]] = [
    ("faults", {"block": "udp", "nodes": ["a0"]}, "at 0 s", "UDP to and from a0 is blocked"),
    (
        "faults",
        {"block": "all", "nodes": 2, "direction": "in"},
        "at 0 s",
        "all traffic to 2 random nodes is blocked",
    ),
    (
        "faults",
        {"block": "tcp", "between": [["a0", "b"]], "one_way": True, "at": "1m", "for": "90s"},
        "at 1 min, for 1 min 30 s",
        "TCP from a0 to b is blocked",
    ),
    (
        "faults",
        {"no_route": "udp", "nodes": ["a0"]},
        "at 0 s",
        "there is no route for UDP packets from a0",
    ),
    (
        "faults",
        {"no_route": "all", "between": [["a[0..1]", "rest"]], "one_way": True},
        "at 0 s",
        "there is no route for packets from a[0..1] to all the others",
    ),
    ("faults", {"loss": {"udp": "20%"}, "nodes": "all"}, "at 0 s", "20 % of UDP packets everywhere are lost"),
    ("faults", {"loss": "5%", "nodes": ["b"]}, "at 0 s", "5 % of all packets to and from b are lost"),
    (
        "faults",
        {"latency": {"add": "80ms"}, "between": [["a0", "b"]]},
        "at 0 s",
        "packets between a0 and b take 80 ms longer each way",
    ),
    (
        "faults",
        {"loss": {"udp": "100%", "above": "1400B"}, "nodes": ["b"]},
        "at 0 s",
        "100 % of UDP packets of more than 1400 B to and from b are lost",
    ),
    ("faults", {"duplicate": "5%"}, "at 0 s", "5 % of UDP packets everywhere arrive twice"),
    (
        "faults",
        {"reorder": {"share": "5%", "by": "20ms"}, "nodes": ["b"], "direction": "in"},
        "at 0 s",
        "5 % of packets to b are overtaken, 20 ms late",
    ),
    (
        "faults",
        {"latency": {"factor": 3, "add": "1ms"}},
        "at 0 s",
        "packets everywhere take 3 times as long and 1 ms longer each way",
    ),
    (
        "faults",
        {"jitter": {"model": "pareto", "scale": "20ms"}, "between": [["b", "rest"]]},
        "at 0 s",
        "packets between b and all the others take longer by a jitter: pareto, scale 20ms",
    ),
    (
        "faults",
        {"bandwidth": "256kbit", "nodes": ["b"]},
        "at 0 s",
        "packets to and from b have 256kbit",
    ),
    ("faults", {"partition": [["b"], "rest"]}, "at 0 s", "the network is cut: b | all the others"),
    (
        "faults",
        {"partition": [["a0"], ["b"]], "one_way": True},
        "at 0 s",
        "no packet from a0 reaches b",
    ),
    ("faults", {"crash": ["a0"], "restart": "30s"}, "at 0 s", "a0 crashes, back after 30 s"),
    ("faults", {"crash": ["a0"], "host": True}, "at 0 s", "a0 crashes with the whole machine"),
    (
        "faults",
        {"crash": ["a0"], "restart": "2s", "address": "10.0.9.9", "advertise": "10.0.9.10"},
        "at 0 s",
        "a0 crashes, back after 2 s at 10.0.9.9, advertising 10.0.9.10",
    ),
    (
        "faults",
        {"move": ["a0"], "address": "10.0.9.9"},
        "at 0 s",
        "a0 moves, back after 1 s at 10.0.9.9",
    ),
    ("faults", {"leave": ["a0", "a1"]}, "at 0 s", "a0 and a1 leave"),
    ("faults", {"leave": ["a0"], "stay": True}, "at 0 s", "a0 leaves and stays"),
    (
        "faults",
        {"crash": ["a0"], "restart": "2s", "tags": {"role": "db"}},
        "at 0 s",
        "a0 crashes, back after 2 s with the tags role=db",
    ),
    ("faults", {"terminate": ["a0"]}, "at 0 s", "a0 gets SIGTERM"),
    (
        "faults",
        {"interrupt": ["a0", "a1"], "restart": "2s"},
        "at 0 s",
        "a0 and a1 get SIGINT, back after 2 s",
    ),
    (
        "faults",
        {"pause": "20%", "at": "30s", "every": "15s", "for": "10s", "times": 12},
        "from 30 s, every 15 s, for 10 s each, 12 times",
        "a random 20 % of the nodes stand still",
    ),
    (
        "faults",
        {"forge": {"dead": "b0", "incarnation": 4294967295}, "from": "a1", "to": ["a0"]},
        "at 0 s",
        "a1 forges that b0 is dead, incarnation 4294967295, to a0",
    ),
    (
        "faults",
        {"forge": {"push_pull": {"b0": "left"}}},
        "at 0 s",
        "a member forges the state b0 left, incarnation current, to all nodes",
    ),
    (
        "faults",
        {"freeze": ["b"], "for": "8s"},
        "at 0 s, for 8 s",
        "b is frozen with its clock",
    ),
    (
        "faults",
        {"stall": ["a0", "a1"], "at": "30s", "for": "16s", "until": "90s", "every": "17s"},
        "from 30 s, every 17 s, for 16 s each, until 1 min 30 s",
        "a0 and a1 neither send nor receive",
    ),
    (
        "faults",
        {"stall": ["b"], "at": "30s", "for": "16s", "resume_first": "probe"},
        "at 30 s, for 16 s",
        "b neither sends nor receives; the prober resumes first",
    ),
    (
        "faults",
        {"clock": {"nodes": ["a0", "a1"], "jump": "-30s", "rate": 1.02}},
        "at 0 s",
        "a0 and a1 have clocks set 30 s back and running at 1.02 times the true rate",
    ),
    (
        "faults",
        {"slow": {"nodes": 1, "processing_delay": "50ms"}, "until": "2m"},
        "at 0 s, until 2 min",
        "a random node takes 50 ms over each packet",
    ),
    (
        "faults",
        {"upgrade": "all", "to": "0.9", "apart": "10s"},
        "at 0 s",
        "all nodes get Serf 0.9, one every 10 s",
    ),
    (
        "faults",
        {"reconfigure": ["b"], "keyring": ["AQEBAQEBAQEBAQEBAQEBAQ=="], "config": {"probe_timeout": "1s"}},
        "at 0 s",
        "b restarts with another probe_timeout and keyring",
    ),
    (
        "workload",
        {"keys": {"use": "AgICAgICAgICAgICAgICAg=="}, "from": "a1"},
        "at 0 s",
        "a1 makes all members encrypt with a key (AgICAg...)",
    ),
    (
        "workload",
        {"event": "deploy", "payload": "100B"},
        "at 0 s",
        "the first node sends the user event deploy (100 B)",
    ),
    (
        "workload",
        {"query": "up", "from": "a1", "nodes": ["b"], "filter_tags": {"role": "web.*"}},
        "at 0 s",
        "a1 asks the query up of b where role ~ web.*",
    ),
    (
        "workload",
        {"tags": {"role": "web"}, "delete": ["old"], "nodes": ["a0"]},
        "at 0 s",
        "a0 takes the tags role=web and drops old",
    ),
    (
        "workload",
        {"force_leave": ["a0"], "prune": True},
        "at 0 s",
        "the first node says that a0 left and prunes",
    ),
    (
        "workload",
        {"join": ["a0", "b"], "from": "a1", "replay": True},
        "at 0 s",
        "a1 joins a0 and b and replays their user events",
    ),
]


@pytest.mark.parametrize(("section", "entry", "time", "text"), TOLD)
def test_an_entry_is_told_with_its_time(section: str, entry: dict[str, Any], time: str, text: str) -> None:
    scenario = Scenario(
        duration="10m",
        cluster={
            "nodes": ["a0", "a1", "b0", "b1"],
            "groups": {"b": {"nodes": ["b0", "b1"]}},
            "config": {"protocol_version": 4},
        },
        **{section: [entry]},
    )
    (told,) = describe_entries([*scenario.faults, *scenario.workload])
    assert (told.when, told.what) == (time, text)


def test_every_fault_and_every_job_has_its_words_and_is_tried_above() -> None:
    tried = {key for _, entry, _, _ in TOLD for key in entry}
    assert {*FAULTS, *WORKLOAD} <= tried


def test_what_happens_is_told_in_order_of_time() -> None:
    scenario = Scenario(
        faults=[{"crash": 1, "at": "9s"}, {"pause": 1, "at": "3s", "for": "1s"}],
        workload=[{"event": "e", "at": "5s"}],
    )
    assert [told.at_s for told in describe_entries([*scenario.faults, *scenario.workload])] == [3.0, 5.0, 9.0]


def test_durations_and_spans_are_told_exactly() -> None:
    seconds = (0.0, 0.25, 4e-4, 1.0, 59.5, 60.0, 90.0, 7200.0, 3661.5)
    assert [format_duration(value) for value in seconds] == [
        "0 s",
        "250 ms",
        "400 us",
        "1 s",
        "59.5 s",
        "1 min",
        "1 min 30 s",
        "2 h",
        "1 h 1 min 1.5 s",
    ]
    assert [format_span((0.002, 0.01)), format_span((0.002, 0.002)), format_span((0.5, 90.0))] == [
        "2 to 10 ms",
        "2 ms",
        "500 ms to 1 min 30 s",
    ]


def test_of_many_names_the_first_are_told() -> None:
    assert format_names(["a"]) == "a"
    assert format_names([*"abcdef"]) == "a, b, c, d, e and f"
    assert format_names([*"abcdefgh"]) == "a, b, c, d, e and 3 others"


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("plane", "at random in a square 2 ms wide, access links of 100 to 500 us"),
        ("line", "in a row, 10 ms from one to the next"),
        ("grid", "on a square grid, 10 ms from one to the next"),
        ("split", "in two halves, 1 ms within, 11 ms across"),
        ("circle", "on a circle of radius 100 ms, the first outside"),
        ("random", "round trips at random, 100 ms ± 10 ms"),
        ("drift", "500 ms apart, in a shape that no plane can hold"),
        (
            {"model": "backbone", "network": "topozoo/Abilene", "access": "1ms"},
            "on the backbone topozoo/Abilene, 1 ms from each node to its place",
        ),
        (
            {"model": "cloud", "regions": ["us-east-1", "eu-west-1"]},
            "in 2 regions of aws, 3 zones each (us-east-1 and eu-west-1)",
        ),
        ({"model": "datacenter", "zones": 2}, "in 1 region of 2 zones of 4 racks"),
    ],
)
def test_topologies_have_words(model: str | dict[str, Any], text: str) -> None:
    assert Scenario(network={"topology": model}).network.topology.describe() == text


def test_links_jitter_loss_and_limits_are_told() -> None:
    graph = networkx.path_graph(["a", "b", "c"])
    networkx.set_edge_attributes(graph, 5, "latency")
    scenario = Scenario(
        cluster={"nodes": 3},
        network={
            "topology": graph,
            "loss": "1%",
            "bandwidth": "1gbit",
            "jitter": {"model": "normal", "sd": "1ms"},
        },
    )
    told = scenario.network.describe()
    assert told == "along the 2 links of a graph; normal jitter; 1 % of all packets lost; 1gbit"


def test_a_model_without_words_of_its_own_tells_what_was_given() -> None:
    class Later(Model):
        """A topology of some day."""

        model: Literal["later"] = "later"
        file: str = ""
        sizes: tuple[int, ...] = ()
        depth: int = 3

    assert Later(file="/a/b.csv", sizes=(1, 2)).describe() == "later, file b.csv, sizes (2)"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_has_its_card(name: str) -> None:
    scenario = load(name)
    card = scenario._repr_html_()
    assert f"<b>{name}</b>" in card
    assert card.count("<code>") == len(scenario.claims)
    assert card.count("<tr>") == 3 + len(scenario.faults) + len(scenario.workload) + len(scenario.claims)


def test_the_card_is_short_and_escapes_what_was_written() -> None:
    card = Scenario(question="a < b?", workload=[{"event": "<script>"}])._repr_html_()
    assert "a &lt; b?" in card
    assert "<script>" not in card
    assert len(card) < 4000


def test_a_scenario_is_named_in_one_line() -> None:
    assert repr(Scenario(cluster={"nodes": 1})) == "<Scenario scenario: 1 node, 5m>"
    assert str(load("crash")) == "<Scenario crash: 30 nodes, 2m, 1 fault, 8 claims>"
