"""Gossip by release: who is told, in which order, in which wrapping (spec versions.md section 2)."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.core import GOSSIP_TICK
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import (
    COMPOUND_HEADER,
    COMPOUND_PART,
    CRC_SIZE,
    Alive,
    Message,
    UserMessage,
)
from serfsim.protocol.memberlist.state import OWN_ADDRESS
from serfsim.protocol.versions import RELEASES, ReleaseFeatures
from tests.memberlist.harness import in_order, m
from tests.versions.harness import ReleaseHand, config_of, record_of, since


def gossips_to(release: str, kind: int, accuser: str) -> bool:
    """Is the only other member told something after such a message about it?"""
    hand = ReleaseHand(release=release, others=1).start()
    hand.heard(hand.suspect_or_dead(kind, "peer", 1, accuser))
    hand.runtime.sent.clear()
    hand.node.core.broadcasts.queue(UserMessage(3, 0, 50))
    for tick in range(3):  # chance may miss a member in so small a cluster
        hand.fire(GOSSIP_TICK, at=0.2 * (tick + 1))
    return len(hand.sent(m.GOSSIP)) > 0


def test_suspects_are_told_from_081_on() -> None:
    assert [gossips_to(release, m.SUSPECT, "peer") for release in RELEASES] == since("0.8.1")


def test_the_recently_dead_are_told_from_081_on() -> None:
    assert [gossips_to(release, m.DEAD, "me") for release in RELEASES] == since("0.8.1")


def test_who_has_left_is_told_as_a_dead_member_is_until_there_is_a_state_for_it() -> None:
    told = [gossips_to(release, m.DEAD, "peer") for release in RELEASES]
    assert told == [release in ("0.8.1", "0.8.2") for release in RELEASES]


def told_alone(release: str, peers: str = "", compression: bool = False) -> tuple[int, int]:
    """The size of a gossip datagram with one message, and that of the message."""
    hand = ReleaseHand(release=release, peers=peers).start()
    hand.config.enable_compression = compression
    message = UserMessage(3, 0, 50)
    hand.node.core.broadcasts.queue(message)
    hand.fire(GOSSIP_TICK, at=0.2)
    return hand.sent(m.GOSSIP)[0][1].size, message.size


@pytest.mark.parametrize("release", RELEASES)
def test_one_message_is_wrapped_before_082_and_has_a_checksum_from_081_on(release: str) -> None:
    size, bare = told_alone(release)
    wrapped = release in ("0.6", "0.7", "0.8", "0.8.1")
    checked = release not in ("0.6", "0.7", "0.8")
    expected = bare + (COMPOUND_HEADER + COMPOUND_PART if wrapped else 0) + (CRC_SIZE if checked else 0)
    assert size == expected


def test_only_members_of_081_and_later_get_a_checksum() -> None:
    with_checksum = [told_alone("0.9", peers)[0] == told_alone("0.9")[0] for peers in RELEASES]
    assert with_checksum == since("0.8.1")


def test_of_equally_told_messages_the_longest_goes_first_from_082_on_and_the_newest_before() -> None:
    order = []
    for release in RELEASES:
        queue = TransmitLimitedQueue(4, ReleaseFeatures(release).longest_first)
        for size in (40, 90, 60):
            queue.queue(UserMessage(3, size, size))
        told: list[Message] = []
        queue.get_broadcasts(10, 2, 1000, told)
        order.append([message.size for message in told])
    assert order == [[90, 60, 40] if late else [60, 90, 40] for late in since("0.8.2")]


def test_in_the_old_queue_a_message_that_does_not_fit_is_passed_over() -> None:
    queue = TransmitLimitedQueue(4, longest_first=False)
    for size in (40, 30, 90):
        queue.queue(UserMessage(3, size, size))
    told: list[Message] = []
    assert queue.get_broadcasts(10, 2, 75, told) == 74
    assert [message.size for message in told] == [30, 40]
    assert queue.get_broadcasts(10, 2, 95, told) == 92
    assert told[-1].size == 90


def test_the_old_queue_loses_nothing_when_it_runs_empty() -> None:
    queue = TransmitLimitedQueue(4, longest_first=False)
    queue.queue(UserMessage(3, 1, 40))
    for number in range(2, 6):  # each is taken out and put back while a new one of its length comes
        told: list[Message] = []
        queue.get_broadcasts(10, 2, 1000, told)
        queue.queue(UserMessage(3, number, 40))
    assert queue.depth == 5
    assert len(in_order(queue)) == 5


def test_messages_are_handled_in_order_before_082_and_then_alive_first_and_newest_first() -> None:
    handled = []
    for release in RELEASES:
        hand = ReleaseHand(release=release, others=3)
        hand.start(knowing=False)
        hand.heard(*(Alive(record, 1) for record in hand.directory.first[1:]))
        handled.append([node for _, node in hand.delegate.calls])
    assert handled == [[3, 2, 1] if late else [1, 2, 3] for late in since("0.8.2")]


def test_before_082_a_verdict_that_comes_before_the_denial_counts_first() -> None:
    for release, state in (("0.8.1", STATE_ALIVE), ("0.9", STATE_ALIVE)):
        hand = ReleaseHand(release=release).start()
        hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"), hand.alive("peer", 2))
        assert hand.state_of("peer") == state
        assert ("leave", 1) in hand.delegate.calls or release == "0.9"
        assert ("leave", 1) not in hand.delegate.calls or release == "0.8.1"


def test_a_refutation_displaces_what_is_queued_about_the_node_only_in_06_and_07() -> None:
    names = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 1, "peer"))
        (entry,) = in_order(hand.node.core.broadcasts)
        names.append(entry.name)
    assert names == [OWN_ADDRESS if late else 0 for late in since("0.8")]


# Members that are gone -------------------------------------------------------------------------------


def forgotten_after(release: str, accuser: str, seconds: float) -> bool:
    hand = ReleaseHand(release=release, others=2)
    hand.config.push_pull_interval = 0.0
    hand.start()
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, accuser))
    hand.runtime.timers.clear()
    hand.node.prober.order.place = hand.node.core.members.count
    hand.now = seconds
    hand.node.prober.order.choose(seconds)
    return hand.node.core.members.count == 2


def test_a_dead_member_is_forgotten_at_the_next_wrap_before_082_and_30_s_later_since() -> None:
    at_once = [forgotten_after(release, "me", 1.0) for release in RELEASES]
    assert at_once == [not late for late in since("0.8.2")]
    assert all(forgotten_after(release, "me", 31.0) for release in RELEASES)


def test_a_member_that_left_is_never_forgotten_in_09_but_is_in_the_latest() -> None:
    later = [forgotten_after(release, "peer", 31.0) for release in RELEASES]
    assert later == [release != "0.9" for release in RELEASES]
    assert not forgotten_after("latest", "peer", 29.0)


def test_who_says_itself_that_it_goes_has_left_from_09_on_and_is_dead_before() -> None:
    states = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "peer"))
        states.append(hand.state_of("peer"))
    assert states == [STATE_LEFT if late else STATE_DEAD for late in since("0.9")]


def merged(release: str) -> int:
    """What becomes of an alive member that a 0.9 node tells of as left."""
    hand, other = ReleaseHand(release=release, peers="0.9"), ReleaseHand(release="0.9")
    for one in (hand, other):
        one.config.push_pull_interval = 0.0
        one.start()
    other.heard(other.suspect_or_dead(m.DEAD, "peer", 1, "peer"))
    hand.node.merger.merge_state(hand.push_pull_of(other), 1.0)
    return hand.state_of("peer")


def test_a_left_member_in_a_push_pull_is_ignored_before_09() -> None:
    assert [merged(release) for release in RELEASES] == [
        STATE_LEFT if late else STATE_ALIVE for late in since("0.9")
    ]


def test_a_dead_member_in_a_push_pull_is_suspected_by_all() -> None:
    for release in RELEASES:
        hand, other = ReleaseHand(release=release, peers="0.8.2"), ReleaseHand(release="0.8.2")
        for one in (hand, other):
            one.config.push_pull_interval = 0.0
            one.start()
        other.heard(other.suspect_or_dead(m.DEAD, "peer", 1, "peer"))  # it left, which is dead there
        hand.node.merger.merge_state(hand.push_pull_of(other), 1.0)
        assert hand.state_of("peer") == STATE_SUSPECT


def test_alive_messages_without_usable_versions_are_ignored_from_09_on() -> None:
    ignored = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        odd = NodeIdentity(1, 1, 4, protocol=(0, 5, 2))
        hand.heard(Alive(odd, 9))
        ignored.append(hand.node.core.members.incarnation(1) == 1)
    assert ignored == since("0.9")


def test_a_name_comes_back_from_another_address_only_from_09_on() -> None:
    moved = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.config.dead_node_reclaim_time = 1.0
        hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "me"))
        hand.now = 2.0
        moved_record = NodeIdentity(1, 99, 4)
        hand.heard(Alive(moved_record, 2))
        moved.append(hand.state_of("peer") == STATE_ALIVE)
    assert moved == since("0.9")


def test_the_allow_list_counts_from_09_on() -> None:
    refused = []
    for release in RELEASES:
        hand = ReleaseHand(release=release)
        hand.config.allowed_networks = [(0xFFFFFFFF, 0x0A000001)]
        hand.start()
        refused.append(hand.node.core.members.count == 1)
    assert refused == since("0.9")


def test_in_a_small_cluster_only_the_latest_release_never_misses_a_member() -> None:
    found = {}
    for release in ("0.9", "latest"):
        hand = ReleaseHand(release=release, others=3).start()
        sizes = set()
        for _ in range(200):
            chosen: list[int] = []
            hand.node.core.random_members(3, -1, STATE_ALIVE, 1e300, chosen)
            assert len(set(chosen)) == len(chosen)
            assert 0 not in chosen
            sizes.add(len(chosen))
        found[release] = sizes
    assert found["latest"] == {3}
    assert min(found["0.9"]) < 3


def test_the_defaults_of_a_release_are_its_own() -> None:
    assert [config_of(release).suspicion_mult for release in RELEASES] == [
        4 if late else 5 for late in since("0.8.2")
    ]
    highest = [record_of(0, "a", release).protocol_max for release in RELEASES]
    assert highest == [2, 3, 4, 5, 5, 5, 5]
    assert [record_of(0, "a", release).delegate_max for release in RELEASES] == [4, 4, 4, 5, 5, 5, 5]
