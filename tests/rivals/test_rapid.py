"""Rapid: rings, cut detection, consensus, and its paper's experiments at a small size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim.engine.streams import stream
from serfsim.papers.rapid.sizes import Logs
from serfsim.papers.rapid_itself.conflicts import conflicting_share
from serfsim.rivals.rapid import REMOVED, CutDetector, observers_of, of_all, subjects_of
from serfsim.rivals.rapid.consensus import FAST, Consensus
from serfsim.rivals.rapid.edges import Edge
from serfsim.rivals.rapid.messages import Ballot
from serfsim.scenario.loading import loads

ALL_RINGS = (1 << 10) - 1
REMOVE_7 = ((7, REMOVED),)
REMOVE_8 = ((8, REMOVED),)


def run_of(
    nodes: int, faults: str, duration: str = "60s", rival: str = "{rejoin: 0s}", start: str = ""
) -> serfsim.Result:
    cluster = f"{{nodes: {nodes}, protocol: rapid, rival: {rival}{start}}}"
    text = (
        f"name: rapid\nseed: 5\nwarm_up: 0s\nduration: {duration}\ncluster: {cluster}\n"
        f"network: {{topology: {{model: plane, size: 10ms}}}}\nfaults: {faults}\n"
    )
    return serfsim.run(loads(text), check=True)


def sizes_of(result: serfsim.Result, members: slice) -> Any:
    assert result.recording is not None
    return Logs(result.recording).sizes[:, members]


CONVERGED = ", start: {converged: true}"


# Rings, cuts, edges ------------------------------------------------------------------------------


def test_every_member_has_an_observer_in_each_ring_and_observes_its_subjects() -> None:
    members = list(range(50))
    for member in members:
        observers = observers_of(member, members, 10)
        assert len(observers) == 10
        assert member not in observers
        for ring, observer in enumerate(observers):
            assert subjects_of(observer, members, 10)[ring] == member
    assert observers_of(50, members, 10) == observers_of(50, [*members, 50], 10)
    assert observers_of(3, [3], 10) == []


def test_a_member_observes_different_members_in_different_rings() -> None:
    members = list(range(1000))
    different = [len({*observers_of(member, members, 10)}) for member in range(0, 1000, 10)]
    assert float(np.mean(different)) > 9.8


def test_nothing_is_proposed_while_a_member_is_unstable() -> None:
    cut = CutDetector(of_all(30), 10, 9, 3)
    cut.add(7, REMOVED, (1 << 9) - 1, 1.0)
    assert cut.proposal() == REMOVE_7
    cut.add(8, REMOVED, 0b11, 1.0)
    assert cut.proposal() == REMOVE_7  # two alerts are noise
    cut.add(8, REMOVED, 0b100, 2.0)
    assert cut.proposal() == ()
    cut.add(8, REMOVED, 0b111, 2.0)
    assert cut.proposal() == ()  # the same alerts again
    cut.add(8, REMOVED, ALL_RINGS, 3.0)
    assert cut.proposal() == REMOVE_7 + REMOVE_8


def test_alerts_of_joiners_and_members_do_not_mix() -> None:
    cut = CutDetector(of_all(30), 10, 9, 3)
    cut.add(7, 55, ALL_RINGS, 1.0)
    cut.add(40, REMOVED, ALL_RINGS, 1.0)
    assert cut.proposal() == ()
    cut.add(40, 55, ALL_RINGS, 1.0)
    assert cut.proposal() == ((40, 55),)


def test_an_observer_that_fails_itself_counts_as_one_that_spoke() -> None:
    cut = CutDetector(of_all(30), 10, 9, 3)
    observers = cut.observers(7)
    failing = observers[0]
    own = cut.rings_between(failing, 7)
    cut.add(7, REMOVED, ALL_RINGS & ~own & ~0b1000000000, 1.0)
    assert cut.proposal() == ()
    cut.add(failing, REMOVED, ALL_RINGS, 1.0)
    assert cut.proposal() == ()
    cut.imply(1.0)
    assert {member for member, _ in cut.proposal()} == {7, failing}


def test_observers_of_a_member_that_stays_unstable_are_due() -> None:
    cut = CutDetector(of_all(30), 10, 9, 3)
    cut.add(7, REMOVED, 0b1111, 1.0)
    late = cut.observers(7)[8]
    assert cut.overdue(late, 10.0, 10.9) == []
    assert cut.overdue(late, 10.0, 11.0) == [7]
    stranger = next(member for member in range(30) if member not in cut.observers(7))
    assert cut.overdue(stranger, 10.0, 11.0) == []


def test_an_edge_is_faulty_from_the_fourth_of_ten_probes_that_fail() -> None:
    edge = Edge(10, 4)
    turned = []
    for number, answered in enumerate((True, False, True, False, True, True, False, True, True, False), 1):
        edge.sent(number)
        edge.answered(number if answered else 0)
        turned.append(edge.end_probe())
    assert turned == [False] * 9 + [True]
    edge.sent(11)
    assert not edge.end_probe()  # it speaks once


def test_an_old_failure_leaves_the_window() -> None:
    edge = Edge(10, 4)
    for number in range(1, 200):
        edge.sent(number)
        edge.answered(number if number % 4 else 0)
        assert not edge.end_probe()


def test_conflicts_are_rare_where_the_gap_is_wide() -> None:
    rng = stream(1, "conflicts")
    narrow = conflicting_share(6, 4, 2, rng, processes=300)
    wide = conflicting_share(9, 3, 2, rng, processes=300)
    assert narrow > 0.1
    assert wide < 0.02


# Consensus ---------------------------------------------------------------------------------------


def group_of(members: int) -> list[Consensus]:
    return [Consensus(member, of_all(members)) for member in range(members)]


def classic_round(group: list[Consensus], coordinator: int, present: list[int]) -> Ballot:
    """Carry out a classic round among those present; return the votes that they cast."""
    prepare = group[coordinator].prepare()
    accept = None
    for member in present:
        promise = group[member].promise(prepare)
        assert promise is not None
        accept = group[coordinator].on_promise(promise, member) or accept
    assert accept is not None
    votes = 0
    for member in present:
        ballot = group[member].accept(accept)
        assert ballot is not None
        votes |= ballot.votes
    return Ballot(accept.rank, accept.proposal, votes, len(group))


def test_three_quarters_of_identical_votes_decide() -> None:
    group = group_of(12)
    votes = [member.propose(REMOVE_7) for member in group[:10]]
    for count, ballot in enumerate(votes[1:], 2):
        assert ballot is not None
        merged = group[0].merge(ballot)
        assert merged is not None
        assert group[0].is_decided(merged) == (count >= 10)
    assert votes[1] is not None
    assert group[0].merge(votes[1]) is None  # nothing new


def test_a_classic_round_keeps_what_the_fast_round_may_have_chosen() -> None:
    group = group_of(12)
    for member in group[:10]:
        assert member.propose(REMOVE_7) is not None
    for member in group[10:]:
        assert member.propose(REMOVE_8) is not None
    # Any majority contains more votes of a value that three quarters chose than others.
    ballot = classic_round(group, 11, [11, 10, 0, 1, 2, 3, 4])
    assert ballot.proposal == REMOVE_7
    assert group[0].is_decided(ballot)


def test_a_later_classic_round_keeps_the_value_of_an_earlier_one() -> None:
    group = group_of(5)
    group[0].propose(REMOVE_7)
    for member in group[1:]:
        member.propose(REMOVE_8)
    first = classic_round(group, 0, [0, 1, 2])
    second = classic_round(group, 4, [2, 3, 4])
    assert second.rank > first.rank > FAST
    assert first.proposal == second.proposal


def test_a_member_keeps_its_promise() -> None:
    group = group_of(5)
    for member in group:
        member.propose(REMOVE_7)
    low, high = group[0].prepare(), group[1].prepare()
    assert group[2].promise(high) is not None
    assert group[2].promise(low) is None
    assert group[3].promise(low) is not None
    assert group[3].propose(REMOVE_8) is None


# The paper's experiments at a small size ---------------------------------------------------------


def test_members_that_crash_together_are_removed_in_one_view_change() -> None:
    result = run_of(
        60, "[{crash: [node-10, node-20, node-30, node-40, node-50, node-59], at: 10s}]", start=CONVERGED
    )
    sizes = sizes_of(result, slice(0, 10))
    assert {*sizes.flat} == {60, 54}
    assert result.summary["detection"]["false_positives"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        "{block: all, nodes: [node-10, node-21], direction: in, at: 10s, for: 20s, every: 40s, times: 4}",
        "{loss: 80%, nodes: [node-10, node-21], direction: in, at: 10s}",
        "{loss: 80%, nodes: [node-10, node-21], direction: out, at: 10s}",
    ],
)
def test_faulty_members_are_removed_and_views_stay_the_same_after(fault: str) -> None:
    # These two observe nobody in three rings together: such a member would be removed with them.
    sizes = sizes_of(run_of(50, f"[{fault}]", "120s", start=CONVERGED), slice(0, 10))
    assert (sizes[60:] == 48).all()
    assert sizes.min() == 48


def test_a_group_starts_with_few_sizes() -> None:
    sizes = sizes_of(run_of(60, "[]"), slice(0, 60))
    assert (sizes[-1] == 60).all()
    assert len({*sizes.flat}) <= 6


def test_a_classic_round_removes_more_members_than_a_fast_one_can() -> None:
    crashed = "[node-05, node-06, node-07, node-08]"
    for gossip in ("true", "false"):
        rival = f"{{gossip: {gossip}}}"
        result = run_of(11, f"[{{crash: {crashed}, at: 5s}}]", rival=rival, start=CONVERGED)
        assert (sizes_of(result, slice(0, 5))[-1] == 7).all()


def test_a_minority_removes_nobody_and_comes_back_as_other_processes() -> None:
    apart = "[{partition: [[node-01, node-02], rest], at: 5s, for: 40s}]"
    result = run_of(12, apart, "90s", rival="{rejoin: 5s}", start=CONVERGED)
    sizes = sizes_of(result, slice(0, 12))
    assert (sizes[:40, 1:3] == 12).all()
    assert (sizes[20:40, 3:] == 10).all()
    assert (sizes[-1] == 12).all()


def test_a_leaver_is_not_taken_for_failed() -> None:
    result = run_of(12, "[{leave: [node-04], at: 5s}]", "20s", start=CONVERGED)
    about = result.member_events[result.member_events.subject == "node-04"]
    assert {*about.kind} == {"left", "leave_done"}


def test_a_member_that_restarts_before_it_is_missed_comes_back() -> None:
    result = run_of(12, "[{crash: [node-04], at: 5s, restart: 1s}]", "60s", start=CONVERGED)
    assert (sizes_of(result, slice(0, 12))[-1] == 12).all()
    about = result.member_events[result.member_events.subject == "node-04"]
    assert {*about.kind} == {"join", "failed"}


@pytest.mark.parametrize(
    ("rival", "path", "words"),
    [
        ("{h: 12}", "cluster.rival.h", ("12", "no more than the `k` of rapid, 10")),
        ("{l: 10}", "cluster.rival.l", ("10", "no more than the `h` of rapid, 9")),
        ("{failures: 11}", "cluster.rival.failures", ("no more than the `window` of rapid, 10",)),
        ("{k: 0}", "cluster.rival.k", ("0",)),
    ],
)
def test_watermarks_that_do_not_go_together_are_refused(
    rival: str, path: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(serfsim.SerfsimError) as refused:
        run_of(5, "[]", rival=rival)
    said = str(refused.value)
    assert path in said
    assert all(word in said for word in words)
