"""Serf's lines about user events, queries, queues and conflicts, and their place among the others."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pytest

from serfsim.protocol import events as kind
from serfsim.protocol.serf.application import ACKED, DELIVERED, RECEIVED, SENT
from serfsim.report.frames import deliveries
from serfsim.report.log import log_lines, write_log
from serfsim.scoring.recording import Announcement, DeliveryTable
from tests.scoring.recorded import Row, events

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ((1.0, 0, kind.REAP, 1), "a [INFO] serf: EventMemberReap: b"),
        ((1.0, 0, kind.REAP, 1, 1), "a [INFO] serf: EventMemberReap (forced): b 10.0.0.2"),
        ((1.0, 0, kind.QUEUE_DEEP, 0, 128 * 4), "a [WARN] serf: Intent queue depth: 128"),
        ((1.0, 0, kind.QUEUE_DEEP, 0, 130 * 4 + 1), "a [WARN] serf: Query queue depth: 130"),
        (
            (1.0, 0, kind.QUEUE_PRUNED, 0, ((4096 << 28) + 5000) * 4 + 2),
            "a [WARN] serf: Event queue depth (5000) exceeds limit (4096), dropping messages!",
        ),
        ((1.0, 0, kind.OLD_EVENT, 0, 7), "a [WARN] serf: received old event from time 7"),
        ((1.0, 0, kind.OLD_QUERY, 0, 7), "a [WARN] serf: received old query from time 7"),
        (
            (1.0, 0, kind.STRAY_RESPONSE, 2, 7),
            "a [WARN] serf: reply for non-running query (LTime: 7) From: c",
        ),
        (
            (1.0, 0, kind.CONFLICT_WON, 0, 3 * 65536 + 4),
            "a [INFO] serf: majority in name conflict resolution [3 / 4]",
        ),
        (
            (1.0, 0, kind.CONFLICT_LOST, 0, 4),
            "a [WARN] serf: minority in name conflict resolution, quitting [0 / 4]",
        ),
        (
            (1.0, 0, kind.REJOIN_FAILED, 0),
            "a [WARN] serf: Failed to re-join any previously known node",
        ),
    ],
)
def test_warnings_are_in_serfs_words(row: Row, line: str) -> None:
    assert list(log_lines(events([row]), NAMES)) == [f"       1.000 {line}"]


def test_what_was_delivered_stands_among_the_other_lines_in_order_of_time() -> None:
    rows = [
        (1.0, 0, SENT, -1),
        (1.0, 0, RECEIVED, -1),
        (1.2, 1, RECEIVED, -1),
        (1.2, 1, DELIVERED, -1),
        (1.3, 0, ACKED, 1),
        (2.0, 0, DELIVERED, -1),
    ]
    t, node, action, peer = (np.array(column) for column in zip(*rows, strict=True))
    items = [Announcement("query", "uptime", 1, 0, 0, wants_ack=True)]
    table = DeliveryTable(t, node, action, np.zeros(len(rows), dtype=np.int64), peer, items)
    stream = StringIO()
    others: list[Row] = [(0.5, 0, kind.JOIN, 1), (1.25, 2, kind.JOIN, 1), (3.0, 0, kind.FAILED, 2)]
    write_log(stream, events(others), NAMES, "0.9", deliveries(table, NAMES))
    assert [line.strip() for line in stream.getvalue().splitlines()] == [
        "0.500 a [INFO] serf: EventMemberJoin: b 10.0.0.2",
        "1.200 b [DEBUG] serf: messageQueryType: uptime",
        "1.200 b [INFO] agent: Received event: query: uptime",
        "1.250 c [INFO] serf: EventMemberJoin: b 10.0.0.2",
        "1.300 a [DEBUG] serf: messageQueryResponseType: b",
        "2.000 a [INFO] agent: Received event: query: uptime",
        "3.000 a [INFO] serf: EventMemberFailed: c 10.0.0.3",
    ]
