"""Members that come back as others: with other tags, with an empty or a given snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.live.finished_run import FinishedRun
from serfsim.protocol.log_lines import REJOINED, REJOINING
from serfsim.protocol.serf.tags import decode_tags
from tests.simulation.cluster import Run, run, scenario

SNAPSHOT = {"snapshot": True}


def seen_tags(made: Run, observer: int, subject: int) -> dict[str, str]:
    node = made.sim.nodes[observer]
    return decode_tags(node.memberlist.core.members.record(subject).meta)


def lines(made: Run, line: int, node: int) -> list[str]:
    log = made.recording.log
    return [log.texts[log.text[i]] for i in ((log.line == line) & (log.node == node)).nonzero()[0]]


@pytest.mark.parametrize("verb", ["crash", "leave"])
def test_who_comes_back_with_other_tags_has_these_alone_and_all_see_them(verb: str) -> None:
    nodes = ["a", "b", {"name": "c", "tags": {"role": "web", "dc": "east"}}]
    tags = {"role": "db", "rack": "4"}
    made = run(nodes, "60s", faults=[{verb: ["c"], "at": "5s", "restart": "10s", "tags": tags}])
    assert seen_tags(made, 0, 2) == tags
    assert seen_tags(made, 2, 2) == tags
    assert made.sim.nodes[2].tags == tags


@pytest.mark.parametrize(("verb", "restart"), [("crash", "2s"), ("crash", "20s"), ("leave", "10s")])
def test_a_finished_run_shows_the_tags_of_each_process(verb: str, restart: str) -> None:
    fault = {verb: 1, "at": "10s", "restart": restart, "tags": {"role": "db"}}
    made = run(4, "60s", faults=[fault])
    past = FinishedRun(made.result)
    alive = [int(node.me) for node in made.sim.nodes]
    for observer in alive:
        shown = [view.tags for view in past.members(observer, 60.0)]
        assert shown == [seen_tags(made, observer, subject) for subject in alive]
        assert shown.count({"role": "db"}) == 1
    before = max(node for node in alive if made.faulted(node) == [])
    assert all(view.tags == {} for view in past.members(before, 9.0))


def test_a_later_restart_keeps_the_other_tags() -> None:
    faults = [
        {"crash": ["node-02"], "at": "5s", "restart": "10s", "tags": {"role": "db"}},
        {"crash": ["node-02"], "at": "30s", "restart": "10s"},
    ]
    assert seen_tags(run(3, "60s", faults=faults), 0, 2) == {"role": "db"}


@pytest.mark.parametrize(("snapshot", "rejoins"), [("keep", 1), ("empty", 0)])
def test_with_an_empty_snapshot_nobody_is_found_again(snapshot: str, rejoins: int) -> None:
    fault = {"crash": ["node-01"], "at": "10s", "restart": "10s", "snapshot": snapshot}
    made = run(3, "60s", config=SNAPSHOT, start={"join": ["node-00"]}, faults=[fault])
    assert len(lines(made, REJOINED, 1)) == rejoins


def test_a_given_snapshot_says_whom_to_join_and_from_which_times_on(tmp_path: Path) -> None:
    text = "alive: node-02 10.0.0.3:7946\nclock: 90\nevent-clock: 40\nquery-clock: 7\n"
    (tmp_path / "c.snapshot").write_text(text)
    (tmp_path / "c.yaml").write_text(
        "duration: 40s\n"
        "cluster: {nodes: 3, start: {join: none}, config: {snapshot: true}}\n"
        "faults: [{crash: [node-01], at: 5s, restart: 5s, snapshot: c.snapshot}]\n"
    )
    made = serfsim.load(tmp_path / "c.yaml")
    there = Run(made)
    assert lines(there, REJOINING, 1) == ["node-02: 10.0.0.3:7946"]
    node = there.sim.nodes[1]
    assert int(node.members.count) == 2
    assert node.user_events.min_time == 41
    assert node.intents.clock.time() > 90
    assert "snapshot: c.snapshot" in made.to_yaml(tmp_path)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"tags": {"a": "b"}}, "faults[0].tags: found `tags` alone; expected `restart`"),
        ({"snapshot": "empty"}, "faults[0].snapshot: found `snapshot` alone; expected `restart`"),
        ({"restart": "2s", "tags": {"a": "b" * 600}}, "faults[0].tags: found tags of"),
        ({"restart": "2s", "snapshot": "empty"}, "faults[0].snapshot: found 'node-01', which keeps none"),
        ({"restart": "2s", "snapshot": ""}, "faults[0].snapshot: found ''"),
    ],
)
def test_a_mistake_is_named_with_its_place(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(serfsim.SerfsimError) as caught:
        scenario(3, "10s", faults=[{"crash": ["node-01"], **fault}])
    assert words in str(caught.value)


def test_a_snapshot_that_is_no_file_is_a_mistake() -> None:
    with pytest.raises(serfsim.SerfsimError, match="which is no file"):
        scenario(3, "10s", config=SNAPSHOT, faults=[{"crash": 1, "restart": "2s", "snapshot": "nowhere"}])
