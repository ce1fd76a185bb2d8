"""The tables of a result, and the rows that a reader gets to see."""

from __future__ import annotations

import pytest

from serfsim import Result
from serfsim.report.tables import (
    claim_rows,
    format_figure,
    format_number,
    format_percent,
    lookup,
    summary_rows,
    traffic_rows,
)
from tests.report.conftest import empty


def test_member_events_say_what_was_true_and_how_many_confirmed(result: Result) -> None:
    frame = result.member_events
    assert list(frame.columns) == [
        "t_s",
        "observer",
        "subject",
        "kind",
        "truth_alive",
        "truth_reachable",
        "confirmations",
        "detail",
    ]
    failed = frame[frame["kind"] == "failed"]
    assert failed["observer"].tolist() == ["node-0", "node-1", "node-2"]
    assert set(failed["subject"]) == {"node-3"}
    assert not failed["truth_alive"].any()
    # The first came of a suspicion that two had confirmed, the others by hearsay.
    assert failed["confirmations"].isna().tolist() == [False, True, True]
    assert failed["confirmations"].iloc[0] == 2
    assert frame[frame["kind"] == "join"]["truth_alive"].all()


def test_probes_and_traffic_have_a_row_for_every_second_and_kind(result: Result) -> None:
    acks = result.probes[result.probes["kind"] == "direct_ack"]
    assert (len(acks), acks["t_s"].min(), acks["count"].sum()) == (60, -10.0, 240)
    # What the counters did not hold is counted from the events.
    suspects = result.probes[result.probes["kind"] == "suspect"]
    assert suspects.set_index("t_s")["count"][lambda count: count > 0].to_dict() == {20.0: 1, 22.0: 1}
    traffic = result.traffic
    assert set(traffic["message_type"]) == {"ping", "overhead"}
    assert traffic["bytes"].sum() == 900 * 60


def test_coordinates_are_those_of_live_nodes(result: Result) -> None:
    frame = result.coordinates
    assert list(frame.columns) == ["t_s", "node", "vec_0", "vec_1", "height", "adjustment", "error"]
    assert len(frame) == 12 * 4 - 4
    assert len(result.coordinate_error) == 12


def test_a_run_of_nothing_has_empty_tables_with_the_same_columns(result: Result) -> None:
    nothing = empty()
    for name in ("member_events", "probes", "coordinate_error", "traffic", "deliveries"):
        assert list(nothing.table(name).columns) == list(result.table(name).columns), name
        assert len(nothing.table(name)) == 0


def test_the_rows_of_a_summary_leave_out_what_there_is_nothing_to_say_about(result: Result) -> None:
    rows = {row.label.strip(): row for row in summary_rows(result.summary)}
    assert rows["false positives"].value == "0"
    assert (rows["first detection"].value, rows["first detection"].unit) == ("6.00", "s")
    assert rows["missed"].value == "0"
    assert (rows["query accuracy"].value, rows["query accuracy"].unit) == ("100", "%")
    assert "event delivered, p50" not in rows
    quiet = {row.label.strip() for row in summary_rows(empty().summary)}
    assert "missed" not in quiet
    assert "first detection" not in quiet
    assert "relative error" not in quiet
    assert [row.section for row in summary_rows(result.summary)] == sorted(
        (row.section for row in summary_rows(result.summary)),
        key=["Detection", "Views", "Coordinates", "Traffic", "Queues", "Health", "Dissemination"].index,
    )


def test_every_row_names_a_figure_of_the_summary(result: Result) -> None:
    for row in summary_rows(result.summary):
        lookup(result.summary, row.figure)
    with pytest.raises(KeyError):
        lookup(result.summary, "detection.no_such_figure")


def test_the_heaviest_message_types_come_first(result: Result) -> None:
    assert [row.label for row in traffic_rows(result.summary)] == ["udp_ping"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.0, "0"),
        (12, "12"),
        (1234567, "1,234,567"),
        (5.4321, "5.43"),
        (54.321, "54.3"),
        (543.21, "543"),
        (5432.1, "5,432"),
        (0.54321, "0.543"),
        (0.054321, "0.054"),
        (-3.14159, "-3.14"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0123, "1.23"),
        (0.5, "50.0"),
        (1.0, "100"),
        (0.99999, "99.999"),
        (0.9999999999, "99.9999"),
    ],
)
def test_a_share_that_is_not_all_is_never_shown_as_all(value: float, text: str) -> None:
    assert format_percent(value) == text


def test_a_family_shows_its_quantiles_or_its_only_value() -> None:
    family = {"mean": 2.0, "p50": 1.5, "p90": 3.0, "p99": 4.0, "max": 5.0, "n": 9}
    assert format_figure(family) == "p50 1.50  p99 4.00  max 5.00"
    assert format_figure({**family, "n": 1}) == "1.50"
    assert (
        format_figure({**family, "p50": 0.015, "p99": 0.5, "max": 1.5}, "%") == "p50 1.50  p99 50.0  max 150"
    )
    assert format_figure({**dict.fromkeys(family), "n": 0}) == "-"


def test_claims_say_what_was_found() -> None:
    claims = [
        {"claim": "a == 0", "holds": False, "value": 3},
        {"claim": "b < 1", "holds": True, "value": None},
    ]
    rows = claim_rows({"claims": claims})
    assert [(row.label, row.value, row.meaning) for row in rows] == [
        ("a == 0", "FAILS", "found 3"),
        ("b < 1", "holds", "found -"),
    ]
