"""The answer in words: true of the figures, and never more than they say."""

from __future__ import annotations

from typing import Any

import pytest

from serfsim import Result, load, run
from serfsim.report.answer import Answer, answer, readable_claims
from serfsim.report.tables import format_number
from tests.report.conftest import small


def told(summary: dict[str, Any], quiet: bool = False) -> str:
    return " ".join(answer(summary, quiet).sentences)


def claims(*holds: bool) -> dict[str, Any]:
    checked = [{"claim": "detection.flaps == 0", "holds": one, "value": 0 if one else 3} for one in holds]
    return {"claims": checked, "duration_s": 60.0}


@pytest.mark.parametrize(
    ("holds", "state", "verdict"),
    [
        ((), "seen", "No claims to check."),
        ((True,), "holds", "The claim holds."),
        ((False,), "fails", "The claim fails."),
        ((True, True), "holds", "Both claims hold."),
        ((True, True, True), "holds", "All 3 claims hold."),
        ((True, False, True), "fails", "1 of 3 claims fails."),
        ((False, True, False), "fails", "2 of 3 claims fail."),
        ((False, False, False), "fails", "None of the 3 claims holds."),
    ],
)
def test_the_verdict_is_about_the_claims(holds: tuple[bool, ...], state: str, verdict: str) -> None:
    found = answer(claims(*holds))
    assert (found.state, found.verdict, found.partial) == (state, verdict, "")


def test_wrong_verdicts_are_counted_by_whom_they_are_about_and_who_gave_them() -> None:
    detection = {
        "false_positives": 5,
        "false_positives_at_healthy": 0,
        "lifeguard": {"false_positives": 2},
        "last_false_positive_s": 31.5,
        "flaps": 1,
    }
    assert told({"detection": detection}) == (
        "A live member was declared failed 5 times: 2 about members that no fault hit,"
        " all by observers under a fault; the last at 31.5 s."
        " There was 1 flap (failed and back within flap_timeout)."
    )


def test_nobody_accused_and_probes_saved_by_tcp_are_told() -> None:
    detection = {"false_positives": 0, "unjust_suspicions": 0, "tcp_fallbacks": 1176}
    assert told({"detection": detection}) == (
        "No live member was declared failed or suspected. 1,176 probes succeeded only by TCP."
    )
    detection = {"false_positives": 0, "unjust_suspicions": 1, "tcp_fallbacks": 1}
    assert told({"detection": detection}) == (
        "No live member was declared failed, but live members were suspected once."
        " 1 probe succeeded only by TCP."
    )


def test_crashes_are_told_with_the_times_of_detection() -> None:
    once = {"first_s": {"n": 1, "p50": 7.0, "max": 7.0}, "full_s": {"n": 0, "p50": None}, "missed": 2}
    assert told({"detection": once}).startswith(
        "The crash was first detected after 7.00 s. Live observers never noticed a crash in 2 cases."
    )
    result = run(load("crash"), progress=lambda fraction: None)
    first, full = (result.summary["detection"][name] for name in ("first_s", "full_s"))
    assert answer(result.summary).sentences[0] == (
        f"3 crashes were detected: first after {format_number(first['p50'])} s in the median,"
        f" {format_number(first['max'])} s at most; by all live members after"
        f" {format_number(full['p50'])} s in the median, {format_number(full['max'])} s at most."
    )


def test_events_are_told_with_how_far_they_came() -> None:
    events = {"sent": 1, "p50_s": 0.25, "p99_s": None, "delivered_share": 0.5}
    queries = {"sent": 2, "p50_s": None, "delivered_share": 1.0, "answered_share": 0.9999}
    assert told({"dissemination": {"events": events, "queries": queries}}).startswith(
        "1 user event was sent; on average half of the members received one within 0.250 s; 50.0 % of the"
        " deliveries succeeded. 2 queries were sent; 100 % of the deliveries succeeded, and 99.99 % of the"
        " responses arrived."
    )


def test_coordinates_are_told_where_they_are_claimed_or_nothing_else_happened(result: Result) -> None:
    part = "estimated round-trip times"
    assert part not in told(result.summary)
    assert part in told(result.summary, quiet=True)
    claim = {"claim": "coordinates.relative_error.p50 < 1%", "holds": False, "value": 0.2}
    assert part in told({**result.summary, "claims": [claim]})


def test_an_interruption_before_anything_was_scored_says_nothing_else() -> None:
    found = answer(small(interrupted_at=-3.0).summary)
    assert isinstance(found, Answer)
    assert found.sentences == []
    assert found.partial == "Interrupted 3.00 s before the end of the warm-up: nothing was scored."


def test_a_claim_is_told_in_the_unit_it_was_made_in() -> None:
    checked = [
        {"claim": "detection.full_s.max < 20s", "holds": True, "value": 8.2},
        {"claim": "coordinates.relative_error.p50 < 4%", "holds": True, "value": 0.0098},
        {"claim": "coordinates.absolute_error_ms.p50 < 3ms", "holds": True, "value": 0.6666},
        {"claim": "detection.first_s.p50 < 1s", "holds": False, "value": None},
        {"claim": "something.of.later > 3 things", "holds": True, "value": 4},
        {"claim": "traffic.by_type.ping.bytes_per_node_s > 3", "holds": True, "value": 4.0},
    ]
    found = readable_claims({"claims": checked})
    assert [claim.found for claim in found] == ["8.20 s", "0.980 %", "0.667 ms", "no value", "4", "4.00"]
    assert found[0].meaning == "seconds from a crash to the last live observer's failed event: the largest"
    assert (found[4].meaning, found[5].meaning) == ("", "ping bytes_per_node_s, by message type")
