"""Moments that coincide, and members that are no members."""

from __future__ import annotations

import numpy as np

from serfsim.protocol.events import FAILED, JOIN, SUSPECT
from serfsim.results.scoring.digest import digest
from serfsim.results.scoring.dissemination import Followed, Spread
from serfsim.results.scoring.intervals import Spans
from serfsim.results.scoring.recording import Interval
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.views import Pairs
from tests.scoring.recorded import AFTER, counters, figures, recorded


def test_a_suspicion_at_the_moment_of_the_crash_is_one_of_it() -> None:
    rows = [(20, 0, SUSPECT, 3), (25, 0, FAILED, 3)]
    found = figures(rows, down={3: [(20, AFTER)]}, crashes=[(20, 3)])["detection"]
    assert found["first_suspect_s"]["max"] == 0.0


def test_the_number_after_the_last_member_is_nobody() -> None:
    found = figures([(1, 0, FAILED, 4), (2, 0, FAILED, 3)], nodes=4)["detection"]
    assert found["false_positives"] == 1


def test_an_interval_covers_its_first_moment_also_where_nothing_else_is_asked() -> None:
    spans = Spans([[Interval(5.0, 7.0)]])
    node = np.zeros(1, dtype=np.int64)
    assert [bool(spans.covers(node, np.array([t]))[0]) for t in (4.9, 5.0, 6.9, 7.0)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_member_that_starts_late_makes_pairs_from_then_on() -> None:
    run = ScoredRun(recorded(nodes=4, duration=100.0, down={3: [(0, 0.5)]}))
    assert run.pair_seconds == 3 * 2 * 0.5 + 4 * 3 * 99.5


def test_what_was_sent_but_never_counted_has_bytes_and_no_messages() -> None:
    found = figures(sizes=counters({"udp_ping": [10] * 100}))["traffic"]["by_type"]
    assert found["udp_ping"]["messages_per_node_s"] == 0.0


def test_a_curve_has_a_step_for_each_view_that_followed() -> None:
    curve = Followed(100.0)
    curve.take(Spread(4, np.array([0.5, 1.0, 2.0])))
    t, share = curve.curve()
    assert t.tolist() == [0.5, 1.0, 2.0]
    assert share.tolist() == [0.25, 0.5, 0.75]


def test_a_digest_follows_from_the_names_of_the_counters_too() -> None:
    named = [recorded(counts=counters({name: [1, 2]})) for name in ("udp_ping", "udp_ack")]
    assert digest(named[0]) != digest(named[1])


def test_what_a_member_says_of_itself_is_no_view() -> None:
    pairs = Pairs(np.full((3, 3), np.int8(JOIN)), np.arange(3, dtype=np.int64))
    assert pairs.equal_to(JOIN).values.tolist() == [
        [False, True, True],
        [True, False, True],
        [True, True, False],
    ]
