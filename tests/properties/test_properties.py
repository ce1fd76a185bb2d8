"""Properties that hold for all inputs of a kind.

That one seed gives one digest is tested elsewhere: interpreted and compiled in `engine.test_two_speeds`, with
other worker counts in `sweeps`, resumed in `sweeps` and `branching`, with other hash seeds in `simulation`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import serfsim
from serfsim.checks.merges import Idle
from serfsim.native import Random
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.delegate import Delegate
from serfsim.protocol.memberlist.members import STATE_ALIVE
from serfsim.protocol.memberlist.messages import ALIVE, DEAD, SUSPECT, alive_message
from serfsim.protocol.memberlist.state import MembershipRules
from serfsim.protocol.memberlist.suspicion import (
    SuspicionRule,
    confirmations_wanted,
    remaining_suspicion_time,
    suspicion_timeout,
)

ME, SUBJECT, ACCUSER = 0, 1, 2
INCARNATIONS = st.integers(1, 2**32 - 2)
ACCUSATIONS = st.sampled_from((SUSPECT, DEAD))


def view_after(messages: Sequence[tuple[int, int]]) -> tuple[bool, int]:
    """Whether a member is alive in a view, and at what incarnation, after messages (kind, incarnation)."""
    directory = Directory()
    for name in ("me", "subject", "accuser"):
        directory.add(name, len(directory.names))
    core = Core(MemberlistConfig(), directory.first[ME], directory, Idle(), Delegate(), Random(1))
    core.members.fill(3, 0, core.rng)
    rules = MembershipRules(core, SuspicionRule(core))
    for kind, incarnation in messages:
        if kind == ALIVE:
            rules.alive(alive_message(directory, directory.first[SUBJECT], incarnation), 0.0)
        elif kind == SUSPECT:
            rules.suspect(rules.suspect_or_dead(SUSPECT, SUBJECT, incarnation, ACCUSER), 0.0)
        else:
            rules.dead(rules.suspect_or_dead(DEAD, SUBJECT, incarnation, ACCUSER), 0.0)
    return int(core.members.state(SUBJECT)) == STATE_ALIVE, int(core.members.incarnation(SUBJECT))


@given(INCARNATIONS, INCARNATIONS, ACCUSATIONS)
@settings(max_examples=100)
def test_of_an_alive_message_and_an_accusation_one_wins_whatever_comes_first(
    alive: int, accused: int, kind: int
) -> None:
    """The order of news about a member is total: alive@i is below accused@i, and that below alive@i+1."""
    both = [(ALIVE, alive), (kind, accused)]
    assert view_after(both)[0] == view_after(both[::-1])[0] == (alive > accused)


@given(st.lists(st.tuples(st.sampled_from((ALIVE, SUSPECT, DEAD)), INCARNATIONS), max_size=8))
@settings(max_examples=100)
def test_the_incarnation_of_a_view_never_falls(messages: list[tuple[int, int]]) -> None:
    seen = [view_after(messages[:count])[1] for count in range(len(messages) + 1)]
    assert seen == sorted(seen)


@given(st.lists(st.tuples(ACCUSATIONS, st.integers(1, 1000)), max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_a_refutation_above_all_accusations_wins_in_any_order(
    accusations: list[tuple[int, int]], random: object
) -> None:
    messages = [*accusations, (ALIVE, 1001)]
    random.shuffle(messages)  # type: ignore[attr-defined]
    assert view_after(messages) == (True, 1001)


@given(st.integers(3, 12), st.integers(2, 10_000), st.floats(0.05, 10.0), st.integers(1, 10))
def test_a_suspicion_is_shorter_the_more_members_confirm_it(
    mult: int, members: int, interval: float, longest: int
) -> None:
    wanted = confirmations_wanted(mult, members)
    if wanted == 0:
        return
    least = suspicion_timeout(mult, members, interval)
    lasts = [
        remaining_suspicion_time(count, wanted, 0.0, least, longest * least) for count in range(wanted + 1)
    ]
    assert lasts == sorted(lasts, reverse=True)
    assert lasts[-1] == pytest.approx(least, abs=1e-3)
    assert lasts[0] == pytest.approx(longest * least, abs=1e-3)


@given(st.integers(2, 12), st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_suspicion_is_no_shorter_in_a_larger_cluster(mult: int, one: int, other: int) -> None:
    few, many = sorted((one, other))
    assert suspicion_timeout(mult, few, 1.0) <= suspicion_timeout(mult, many, 1.0)


# Whole runs


def detection_s(names: list[str], seed: int) -> float:
    """Seconds until all know that the third member has crashed."""
    made = serfsim.Scenario(
        seed=seed,
        cluster={"nodes": names, "start": {"converged": True}},
        duration="16s",
        record={"coordinates": None},
        faults=[{"at": "500ms", "crash": [names[2]]}],
    )
    return float(serfsim.run(made).summary["detection"]["full_s"]["p50"])


def test_other_names_change_no_statistic() -> None:
    """Names choose the random streams, so runs differ, but not on average: |t| of Welch below 2.9 (99 %)."""
    one = [detection_s([f"a{number}" for number in range(5)], seed) for seed in range(1, 11)]
    other = [detection_s([f"zz{number}" for number in range(5)], seed) for seed in range(1, 11)]
    assert one != other
    error = np.sqrt((np.var(one, ddof=1) + np.var(other, ddof=1)) / len(one))
    assert abs(np.mean(one) - np.mean(other)) < 2.9 * error


def test_a_figure_of_ones_own_changes_no_digest() -> None:
    made = serfsim.Scenario(cluster={"nodes": 4}, duration="5s", network={"loss": {"udp": "20%"}})

    def failed(result: serfsim.Result) -> float:
        return float(len(result.member_events))

    with_figure = serfsim.run(made, figures=[failed])
    assert with_figure.summary["own"]["failed"] > 0
    assert with_figure.summary["digest"] == serfsim.run(made).summary["digest"]


TIMERS = {
    "probe_interval": 1.0,
    "probe_timeout": 0.5,
    "gossip_interval": 0.2,
    "gossip_to_the_dead_time": 30.0,
    "push_pull_interval": 30.0,
    "tcp_timeout": 10.0,
    "reap_interval": 15.0,
    "reconnect_interval": 30.0,
    "queue_check_interval": 30.0,
}


def news(factor: float) -> list[tuple[float, int, int, int]]:
    """What members learn of a crash, all durations being so many times as long: (t, who, of whom, kind)."""
    result = serfsim.run(
        serfsim.Scenario(
            cluster={
                "nodes": 6,
                "processing_delay": f"{factor * 0.0002}s",
                "start": {"converged": True, "spread": f"{factor}s"},
                "config": {name: f"{factor * value}s" for name, value in TIMERS.items()}
                | {"suspicion_max_timeout_mult": 1},
            },
            network={"topology": {"model": "line", "spacing": f"{factor * 0.001}s"}},
            warm_up="0s",
            duration=f"{factor * 24.0}s",
            faults=[
                {"at": f"{factor * 3.0}s", "block": "tcp", "nodes": "all"},
                {"at": f"{factor * 3.0}s", "crash": "node-02"},
            ],
        )
    )
    table = result.recording.events
    wanted = np.isin(table.kind, (events.SUSPECT, events.SUSPECT_HEARD, events.MEMBER_DEAD, events.FAILED))
    columns = (table.t, table.observer, table.subject, table.kind)
    return [tuple(row) for row in zip(*(column[wanted].tolist() for column in columns), strict=True)]


def test_latency_and_timers_twice_as_long_make_all_times_twice_as_long() -> None:
    """No confirmation shortens a suspicion here, since memberlist cuts such a timeout to milliseconds."""
    once, twice = news(1.0), news(2.0)
    assert {kind for *_, kind in once} >= {events.SUSPECT, events.FAILED}
    assert [row[1:] for row in once] == [row[1:] for row in twice]
    assert [2.0 * t for t, *_ in once] == pytest.approx([t for t, *_ in twice], abs=1e-6)
