"""Whom members join, how often they try, and the joins of a workload, as Serf 0.9.4's agent does it.

Asked on loopback: an agent that joins its own address contacts itself ("joined: 1 nodes"); one with
-retry-max 2 tries three times, a retry interval apart, and exits.
"""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim.protocol import log_lines
from tests.simulation.cluster import Run, run, scenario


def logged(made: Run, line: int, node: int) -> list[tuple[float, int, str]]:
    """(time, a, text) of the log lines of a kind of one member."""
    log = made.recording.log
    chosen = ((log.line == line) & (log.node == node)).nonzero()[0]
    return [(float(log.t[i]), int(log.a[i]), log.texts[log.text[i]]) for i in chosen]


def sizes(made: Run) -> list[int]:
    """How many members each one knows at the end; 0 for one without a process."""
    return [0 if node is None else int(node.members.count) for node in made.sim.nodes]


# Whom, at the start -------------------------------------------------------------------------------


def test_everybody_tries_a_list_in_its_order_itself_included() -> None:
    made = run(6, "20s", start={"join": ["node-04", "node-00"]})
    assert sizes(made) == [6] * 6
    for node in range(6):
        ((_, _, given),) = logged(made, log_lines.JOINING, node)
        assert given == "10.0.0.5 10.0.0.1"
        ((_, contacted, _),) = logged(made, log_lines.JOINED, node)
        assert contacted == 2


def test_whoever_reaches_only_itself_has_joined_and_does_not_try_again() -> None:
    # node-01 is not there yet, so that node-00 finds itself alone, and is content.
    made = run(2, "60s", start={"join": ["node-00"], "at": ["0s", "0s"]}, config={"retry_interval": "2s"})
    assert [contacted for _, contacted, _ in logged(made, log_lines.JOINED, 0)] == [1]
    alone = run(
        2,
        "60s",
        start={"join": ["node-01", "node-00"], "at": ["-1s", "10s"]},
        config={"retry_interval": "2s"},
        faults=[{"block": "all", "between": [["node-00", "node-01"]], "for": "20s"}],
    )
    # Each has contacted itself: nobody tries again, and after the block they are still two clusters.
    assert sizes(alone) == [1, 1]


def test_none_joins_nobody_and_neither_does_who_comes_back() -> None:
    made = run(3, "60s", start={"join": "none"}, faults=[{"crash": ["node-01"], "at": "5s", "restart": "2s"}])
    assert sizes(made) == [1, 1, 1]
    assert not made.times("joined")


def test_a_group_and_a_node_join_whom_they_say() -> None:
    nodes = ["a", "b", {"name": "c", "join": "none"}, "d", "e"]
    groups = {"east": {"nodes": ["d", "e"], "join": ["e"]}}
    made = run(nodes, "20s", groups=groups)
    assert sizes(made) == [2, 2, 1, 2, 2]


def test_names_of_groups_and_patterns_stand_for_their_members() -> None:
    made = run(5, "20s", start={"join": "seeds"}, groups={"seeds": {"nodes": ["node-01", "node-03"]}})
    assert logged(made, log_lines.JOINING, 0)[0][2] == "10.0.0.2 10.0.0.4"
    made = run(5, "20s", start={"join": "node-[2..3]"})
    assert logged(made, log_lines.JOINING, 0)[0][2] == "10.0.0.3 10.0.0.4"


# How often ----------------------------------------------------------------------------------------


def tried(**start: Any) -> Run:
    """node-01 joins node-00, whose process does not run."""
    return run(2, "60s", start={"join": ["node-00"], "at": ["2m", "0s"], **start}, warm_up="1s")


def test_of_a_number_of_tries_the_last_ends_the_process() -> None:
    made = tried(tries=3, retry_interval="5s")
    times = [t for t, _, _ in logged(made, log_lines.JOINING, 1)]
    assert times == pytest.approx([-1.0, 4.0, 9.0], abs=0.1)
    assert len(logged(made, log_lines.JOIN_RETRY, 1)) == 2
    assert len(logged(made, log_lines.JOIN_GIVEN_UP, 1)) == 1
    assert made.sim.nodes[1] is None
    assert made.down(1)[-1][0] == pytest.approx(9.0, abs=0.1)


@pytest.mark.parametrize("start", [{"once": True}, {"tries": 1}])
def test_once_is_one_try(start: dict[str, Any]) -> None:
    made = tried(**start)
    assert len(logged(made, log_lines.JOINING, 1)) == 1
    assert made.sim.nodes[1] is None


def test_without_a_limit_it_tries_for_ever() -> None:
    made = tried(retry_interval="10s")
    assert len(logged(made, log_lines.JOINING, 1)) == 7
    assert made.sim.nodes[1] is not None


def test_the_settings_of_a_member_go_before_the_words_of_the_start() -> None:
    group = {"patient": {"nodes": ["node-01"], "config": {"retry_max_attempts": 4}}}
    made = run(
        2, "60s", groups=group, warm_up="1s",
        start={"join": ["node-00"], "at": ["2m", "0s"], "tries": 2, "retry_interval": "5s"},
    )  # fmt: skip
    assert len(logged(made, log_lines.JOINING, 1)) == 5


# Mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"join": []}, "`none` joins nobody"),
        ({"join": ["node-00", "node-9"]}, "cluster.start.join[1]: found 'node-9'"),
        ({"join": ["first"]}, "cluster.start.join"),
        ({"join": "web-*"}, "cluster.start.join: found 'web-*', which matches nobody"),
        ({"tries": 0}, "cluster.start.tries"),
        ({"once": True, "tries": 3}, "cluster.start.tries: found `tries` beside `once`"),
        ({"retry_interval": "0s"}, "cluster.start.retry_interval"),
    ],
)
def test_a_mistake_is_named_with_its_place(start: dict[str, Any], words: str) -> None:
    with pytest.raises(serfsim.SerfsimError) as caught:
        scenario(4, "10s", start=start)
    assert words in str(caught.value)


def test_a_setting_and_a_word_for_the_same_contradict_each_other() -> None:
    with pytest.raises(serfsim.SerfsimError, match=r"config\.retry_interval"):
        scenario(4, "10s", start={"retry_interval": "5s"}, config={"retry_interval": "6s"})


# Joins of a workload ------------------------------------------------------------------------------


def alone_until(replay: bool) -> Run:
    """Two clusters of one, one with an event behind it; node-01 joins the other at 20 s."""
    return run(
        2,
        "40s",
        start={"join": "none"},
        workload=[
            {"event": "deploy", "from": "node-00", "at": "5s", "coalesce": False},
            {"join": ["node-00"], "from": "node-01", "replay": replay, "at": "20s"},
        ],
    )


@pytest.mark.parametrize("replay", [False, True])
def test_a_join_delivers_earlier_events_only_with_replay(replay: bool) -> None:
    made = alone_until(replay)
    assert sizes(made) == [2, 2]
    ((t, said, given),) = logged(made, log_lines.JOINING, 1)
    assert (t, said, given) == (20.0, int(replay), "10.0.0.1")
    assert len(logged(made, log_lines.RECEIVED_EVENT, 1)) == int(replay)
    assert len(logged(made, log_lines.RECEIVED_EVENT, 0)) == 1


def test_a_join_that_reaches_nobody_is_not_tried_again_and_ends_nothing() -> None:
    made = run(
        3,
        "60s",
        start={"join": "none", "retry_interval": "5s"},
        faults=[{"crash": ["node-02"], "at": "5s"}],
        workload=[{"join": ["node-02"], "from": "node-01", "at": "10s"}],
    )
    assert len(logged(made, log_lines.JOINING, 1)) == 1
    ((_, _, error),) = logged(made, log_lines.JOIN_ERROR, 1)
    assert "10.0.0.3" in error
    assert "refused" in error
    assert sizes(made) == [1, 1, 0]


def test_a_join_tries_the_members_in_the_order_given() -> None:
    made = run(
        4,
        "20s",
        start={"join": "none"},
        workload=[{"join": ["node-03", "node-01"], "from": "node-00", "at": "5s"}],
    )
    assert logged(made, log_lines.JOINING, 0)[0][2] == "10.0.0.4 10.0.0.2"
    assert logged(made, log_lines.JOINED, 0)[0][1] == 2
    assert sizes(made) == [3, 3, 1, 3]


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ({"join": []}, "workload[0].join: found an empty list"),
        ({"join": ["node-9"]}, "workload[0].join[0]: found 'node-9'"),
        ({"join": ["node-01"], "from": "node-9"}, "workload[0].from: found 'node-9'"),
        ({"join": ["node-01"], "replay": "maybe"}, "workload[0].replay"),
    ],
)
def test_a_mistake_in_a_join_is_named_with_its_place(work: dict[str, Any], words: str) -> None:
    with pytest.raises(serfsim.SerfsimError) as caught:
        scenario(4, "10s", workload=[work])
    assert words in str(caught.value)
