"""How user events and queries spread, counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serfsim.protocol.serf.application import ACKED, ANSWERED, CLOSED, DELIVERED, RECEIVED, SENT
from serfsim.results.columns import frame_of
from serfsim.results.frames import deliveries
from serfsim.results.scoring.recording import DeliveryTable, ItemSummary
from serfsim.results.summary import score
from tests.scoring.recorded import recorded

Row = tuple[float, int, int, int] | tuple[float, int, int, int, int]  # t, node, action, item, peer

EVENT = ItemSummary("event", "deploy", 3, 0, 16)
OTHER = ItemSummary("event", "deploy", 9, 2, 16)
QUERY = ItemSummary("query", "uptime", 1, 1, 0, wants_ack=True)
INTERNAL = ItemSummary("query", "_serf_ping", 2, 1, 0, wants_ack=True)


def table(rows: list[Row], *items: ItemSummary) -> DeliveryTable:
    columns = np.array([(*row, -1)[:5] for row in rows], dtype=np.float64).reshape(len(rows), 5).T
    node, action, item, peer = (column.astype(np.int64) for column in columns[1:])
    return DeliveryTable(columns[0].copy(), node, action, item, peer, list(items))


def figures(rows: list[Row], *items: ItemSummary, **options: Any) -> Any:
    recording = recorded(**{"nodes": 5, "duration": 60.0, **options})
    recording.deliveries = table(rows, *items)
    return score(recording)["dissemination"]


def sent(item: int, source: int, at: float, reached: dict[int, float]) -> list[Row]:
    """An event that other nodes have so many seconds later."""
    rows: list[Row] = [(at, source, SENT, item), (at, source, RECEIVED, item)]
    return rows + [(at + after, node, RECEIVED, item) for node, after in reached.items()]


def test_half_of_four_others_are_two_and_99_percent_are_all() -> None:
    found = figures(sent(0, 0, 10.0, {1: 0.1, 2: 0.2, 3: 0.5, 4: 0.9}), EVENT)["events"]
    assert found == {
        "p50_s": pytest.approx(0.2),
        "p99_s": pytest.approx(0.9),
        "full_s": pytest.approx(0.9),
        "delivered_share": 1.0,
        "late_share": 0.0,
        "sent": 1,
    }


def test_times_are_the_means_over_events_and_the_share_counts_pairs() -> None:
    rows = sent(0, 0, 10.0, {1: 0.1, 2: 0.2, 3: 0.5, 4: 0.9}) + sent(1, 2, 20.0, {0: 0.3, 1: 0.4})
    found = figures(rows, EVENT, OTHER)["events"]
    assert found["p50_s"] == pytest.approx((0.2 + 0.4) / 2)
    assert found["full_s"] == pytest.approx(0.9), "of the one that came so far"
    assert found["delivered_share"] == 6 / 8
    assert found["late_share"] == 2 / 8
    assert found["sent"] == 2


def test_late_is_later_than_after_fifteen_seconds_or_never() -> None:
    found = figures(sent(0, 0, 10.0, {1: 0.1, 2: 15.0, 3: 15.1}), EVENT)["events"]
    assert found["late_share"] == 2 / 4


def test_who_was_down_when_it_was_sent_is_not_waited_for() -> None:
    rows = sent(0, 0, 10.0, {1: 0.1, 2: 0.2, 3: 0.4})
    found = figures(rows, EVENT, down={4: [(5.0, 30.0)]})["events"]
    assert (found["full_s"], found["delivered_share"]) == (pytest.approx(0.4), 1.0)


def test_who_went_down_without_it_is_left_out_and_who_went_down_with_it_counts() -> None:
    rows = sent(0, 0, 10.0, {1: 0.1, 2: 0.2, 3: 0.4})
    down = {4: [(11.0, 90.0)], 3: [(12.0, 90.0)]}
    found = figures(rows, EVENT, down=down)["events"]
    assert (found["full_s"], found["delivered_share"]) == (pytest.approx(0.4), 1.0)


def test_who_stays_up_and_never_has_it_lowers_the_share() -> None:
    found = figures(sent(0, 0, 10.0, {1: 0.1, 2: 0.2}), EVENT)["events"]
    assert found["p50_s"] == pytest.approx(0.2)
    assert (found["p99_s"], found["full_s"], found["delivered_share"]) == (None, None, 0.5)


def test_the_first_copy_counts_even_in_a_second_life() -> None:
    rows = [*sent(0, 0, 10.0, {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}), (30.0, 4, RECEIVED, 0)]
    assert figures(rows, EVENT)["events"]["full_s"] == pytest.approx(0.4)


def test_what_was_sent_before_the_scored_time_or_comes_after_it_does_not_count() -> None:
    assert figures(sent(0, 0, -5.0, {1: 0.1}), EVENT)["events"]["sent"] is None
    late = figures(sent(0, 0, 59.9, {1: 0.05, 2: 0.2}), EVENT, interrupted_at=60.0)["events"]
    assert late["delivered_share"] == 1 / 4


def test_acks_and_answers_are_shares_of_the_members_for_whom_a_query_was() -> None:
    rows = sent(0, 1, 10.0, {0: 0.1, 2: 0.2, 3: 0.3, 4: 0.4})
    rows += [(10.0, 1, DELIVERED, 0), (10.1, 0, DELIVERED, 0), (10.2, 2, DELIVERED, 0)]
    rows += [(10.0, 1, ACKED, 0, 1), (10.2, 1, ACKED, 0, 0), (10.3, 1, ACKED, 0, 2)]
    rows += [(10.0, 1, ANSWERED, 0, 1), (10.2, 1, ANSWERED, 0, 0), (15.0, 1, CLOSED, 0)]
    found = figures(sorted(rows), QUERY)
    assert found["queries"]["delivered_share"] == 1.0
    assert found["queries"]["acked_share"] == 1.0
    assert found["queries"]["answered_share"] == pytest.approx(2 / 3)
    assert found["events"]["sent"] is None


def test_where_no_acks_were_asked_for_there_is_no_share_of_them() -> None:
    silent = ItemSummary("query", "uptime", 1, 1, 0)
    rows: list[Row] = [*sent(0, 1, 10.0, {}), (10.0, 1, DELIVERED, 0)]
    found = figures(rows, silent)["queries"]
    assert (found["acked_share"], found["answered_share"]) == (None, 0.0)


def test_serfs_own_queries_are_not_counted() -> None:
    assert figures(sent(0, 1, 10.0, {0: 0.1}), INTERNAL)["queries"]["sent"] is None


def test_without_any_all_figures_are_none() -> None:
    found = figures([])
    assert set(found["events"].values()) == {None}
    assert set(found["queries"].values()) == {None}


# The table -----------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_every_member_that_got_it_and_every_response() -> None:
    rows = sent(0, 1, 10.0, {0: 0.1})
    rows += [(10.0, 1, DELIVERED, 0), (10.2, 1, ACKED, 0, 0), (10.3, 1, ANSWERED, 0, 0)]
    frame = frame_of(deliveries(table(sorted(rows), QUERY), ["a", "b"]))
    assert list(frame["kind"]) == ["query", "query", "ack", "response"]
    assert list(frame["source"]) == ["b", "b", "a", "a"]
    assert list(frame["node"]) == ["b", "a", "b", "b"]
    assert list(frame["t_received_s"]) == [10.0, 10.1, 10.2, 10.3]
    assert set(frame["t_sent_s"]) == {10.0}
    assert list(frame["t_delivered_s"].isna()) == [False, True, True, True]
    assert set(frame["name"]) == {"uptime"}
    assert set(frame["ltime"]) == {1}


def test_an_empty_table_has_the_same_columns() -> None:
    full, empty = (
        frame_of(deliveries(table(sent(0, 0, 1.0, {1: 0.1}), EVENT), ["a", "b"])),
        frame_of(deliveries(table([]), ["a"])),
    )
    assert list(full.columns) == list(empty.columns)
    assert [str(kind) for kind in full.dtypes] == [str(kind) for kind in empty.dtypes]
    assert len(empty) == 0
