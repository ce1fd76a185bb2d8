"""Rules that no cluster here reaches: lengths of states, timeouts by tag, second leaves, relays."""

from __future__ import annotations

import pytest

from serfsim.protocol import log_lines
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.push_pull import LARGE_STATE, LARGEST_STATE
from serfsim.protocol.memberlist.seal import STREAM_FRAME
from serfsim.protocol.rules import MEMBERLIST_RELEASES
from serfsim.protocol.serf.query_messages import QueryResponse, Relayed
from serfsim.protocol.serf.tags import encode_tags, go_duration
from tests.versions.harness import ReleaseHand, serf_hand

NEWER = ("0.2.2", "0.3.0", "0.3.1", "0.6.0")


def large_state(memberlist: str, size: int) -> ReleaseHand:
    """A node that was told an encrypted state of `size` bytes."""
    hand = ReleaseHand(release=f"0.9.4 with memberlist {memberlist}", others=2)
    hand.config.encryption_overhead = 29
    state = hand.push_pull_of(ReleaseHand(release="0.9", others=2))
    state.size = size + STREAM_FRAME
    hand.node.on_stream_answered(state, 1, hand.now)
    return hand


def logged(hand: ReleaseHand, number: int) -> bool:
    return number in [line for _, line, _ in hand.runtime.lines]


@pytest.mark.parametrize("memberlist", NEWER)
def test_a_state_over_60_percent_of_the_limit_is_warned_of_from_031_on(memberlist: str) -> None:
    sizes = (LARGE_STATE, LARGE_STATE + 1)
    warned = [logged(large_state(memberlist, size), log_lines.LARGE_STATE) for size in sizes]
    is_new = MEMBERLIST_RELEASES.index(memberlist) >= MEMBERLIST_RELEASES.index("0.3.1")
    assert warned == [False, is_new]


@pytest.mark.parametrize("memberlist", NEWER)
def test_a_state_over_the_limit_is_refused_in_every_release(memberlist: str) -> None:
    hand = large_state(memberlist, LARGEST_STATE + 1)
    word = "remote" if memberlist == "0.6.0" else "Remote"
    assert f"{word} node state is larger than limit ({LARGEST_STATE + 1})" in hand.node.merger.error


@pytest.mark.parametrize(("release", "reaped"), [("0.9.4", False), ("0.9.5", True), ("0.10.2", True)])
def test_a_tag_overrides_the_reconnect_timeout_from_095_on(release: str, reaped: bool) -> None:
    hand = serf_hand(release, knowing=3)
    hand.config.reconnect_timeout = 1000.0
    hand.config.reconnect_timeout_tag = "rc_tm"
    members = hand.node.memberlist.core.members
    members.set_record(1, members.record(1).with_meta(encode_tags({"rc_tm": "1m30s"})))
    hand.dies("p")
    hand.node.reaper.reap(hand.now + 89.0)
    assert hand.status("p") == "failed"
    hand.node.reaper.reap(hand.now + 91.0)
    assert (hand.status("p") == "none") == reaped


def test_a_duration_is_read_as_go_reads_it() -> None:
    read = {
        text: go_duration(text) for text in ("72h", "1h30m", "1.5s", "500ms", "0s", "", "5", "h", "1x", "-1h")
    }
    assert list(read.values()) == [259200.0, 5400.0, 1.5, 0.5, 0.0, -1.0, -1.0, -1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    ("release", "passed_on", "ltime"),
    [("0.8.4", False, 5), ("0.8.5", True, 5), ("0.8.6", True, 6), ("0.9.2", True, 5), ("0.9.3", True, 6)],
)
def test_a_second_leave_goes_round_for_ever_in_some_releases(
    release: str, passed_on: bool, ltime: int
) -> None:
    hand = serf_hand(release, knowing=2)
    assert hand.leave_intent("p", 5)
    assert hand.leave_intent("p", 6) == passed_on
    assert hand.ltime("p") == ltime
    assert hand.leave_intent("p", 6) == (passed_on and ltime == 5)


@pytest.mark.parametrize("port", [127, 128, 7946, 32767, 32768, 65535])
@pytest.mark.parametrize("is_signed", [False, True])
def test_the_size_of_a_relayed_answer_is_that_of_its_bytes(port: int, is_signed: bool) -> None:
    directory = Directory()
    directory.add("a", 0)
    target = directory.first[0]
    target.port = port
    message = Relayed(QueryResponse(target, 5, 7, 0, b""), target, is_signed=is_signed)
    assert len(message.encode(directory)) == message.size
