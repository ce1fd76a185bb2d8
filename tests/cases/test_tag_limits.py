"""Tags are at most 512 bytes once encoded; an agent with more does not start."""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim import Simulation
from serfsim.base.errors import SerfsimError
from serfsim.protocol.serf.tags import LONGEST_META, encode_tags
from tests.cases.running import case

# 0xff, a map of one, a key of 4 letters, and the header of a long string.
OVERHEAD = 1 + 1 + 5 + 3


def blob(size: int) -> dict[str, str]:
    """One tag of `size` bytes encoded."""
    tags = {"blob": "x" * (size - OVERHEAD)}
    assert len(encode_tags(tags)) == size
    return tags


def problems(**parts: Any) -> str:
    with pytest.raises(SerfsimError) as caught:
        serfsim.Scenario(**{"duration": "1m"} | parts)
    return str(caught.value)


def test_the_case_is_refused_with_the_limit_where_the_tags_are_written() -> None:
    with pytest.raises(SerfsimError, match=r"cluster\.nodes\[1\]\.tags: found tags of 535 bytes .*512"):
        case("tags_too_long")


PLACES = [
    ("cluster.tags", lambda tags: {"cluster": {"nodes": 3, "tags": tags}}),
    (
        "cluster.groups.web.tags",
        lambda tags: {"cluster": {"nodes": 3, "groups": {"web": {"nodes": 2, "tags": tags}}}},
    ),
    ("cluster.nodes[1].tags", lambda tags: {"cluster": {"nodes": ["a", {"name": "b", "tags": tags}]}}),
    (
        "workload[0].tags",
        lambda tags: {"cluster": {"nodes": 3}, "workload": [{"tags": tags, "nodes": "all", "at": "1s"}]},
    ),
]


@pytest.mark.parametrize(("place", "parts"), PLACES)
def test_512_bytes_are_allowed_and_513_are_not_wherever_tags_are_written(place: str, parts: Any) -> None:
    serfsim.Scenario(duration="1m", **parts(blob(LONGEST_META)))
    found = problems(**parts(blob(LONGEST_META + 1)))
    assert place in found
    assert "513" in found


def test_tags_of_cluster_group_and_node_count_together() -> None:
    cluster = {
        "nodes": [{"name": "a", "group": "web", "tags": {"c": "x" * 170}}, "b"],
        "groups": {"web": {"tags": {"b": "x" * 170}}},
        "tags": {"a": "x" * 170},
    }
    assert "cluster.nodes[0].tags" in problems(cluster=cluster)


def test_changes_of_tags_add_up() -> None:
    changes = [
        {"tags": {key: "x" * 300}, "nodes": ["node-01"], "at": at} for key, at in (("a", "1s"), ("b", "2s"))
    ]
    assert "workload[1].tags" in problems(cluster={"nodes": 3}, workload=changes)
    changes[1]["delete"] = ["a"]
    serfsim.Scenario(duration="1m", cluster={"nodes": 3}, workload=changes)


def test_a_member_that_speaks_of_its_role_alone_may_have_other_long_tags() -> None:
    made = serfsim.Scenario(
        duration="1m", cluster={"nodes": 2, "tags": blob(600), "config": {"protocol_version": 2}}
    )
    assert made.cluster.tags == blob(600)


def test_a_change_that_only_the_run_shows_to_be_too_long_ends_it_with_a_message() -> None:
    changes = [{"tags": {key: "x" * 300}, "nodes": 3, "at": at} for key, at in (("a", "1s"), ("b", "2s"))]
    made = serfsim.Scenario(duration="5s", cluster={"nodes": 3}, workload=changes)
    with pytest.raises(SerfsimError, match="Encoded length of tags exceeds limit of 512 bytes"):
        Simulation(made, 1).run(lambda fraction: None)
