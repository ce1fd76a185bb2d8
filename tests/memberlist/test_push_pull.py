"""Exchanges of all that two members know (spec memberlist.md sections 9 and 11)."""

from __future__ import annotations

import pytest

from serfsim.native import Random
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.core import PUSH_PULL_TICK
from serfsim.protocol.memberlist.members import (
    STATE_ALIVE,
    STATE_DEAD,
    STATE_LEFT,
    STATE_SUSPECT,
    UNKNOWN,
)
from serfsim.protocol.memberlist.messages import StreamMessage
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from tests.memberlist.harness import Hand, HandDelegate, events, m


def exchanging(others: int = 6, seed: int = 1) -> Hand:
    """A node that only exchanges state."""
    hand = Hand(others=others, seed=seed)
    hand.config.probe_interval = 0.0
    hand.config.gossip_nodes = 0
    return hand.start()


def dialled(hand: Hand, until: float) -> list[float]:
    """When exchanges were begun, each ending 2 s later."""
    times: list[float] = []
    while True:
        timer = min(hand.runtime.timers)
        if timer.at > until:
            return times
        hand.run(timer.at)
        for stream in hand.runtime.streams:
            times.append(timer.at)
            hand.now += 2.0
            hand.node.on_stream_result(stream.token, DIAL_TIMEOUT, None, hand.now)
        hand.runtime.streams.clear()


# When ----------------------------------------------------------------------------------------------


def test_the_first_exchange_comes_between_one_and_two_intervals_after_the_start() -> None:
    firsts = [dialled(exchanging(seed=seed), 60.0)[0] for seed in range(40)]
    assert min(firsts) >= 30.0
    assert max(firsts) <= 60.0
    assert max(firsts) - min(firsts) > 20.0


def test_the_next_interval_begins_when_the_exchange_has_ended() -> None:
    times = dialled(exchanging(), 200.0)
    assert times[1] - times[0] == pytest.approx(32.0)
    assert times[2] - times[1] == pytest.approx(32.0)


@pytest.mark.parametrize(
    ("nodes", "interval"), [(32, 30.0), (33, 60.0), (64, 60.0), (65, 90.0), (129, 120.0)]
)
def test_the_interval_grows_with_the_cluster(nodes: int, interval: float) -> None:
    times = dialled(exchanging(others=nodes - 1), 500.0)
    assert times[1] - times[0] == pytest.approx(interval + 2.0)


def test_only_alive_members_are_chosen_and_with_none_the_next_interval_begins_at_once() -> None:
    hand = exchanging(others=2)
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p9"), hand.suspect_or_dead(m.DEAD, "p0", 1, "p9"))
    hand.node.push_pull(5.0)
    assert hand.runtime.streams == []
    assert [timer.at for timer in hand.runtime.timers if timer.timer == PUSH_PULL_TICK] == [35.0]


def test_failures_are_reported_and_not_merged() -> None:
    hand = exchanging()
    hand.node.push_pull(40.0)
    (stream,) = hand.runtime.streams
    assert (stream.dial_timeout, stream.io_deadline, stream.io_timeout) == (10.0, 0.0, 10.0)
    assert hand.reported(events.PUSH_PULL) == [], "it begins once it is connected"
    stream.request.connected(40.1)
    hand.node.on_stream_result(stream.token, IO_TIMEOUT, None, 50.0)
    hand.node.push_pull(90.0)
    hand.runtime.streams[-1].request.connected(90.1)
    hand.node.on_stream_result(hand.runtime.streams[-1].token, REPLIED, StreamMessage(m.ERROR, 40), 91.0)
    hand.node.push_pull(130.0)
    hand.node.on_stream_result(hand.runtime.streams[-1].token, DIAL_REFUSED, None, 130.1)
    assert len(hand.reported(events.PUSH_PULL_FAILED)) == 3
    assert len(hand.reported(events.PUSH_PULL)) == 2
    partners = [stream.address for stream in hand.runtime.streams]
    assert hand.reported(events.PUSH_PULL_FAILED) == partners, "and it is said with whom"


def test_an_exchange_is_reported_once_it_is_connected() -> None:
    hand = exchanging()
    hand.node.push_pull(40.0)
    (stream,) = hand.runtime.streams
    assert hand.reported(events.PUSH_PULL) == []
    stream.request.connected(40.1)
    assert [(t, subject) for t, kind, subject, _ in hand.runtime.events if kind == events.PUSH_PULL] == [
        (40.1, stream.address)
    ]


@pytest.mark.parametrize(("member", "detail"), [(3, 0), (-1, 4)])
def test_a_join_is_reported_as_an_exchange_too_with_or_without_a_name(member: int, detail: int) -> None:
    hand = exchanging()
    hand.node.join([3], 9, 1.0, member)
    hand.runtime.streams[-1].request.connected(1.5)
    told = [(subject, detail) for _, kind, subject, detail in hand.runtime.events if kind == events.PUSH_PULL]
    assert told == [(3, detail)]


# What ----------------------------------------------------------------------------------------------


def test_all_entries_go_in_ring_order_with_the_suspect_the_dead_and_the_left() -> None:
    hand = exchanging()
    hand.heard(
        hand.suspect_or_dead(m.SUSPECT, "peer", 1, "p9"),
        hand.suspect_or_dead(m.DEAD, "p0", 1, "p9"),
        hand.suspect_or_dead(m.DEAD, "p1", 1, "p1"),
    )
    sent = PushPull(False, hand.node.core)
    members = hand.node.core.members
    assert list(sent.nodes) == list(members.ring[0 : members.count])
    states = {node: key & 3 for node, key in zip(sent.nodes, sent.keys, strict=True)}
    assert states == {0: 0, 1: STATE_SUSPECT, 2: STATE_DEAD, 3: STATE_LEFT, 4: 0, 5: 0, 6: 0}


def test_both_sides_tell_what_they_knew_before_the_exchange() -> None:
    asked, asking = exchanging(), exchanging()
    asking.heard(asking.suspect_or_dead(m.SUSPECT, "peer", 4, "p9"))
    asked.heard(asked.suspect_or_dead(m.SUSPECT, "p0", 7, "p9"))
    request = PushPull(False, asking.node.core)
    answer = asked.node.on_stream_request(request, 0, 1.0)
    assert isinstance(answer, PushPull)
    told = dict(zip(answer.nodes, answer.keys, strict=True))
    assert told[1] == 1 * 4 + STATE_ALIVE
    assert asked.state_of("peer") == STATE_ALIVE, "nothing is merged before the answer is written"
    asked.node.on_stream_answered(request, 0, 1.0)
    assert asked.state_of("peer") == STATE_SUSPECT


def test_a_dialling_node_tells_what_it_knows_once_connected() -> None:
    hand = exchanging()
    hand.node.push_pull(40.0)
    (stream,) = hand.runtime.streams
    hand.heard(hand.suspect_or_dead(m.DEAD, "peer", 1, "p9"))
    stream.request.connected(hand.now)
    assert isinstance(stream.request, PushPull)
    told = dict(zip(stream.request.nodes, stream.request.keys, strict=True))
    assert told[1] & 3 == STATE_DEAD


@pytest.mark.parametrize(
    ("theirs", "ours", "becomes"),
    [
        (STATE_ALIVE, STATE_ALIVE, STATE_ALIVE),
        (STATE_SUSPECT, STATE_ALIVE, STATE_SUSPECT),
        (STATE_DEAD, STATE_ALIVE, STATE_SUSPECT),
        (STATE_LEFT, STATE_ALIVE, STATE_LEFT),
        (STATE_DEAD, STATE_SUSPECT, STATE_SUSPECT),
        (STATE_LEFT, STATE_SUSPECT, STATE_LEFT),
        (STATE_LEFT, STATE_DEAD, STATE_DEAD),
        (STATE_ALIVE, STATE_DEAD, STATE_DEAD),
        (STATE_DEAD, STATE_LEFT, STATE_LEFT),
    ],
)
def test_what_the_other_side_believes_is_taken_over_as_if_gossiped(
    theirs: int, ours: int, becomes: int
) -> None:
    hand, other = exchanging(), exchanging()
    for view, state in ((hand, ours), (other, theirs)):
        if state == STATE_SUSPECT:
            view.heard(view.suspect_or_dead(m.SUSPECT, "peer", 1, "p9"))
        elif state != STATE_ALIVE:
            view.heard(view.suspect_or_dead(m.DEAD, "peer", 1, "peer" if state == STATE_LEFT else "p9"))
    hand.clear()
    assert hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert hand.state_of("peer") == becomes
    is_confirmation = (theirs, ours) == (STATE_DEAD, STATE_SUSPECT)
    assert bool(hand.queued()) == (becomes != ours or is_confirmation)


def test_unknown_members_are_met_only_if_alive() -> None:
    hand, other = exchanging(), exchanging()
    for name in ("s0", "s1", "s2", "s3"):
        node = other.directory.add(name, len(other.directory)).node
        hand.directory.add(name, len(hand.directory))
        other.heard(m.Alive(other.directory.first[node], 1))
    other.heard(other.suspect_or_dead(m.SUSPECT, "s1", 1, "p9"), other.suspect_or_dead(m.DEAD, "s2", 1, "p9"))
    other.heard(other.suspect_or_dead(m.DEAD, "s3", 1, "s3"))
    hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert hand.state_of("s0") == STATE_ALIVE
    for name in ("s1", "s2", "s3"):
        assert hand.node.core.members.key(hand.number(name)) == UNKNOWN


def test_an_exchange_tells_a_node_that_it_is_suspected() -> None:
    hand, other = exchanging(), exchanging()
    other.heard(other.suspect_or_dead(m.SUSPECT, "me", 1, "p9"))
    # The other view takes itself for "me" too: say it by hand.
    remote = PushPull(False, other.node.core)
    remote.keys[list(remote.nodes).index(0)] = 3 * 4 + STATE_DEAD
    hand.node.merger.merge(remote, False, 1.0)
    assert hand.queued() == [(m.ALIVE, "me", 4)]
    assert hand.reported(events.REFUTE_SUSPECT) == [0]


def test_changed_records_travel_with_their_entries() -> None:
    hand, other = exchanging(), exchanging()
    moved = NodeIdentity(1, 1, 4, meta=b"\xff\x81\xa1a\xa1b")
    other.heard(m.Alive(moved, 2))
    hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert hand.node.core.members.record(1) is moved
    assert hand.delegate.calls == [("update", 1)]
    hand.clear()
    hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert (hand.delegate.calls, hand.queued()) == ([], [])


def test_an_entry_for_a_known_member_at_another_address_is_a_conflict_even_if_it_is_old() -> None:
    hand, other = exchanging(), exchanging()
    other.heard(other.suspect_or_dead(m.DEAD, "peer", 1, "peer"))
    other.heard(m.Alive(NodeIdentity(1, 77, 4), 1))
    hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert hand.delegate.calls == [("conflict", 1)]


# Refusals ------------------------------------------------------------------------------------------


class Choosy(HandDelegate):
    def notify_merge(self, records: list[NodeIdentity]) -> str:
        return "" if len(records) < 5 else "too many"


def test_the_merge_delegate_is_asked_only_when_a_node_joins() -> None:
    hand = Hand(delegate=Choosy()).start(knowing=False)
    other = exchanging()
    assert not hand.node.merger.merge(PushPull(True, other.node.core), True, 1.0)
    assert hand.node.core.members.count == 1
    assert hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)
    assert hand.node.core.members.count == 7


def versioned(hand: Hand, protocol: tuple[int, int, int], delegate: tuple[int, int, int]) -> None:
    node = hand.directory.add("other", 60).node
    hand.directory.uniform = False
    hand.heard(m.Alive(NodeIdentity(node, 60, 5, protocol=protocol, delegate=delegate), 1))


@pytest.mark.parametrize(
    ("protocol", "delegate", "fits"),
    [
        ((1, 5, 2), (2, 5, 5), True),
        ((1, 4, 2), (2, 5, 4), True),
        ((1, 5, 2), (2, 4, 4), False),  # all others speak delegate version 5
        ((3, 5, 4), (2, 5, 5), False),  # all others speak protocol version 2
        ((1, 5, 2), (2, 5, 1), False),
    ],
)
def test_members_that_cannot_understand_each_other_do_not_merge(
    protocol: tuple[int, int, int], delegate: tuple[int, int, int], fits: bool
) -> None:
    hand, other = exchanging(), exchanging()
    hand.directory.add("other", 60)
    hand.directory.uniform = False
    versioned(other, protocol, delegate)
    assert hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0) == fits
    assert bool(hand.reported(events.PROTOCOL_REFUSED)) != fits
    assert (hand.node.core.members.key(7) != UNKNOWN) == fits


def test_versions_of_the_dead_count_as_spoken_but_not_as_limits() -> None:
    hand, other = exchanging(), exchanging()
    versioned(other, (1, 5, 2), (2, 4, 4))
    other.heard(other.suspect_or_dead(m.DEAD, "other", 1, "p9"))
    hand.directory.add("other", 60)
    hand.directory.uniform = False
    assert hand.node.merger.merge(PushPull(False, other.node.core), False, 1.0)


def test_a_refused_answer_is_a_failed_exchange() -> None:
    hand, other = exchanging(), exchanging()
    hand.directory.uniform = False
    versioned(other, (1, 5, 2), (2, 4, 4))
    hand.node.push_pull(1.0)
    token = hand.runtime.streams[-1].token
    hand.node.on_stream_result(token, REPLIED, PushPull(False, other.node.core), 1.1)
    assert len(hand.reported(events.PUSH_PULL_FAILED)) == 1


# A converged start ---------------------------------------------------------------------------------


def converged(hands: int) -> list[Hand]:
    """Nodes that share a directory, each at a converged start; the first stands for "me"."""
    found = [Hand(others=5, seed=seed + 1) for seed in range(hands)]
    directory = found[0].directory
    for number, hand in enumerate(found):
        hand.directory = directory
        hand.me = directory.first[number]
        hand.node = Memberlist(hand.config, hand.me, directory, hand.runtime, hand.delegate, Random(number))
        hand.node.start_converged(6, 0.0)
    return found


def test_what_one_node_learns_after_a_converged_start_no_other_knows() -> None:
    first, second = converged(2)
    first.heard(first.suspect_or_dead(m.DEAD, "p1", 1, "p2"))
    assert first.state_of("p1") == STATE_DEAD
    assert second.state_of("p1") == STATE_ALIVE
    assert first.node.core.members.alive == 5
    assert second.node.core.members.alive == 6


def test_push_pulls_of_a_converged_start_are_as_long_as_any_other_of_the_same_view() -> None:
    first, second = converged(2)
    first.config.enable_compression = second.config.enable_compression = False
    shared = PushPull(False, first.node.core)
    second.heard(second.alive("p1", 2))
    own = PushPull(False, second.node.core)
    assert own.size == shared.size
    assert sorted(shared.nodes) == sorted(own.nodes)
    told = {node: own.key(at) for at, node in enumerate(own.nodes)}
    p1 = first.number("p1")
    for at, node in enumerate(shared.nodes):
        assert shared.key(at) == 1 * 4 + STATE_ALIVE
        assert told[node] == (2 if node == p1 else 1) * 4 + STATE_ALIVE


def test_news_in_a_push_pull_reaches_a_node_still_at_its_converged_start() -> None:
    first, second = converged(2)
    first.heard(first.alive("p1", 4), first.suspect_or_dead(m.DEAD, "p2", 1, "p2"))
    assert second.node.merger.merge(PushPull(False, first.node.core), False, 1.0)
    members = second.node.core.members
    assert members.incarnation(second.number("p1")) == 4
    assert second.state_of("p2") == STATE_LEFT
    assert first.node.merger.merge(PushPull(False, converged(1)[0].node.core), False, 1.0)
    assert first.state_of("p2") == STATE_LEFT
