"""What a workload may say: sizes that Serf takes, expressions that RE2 takes."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim import Scenario
from serfsim.base.errors import ScenarioError
from serfsim.base.expressions import compile_expression


def made(*workload: dict[str, Any], **cluster: Any) -> Scenario:
    return Scenario(cluster={"nodes": 3, **cluster}, workload=list(workload))


def refused(*workload: dict[str, Any], **cluster: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        made(*workload, **cluster)
    return str(error.value)


# Sizes ---------------------------------------------------------------------------------------------


def test_an_event_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    # 512 = 25 + 1 (Lamport time) + 7 (name) + 3 + 476.
    made({"event": "deploy", "payload": "476B"})
    message = refused({"event": "deploy", "payload": "477B"})
    assert message.startswith("workload[0].payload: found 477 bytes for 'deploy': encoded user event exceeds")
    assert "configured limit of 512 bytes" in message
    assert "before encoding" in refused({"event": "deploy", "payload": "507B"})
    made({"event": "deploy", "payload": "4KB"}, config={"user_event_size_limit": "9KiB"})


def test_lamport_times_are_counted_as_long_as_they_may_become() -> None:
    many = {"event": "deploy", "payload": "476B", "every": "1s"}
    made({**many, "times": 126})
    assert "exceeds" in refused({**many, "times": 200}), "a time of 128 takes two bytes"


def test_the_limit_is_the_senders() -> None:
    groups = {"small": {"nodes": ["node-02"], "config": {"user_event_size_limit": 100}}}
    made({"event": "x", "payload": "200B"}, groups=groups)
    assert "limit of 100 bytes" in refused(
        {"event": "x", "payload": "200B", "from": "node-02"}, groups=groups
    )


def test_a_query_must_be_short_enough_with_its_filters() -> None:
    made({"query": "q", "payload": "850B"})
    message = refused({"query": "q", "payload": "850B", "filter_tags": {"role": "w" * 100}})
    assert message.startswith("workload[0].payload: found 850 bytes for 'q', a query of ")
    assert "at most the 1024 of query_size_limit" in message


def test_answers_must_fit_and_fit_on_a_detour() -> None:
    made({"query": "q", "response": "970B"})
    assert "workload[0].response: found 970 bytes" in refused(
        {"query": "q", "response": "970B", "relay_factor": 1}
    )
    assert "query_response_size_limit" in refused({"query": "q", "response": "1KiB"})


def test_queries_of_one_name_have_one_answer() -> None:
    made({"query": "q", "response": "9B"}, {"query": "q", "response": "9B"}, {"query": "r", "response": "1B"})
    message = refused({"query": "q", "response": "9B"}, {"query": "q"})
    assert message.startswith("workload[1].response: found 16 bytes; expected the 9 bytes")


def test_members_of_an_old_protocol_ask_no_queries() -> None:
    groups = {"old": {"nodes": ["node-01"], "config": {"protocol_version": 3}}}
    made({"query": "q"}, groups=groups)
    assert "workload[0].from: found node-01 with protocol_version 3" in refused(
        {"query": "q", "from": "node-01"}, groups=groups
    )


def test_tags_must_fit_beside_those_that_are_there() -> None:
    long = {"a": "x" * 300}
    made({"tags": long, "nodes": "all"})
    assert "at most 512 bytes" in refused({"tags": {"b": "y" * 300}, "nodes": "all"}, tags=long)
    made({"tags": {"b": "y" * 300}, "nodes": "all", "delete": ["a"]}, tags=long)


def test_whom_a_removal_is_about_must_be_there() -> None:
    made({"force_leave": ["node-01"], "prune": True, "from": "node-02"})
    assert "workload[0].force_leave[0]: found 'node-9'" in refused({"force_leave": ["node-9"]})
    assert "workload[0].from: found 'node-9'" in refused({"force_leave": ["node-01"], "from": "node-9"})


def test_nobody_cannot_be_asked_by_name() -> None:
    assert "workload[0].nodes" in refused({"query": "q", "nodes": []})
    assert "workload[0].query" in refused({"query": ""})


# Expressions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value", "matches"),
    [
        ("we", "web", True),
        ("^eb", "web", False),
        ("^web$", "web", True),
        ("(?i)WEB", "web", True),
        ("web|db", "adb", True),
        (r"\d{2,}", "a12", True),
        (r"\d", "٣", False),
        (r"w\z", "w", True),
        ("[[:alpha:]]+1", "ab1", True),
        ("[^[:digit:]]", "12", False),
        ("a.*?b", "axxb", True),
        ("(?P<x>a)b", "ab", True),
        (r"\.", "ab", False),
        ("", "", True),
    ],
)
def test_expressions_mean_what_they_mean_to_go(expression: str, value: str, matches: bool) -> None:
    pattern = compile_expression(expression)
    assert pattern is not None
    assert bool(pattern.search(value)) == matches


@pytest.mark.parametrize(
    "expression",
    ["(", "[a", "*a", r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b", "(?P<x>a)(?P=x)", "a++", "(?>a)", "a\\", r"a\Z",
     "[[:nope:]]", "(?(1)a)"],
)  # fmt: skip
def test_what_go_does_not_take_is_refused(expression: str) -> None:
    assert compile_expression(expression) is None
    message = refused({"query": "q", "filter_tags": {"role": expression}})
    assert message.startswith("workload[0].filter_tags.role: ")
    assert "a regular expression as RE2 reads it" in message
