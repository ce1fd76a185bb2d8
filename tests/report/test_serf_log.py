"""Serf's lines about user events, queries, queues and conflicts, and their place among the others."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pytest

from serfsim.protocol import events as kind
from serfsim.protocol import log_lines as lines
from serfsim.protocol.memberlist.errors import REFUSED, gathered, stream_error, version_error
from serfsim.protocol.runtime import CLOSED, IO_TIMEOUT
from serfsim.protocol.vivaldi.client import RTT_OUT_OF_RANGE
from serfsim.results.agent_log import log_lines, write_log
from serfsim.results.scoring.recording import LogTable
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


def logged(
    number: int, subject: int = -1, a: int = 0, b: int = 0, text: str = "", release: str = "0.9"
) -> str:
    """The line of an entry of the log table, without its time."""
    whole = np.array([number]), np.array([subject]), np.array([a]), np.array([b])
    table = LogTable(np.array([1.0]), np.array([0]), *whole, np.array([0]), np.array([0]), [text])
    return "\n".join(line[13:] for line in log_lines(events([]), NAMES, release, log=table))


REMOTE, OWN = "10.0.0.2:7946", "10.0.0.1:7946"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            logged(lines.OLD_EVENT, -1, 7, 520, "deploy"),
            "received old event deploy from time 7 (current: 520)",
        ),
        (logged(lines.OLD_QUERY, -1, 7, 520, "up"), "received old query up from time 7 (current: 520)"),
        (
            logged(lines.STRAY_RESPONSE, 2, 7, 9),
            "a [WARN] serf: reply for non-running query (LTime: 7, ID: 9) From: c",
        ),
        (logged(lines.WRONG_RESPONSE, 2, 7, 9), "query reply ID mismatch (Local: 7, Response: 9)"),
        (logged(lines.UNKNOWN_QUERY, text="x"), "[WARN] serf: Unhandled internal query 'x'"),
        (
            logged(lines.CONFLICTING_ADDRESS, 1, 0, text=f"Mine: {REMOTE} Theirs: 10.0.0.9:7946"),
            "Conflicting address for b. Mine: 10.0.0.2:7946 Theirs: 10.0.0.9:7946 Old state: 0",
        ),
        (logged(lines.BAD_STATE, 1, 3), "[WARN] serf: Bad state when leave: 3"),
        (logged(lines.STRANGE_PING, 1, text=REMOTE), "Got ping for unexpected node 'b' from=10.0.0.2:7946"),
        (
            logged(lines.STRANGE_STREAM_PING, 1, text=REMOTE),
            "Got ping for unexpected node b from=10.0.0.2:7946",
        ),
        (
            logged(lines.NAME_CONFLICT, 1, text="x:1 and y:2"),
            "Name conflict for 'b' both x:1 and y:2 are claiming",
        ),
        (
            logged(lines.OWN_NAME_CONFLICT, 0, 1, text="x:1"),
            "at x:1. Names must be unique! (Resolution enabled: true)",
        ),
        (
            logged(lines.FALLBACK_FAILED, 1, 0, 2_000_000_000, stream_error(IO_TIMEOUT, OWN, REMOTE)),
            "Failed fallback ping: read tcp 10.0.0.1:7946->10.0.0.2:7946: i/o timeout",
        ),
        (
            logged(lines.FALLBACK_FAILED, 1, 0, 2_000_000_000, stream_error(CLOSED, OWN, REMOTE), "latest"),
            "Failed fallback TCP ping: timeout 2s: EOF",
        ),
        (
            logged(lines.REFUTING_ALIVE, 0, text="meta:([1] VS [2])"),
            "alive message for 'a' (10.0.0.1:7946) meta:([1] VS [2])",
        ),
        (logged(lines.JOIN_RETRY, a=30_000, text="EOF"), "Join failed: EOF, retrying in 30s"),
        (
            logged(lines.MERGE_FAILED, text=version_error(REFUSED | 6 << 16 | 2 << 8 | 5, "c")),
            "Failed push/pull merge: Node 'c' protocol version (6) is incompatible: [2, 5]",
        ),
        (
            logged(lines.COORDINATE_REJECTED, 1, RTT_OUT_OF_RANGE, 11_000_000_000),
            "[TRACE] serf: Rejected coordinate from b: round trip time not in valid range, duration 11s",
        ),
    ],
)
def test_what_no_event_stands_for_is_in_the_agents_words(found: str, line: str) -> None:
    assert line in found


def test_an_error_of_several_lines_goes_on_behind_the_nodes_name() -> None:
    text = gathered(["Failed to join 10.0.0.2: EOF", "Failed to join 10.0.0.3: EOF"])
    assert logged(lines.JOIN_ERROR, text=text).splitlines() == [
        "a [WARN] agent: error joining: 2 errors occurred:",
        "a \t* Failed to join 10.0.0.2: EOF",
        "a \t* Failed to join 10.0.0.3: EOF",
    ]


def test_lines_of_the_log_come_before_the_event_that_followed_them() -> None:
    others: list[Row] = [(0.5, 0, kind.JOIN, 1), (1.0, 2, kind.JOIN, 1), (1.0, 0, kind.FAILED, 2)]
    number, none, zero = lines.MESSAGE_JOIN, np.array([-1, -1]), np.array([0, 0])
    table = LogTable(
        np.array([1.0, 1.0]), zero, np.array([number, number]), np.array([1, 2]), none, none, zero,
        np.array([1, 3]), [""],
    )  # fmt: skip
    stream = StringIO()
    write_log(stream, events(others), NAMES, log=table)
    assert [line[13:] for line in stream.getvalue().splitlines()] == [
        "a [INFO] serf: EventMemberJoin: b 10.0.0.2",
        "a [DEBUG] serf: messageJoinType: b",
        "c [INFO] serf: EventMemberJoin: b 10.0.0.2",
        "a [INFO] serf: EventMemberFailed: c 10.0.0.3",
        "a [DEBUG] serf: messageJoinType: c",
    ]
