"""Events held back for the application (spec serf.md section 13)."""

from __future__ import annotations

import random

import pytest

from serfsim.protocol import events
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.events import MemberCoalescer
from tests.serf.harness import HandApplication, SerfHand


def hand_of(config: SerfConfig | None = None, *, members: bool = False) -> SerfHand:
    application = HandApplication(wants_members=members)
    hand = SerfHand(knowing=0, config=config or SerfConfig(), application=application)
    hand.memberlist_config.push_pull_interval = 0.0
    hand.run(10.0)
    application.told.clear()
    application.at.clear()
    return hand


def test_an_event_comes_a_second_after_the_last_of_a_burst() -> None:
    hand = hand_of()
    for at in (10.0, 10.5, 11.2):
        hand.run(at)
        hand.event_heard("deploy", ltime=int(at * 10), coalesce=True)
    hand.run(20.0)
    assert hand.application.told == ["user-event: deploy"], "only the newest"
    assert hand.application.at == [pytest.approx(12.2)]


def test_a_burst_without_end_is_broken_after_three_seconds() -> None:
    hand = hand_of()
    for step in range(10):
        hand.run(10.0 + 0.5 * step)
        hand.event_heard("deploy", ltime=step + 1, coalesce=True)
    hand.run(20.0)
    assert hand.application.at == [pytest.approx(13.0), pytest.approx(15.5)]


def test_all_events_of_the_newest_time_are_told_and_none_of_an_older() -> None:
    hand = hand_of()
    for payload, ltime in ((b"1", 5), (b"2", 7), (b"3", 7), (b"4", 6)):
        hand.event_heard("deploy", payload, ltime, coalesce=True)
    hand.event_heard("other", b"", 1, coalesce=True)
    hand.run(20.0)
    assert hand.application.told == ["user-event: deploy"] * 2 + ["user-event: other"]


def test_events_without_the_flag_and_queries_pass_straight_through() -> None:
    hand = hand_of()
    hand.event_heard("deploy", coalesce=False)
    assert hand.application.told == ["user-event: deploy"]
    assert hand.application.at == [10.0]


@pytest.mark.parametrize("setting", ["user_coalesce_period", "user_quiescent_period"])
def test_a_period_of_nothing_turns_it_off(setting: str) -> None:
    config = SerfConfig()
    setattr(config, setting, 0.0)
    hand = hand_of(config)
    hand.event_heard("deploy", coalesce=True)
    assert hand.application.told == ["user-event: deploy"]


def test_member_events_are_gathered_only_for_an_application_that_wants_them() -> None:
    hand = hand_of(members=True)
    for name in "pq":
        hand.joins(name)
    hand.run(10.9)
    assert hand.application.told == []
    hand.run(11.0)
    assert hand.application.told == ["member-join [b c]"]
    deaf = hand_of()
    deaf.joins("p")
    deaf.run(20.0)
    assert deaf.application.told == []


def test_a_member_that_fails_and_comes_back_within_a_burst_makes_no_event() -> None:
    hand = hand_of(members=True)
    hand.joins("p")
    hand.run(12.0)
    hand.dies("p")
    hand.joins("p", incarnation=2)
    hand.run(20.0)
    assert hand.application.told == ["member-join [b]"]


def test_a_forced_leave_is_a_leave_to_the_application() -> None:
    hand = hand_of(members=True)
    hand.joins("p")
    hand.dies("p")
    hand.run(15.0)
    hand.leave_intent("p", 3)
    hand.run(20.0)
    assert hand.application.told == ["member-failed [b]", "member-leave [b]"]


class Told(Application):
    def __init__(self) -> None:
        self.calls: list[tuple[int, list[int]]] = []

    def member_event(self, kind: int, members: list[int], now: float) -> None:
        self.calls.append((kind, list(members)))


class Silent(Runtime):
    def call_at(self, at: float, timer: int, a: int, b: int) -> None:
        pass

    def log(self, now: float, line: int, subject: int, a: int, b: int, text: str) -> None:
        pass


def test_a_large_cluster_that_keeps_only_members_with_events_tells_the_same() -> None:
    dice, all_calls = random.Random(4), []
    script = [
        (dice.choice([events.JOIN, events.FAILED, events.LEFT, events.UPDATE]), dice.randrange(60) * 700)
        for _ in range(3000)
    ]
    for few in (False, True):
        application = Told()
        coalescer = MemberCoalescer(3.0, 1.0, 1, Silent(), application)
        if few:
            coalescer.expect_few()
        for turn, (kind, member) in enumerate(script):
            coalescer.take(kind, member, float(turn))
            if turn % 17 == 0:
                coalescer.flush(float(turn))
        all_calls.append(application.calls)
    assert len(all_calls[0]) > 300
    assert all_calls[0] == all_calls[1]
