"""How fast simulated time passes."""

from __future__ import annotations

import pytest

from serfsim.live.rpc.pacing import LARGEST_LAG_S, STEP_S, Controlled, Fast, RealTime, Stepped


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_a_speed_of_five_a_second_is_five() -> None:
    clock = Clock()
    pace = RealTime(5.0, clock)
    assert pace.limit(0.0, False) == pytest.approx(0.0)
    clock.now += 0.1
    assert pace.limit(0.0, False) == pytest.approx(0.5)
    clock.now += 0.1
    assert pace.limit(0.5, True) == pytest.approx(1.0)


def test_time_lost_by_a_machine_that_cannot_keep_up_is_not_made_up_for() -> None:
    clock = Clock()
    pace = RealTime(2.0, clock)
    pace.limit(0.0, False)
    clock.now += 60.0
    assert pace.limit(10.0, False) == pytest.approx(10.0 + 2.0 * LARGEST_LAG_S)
    clock.now += 0.1
    assert pace.limit(11.0, False) == pytest.approx(11.2)


def test_fast_goes_to_the_end_and_then_on_in_real_time() -> None:
    clock = Clock()
    pace = Fast(600.0, clock)
    assert pace.limit(3.0, False) == 600.0
    assert pace.limit(600.0, False) == pytest.approx(600.0)
    clock.now += 0.25
    assert pace.limit(600.0, False) == pytest.approx(600.25)


def test_steps_add_up_and_nothing_passes_without_one() -> None:
    reached: list[float] = []
    pace = Stepped(reached.append)
    assert pace.limit(7.0, False) == 7.0
    pace.advance(2.0)
    pace.advance(1.0)
    assert pace.limit(7.0, False) == 10.0
    assert pace.limit(9.0, False) == 10.0
    assert reached == []
    assert pace.limit(10.0, False) == 10.0
    assert pace.limit(10.0, False) == 10.0
    assert reached == [10.0]


def test_a_request_that_waits_lets_a_stepped_simulation_go_on() -> None:
    pace = Stepped()
    assert pace.limit(7.0, True) == 7.0 + STEP_S
    assert pace.limit(7.0, False) == 7.0


def test_a_control_room_pauses_steps_and_changes_the_speed() -> None:
    clock = Clock()
    pace = Controlled(60.0, 2.0, clock=clock)
    assert pace.limit(7.0, False) == pytest.approx(7.0)
    clock.now += 0.25
    assert pace.limit(7.0, False) == pytest.approx(7.5)
    pace.paused = True
    assert pace.limit(7.5, True) == 7.5  # a request that waits ends no pause
    pace.step(7.5, 3.0)
    assert pace.limit(7.5, False) == 10.5
    assert pace.limit(10.5, False) == 10.5
    pace.go(4.0)
    assert (pace.speed, pace.limit(10.5, False)) == (4.0, pytest.approx(10.5))
    clock.now += 0.25
    assert pace.limit(10.5, False) == pytest.approx(11.5)
    pace.step(50.0, 30.0)
    assert pace.limit(50.0, False) == 60.0
