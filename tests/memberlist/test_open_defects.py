"""Each open defect of the library, and what the fix offered for it changes."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.config import CONTINUE, MemberlistConfig
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Alive, Message
from serfsim.protocol.wire.reader import LARGEST_U32
from tests.memberlist.harness import Hand, in_order

# D1: numbers of queued broadcasts ---------------------------------------------------------------


def fill_and_replace(queue: TransmitLimitedQueue) -> list[Message]:
    """Queue a broadcast, replace it while it waits alone, and queue three of other names; those that wait."""
    made = [Message(m.ALIVE, name, 1, 60) for name in (1, 1, 2, 3, 4)]
    for message in made:
        queue.queue(message, message.node)
    return made[1:]


def test_a_queue_whose_numbers_restart_loses_a_broadcast_and_counts_it() -> None:
    queue = TransmitLimitedQueue(4)
    waiting = fill_and_replace(queue)
    assert {it.message for it in in_order(queue)} == set(waiting[1:])
    assert queue.ledger.lost == 1


def test_a_queue_whose_numbers_continue_sends_the_newest_first_and_loses_nothing() -> None:
    queue = TransmitLimitedQueue(4)
    queue.restarts = False
    waiting = fill_and_replace(queue)
    order: list[Message] = []
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == list(reversed(waiting))
    later = Message(m.ALIVE, 5, 1, 60)
    queue.queue(later, 5)
    order.clear()
    queue.get_broadcasts(7, 2, 1400, order)
    assert order == [later, *reversed(waiting)]
    assert queue.ledger.lost == 0


def test_the_setting_reaches_memberlists_queue() -> None:
    config = MemberlistConfig()
    config.queue_ids = CONTINUE
    assert not Hand(config).node.core.broadcasts.restarts
    assert Hand().node.core.broadcasts.restarts


# D2: deaths that the restarted never hear of ----------------------------------------------------


def holding_dead(*, fix: bool, incarnation: int = 100) -> Hand:
    config = MemberlistConfig()
    config.regossip_accusations = fix
    hand = Hand(config).start(incarnation=incarnation)
    hand.node.states.dead(hand.suspect_or_dead(m.DEAD, "peer", incarnation, "p0"), 1.0)
    hand.clear()
    return hand


@pytest.mark.parametrize("fix", [False, True])
def test_an_older_alive_message_brings_the_death_up_again_only_with_the_fix(fix: bool) -> None:
    hand = holding_dead(fix=fix)
    record = hand.directory.first[hand.number("peer")]
    hand.node.states.alive(Alive(record, 1), 2.0)
    told = [it.message for it in in_order(hand.node.core.broadcasts)]
    assert [(it.kind, it.node, it.incarnation) for it in told] == ([(m.DEAD, 1, 100)] if fix else [])
    assert hand.node.core.members.state(1) == STATE_DEAD


@pytest.mark.parametrize("fix", [False, True])
def test_in_a_datagram_an_older_alive_message_does_the_same(fix: bool) -> None:
    hand = holding_dead(fix=fix)
    record = hand.directory.first[hand.number("peer")]
    hand.node.states.handle_alive([Alive(record, 1)], 2.0)
    assert len(in_order(hand.node.core.broadcasts)) == int(fix)


def test_an_alive_message_of_the_same_incarnation_brings_nothing_up() -> None:
    hand = holding_dead(fix=True)
    hand.node.states.alive(Alive(hand.directory.first[1], 100), 2.0)
    assert in_order(hand.node.core.broadcasts) == []


@pytest.mark.parametrize("fix", [False, True])
@pytest.mark.parametrize("kind", [m.SUSPECT, m.DEAD])
def test_an_accusation_of_an_unknown_member_is_passed_on_only_with_the_fix(kind: int, fix: bool) -> None:
    config = MemberlistConfig()
    config.regossip_accusations = fix
    hand = Hand(config).start(knowing=False)
    message = hand.suspect_or_dead(kind, "p2", 100, "peer")
    hand.node.states.handle(message, 1.0)
    assert [it.message for it in in_order(hand.node.core.broadcasts)] == ([message] if fix else [])


# D3: revived by what is older than the death ------------------------------------------------------


@pytest.mark.parametrize("fix", [False, True])
@pytest.mark.parametrize("kind", [m.SUSPECT, m.DEAD])
def test_a_late_alive_message_revives_the_dead_only_without_the_fix(kind: int, fix: bool) -> None:
    """Alive at 1, dead at 1, accused at 10, and then an alive message at 2 that was on its way."""
    config = MemberlistConfig()
    config.monotone_incarnation = fix
    hand = Hand(config).start()
    states, members = hand.node.states, hand.node.core.members
    states.dead(hand.suspect_or_dead(m.DEAD, "peer", 1, "p0"), 1.0)
    states.handle(hand.suspect_or_dead(kind, "peer", 10, "p1"), 2.0)
    assert members.incarnation(1) == (10 if fix else 1)
    states.alive(Alive(hand.directory.first[1], 2), 3.0)
    assert members.state(1) == (STATE_DEAD if fix else STATE_ALIVE)


def test_with_the_fix_the_left_stay_left_and_suspects_suspect() -> None:
    config = MemberlistConfig()
    config.monotone_incarnation = True
    hand = Hand(config).start()
    states, members = hand.node.states, hand.node.core.members
    states.dead(hand.suspect_or_dead(m.DEAD, "peer", 1, "peer"), 1.0)
    states.dead(hand.suspect_or_dead(m.DEAD, "peer", 7, "p1"), 2.0)
    assert (members.state(1), members.incarnation(1)) == (STATE_LEFT, 7)
    states.suspect(hand.suspect_or_dead(m.SUSPECT, "p0", 1, "p1"), 3.0)
    states.suspect(hand.suspect_or_dead(m.SUSPECT, "p0", 5, "p2"), 4.0)
    assert (members.state(2), members.incarnation(2)) == (STATE_SUSPECT, 5)


# D4: incarnations at the end of their range -------------------------------------------------------


def test_one_accusation_at_the_largest_incarnation_makes_the_refutation_start_at_0() -> None:
    hand = Hand().start()
    hand.node.states.suspect(hand.suspect_or_dead(m.SUSPECT, "me", LARGEST_U32, "peer"), 1.0)
    assert hand.node.core.incarnation == 0


@pytest.mark.parametrize("kind", [m.SUSPECT, m.DEAD])
def test_with_a_limit_it_is_ignored_by_its_victim_and_by_others(kind: int) -> None:
    config = MemberlistConfig()
    config.incarnation_limit = 1 << 31
    hand = Hand(config).start()
    before = hand.node.core.incarnation
    for subject in ("me", "p0"):
        hand.node.states.handle(hand.suspect_or_dead(kind, subject, LARGEST_U32, "peer"), 1.0)
    hand.node.states.alive(Alive(hand.directory.first[3], LARGEST_U32), 1.0)
    assert hand.node.core.incarnation == before
    assert hand.node.core.members.state(2) == STATE_ALIVE
    assert hand.node.core.members.incarnation(3) == 1


def test_an_accusation_at_the_limit_itself_still_has_an_answer_that_others_ignore() -> None:
    """What the review of hashicorp/memberlist#359 found: the limit moves the hole."""
    config = MemberlistConfig()
    config.incarnation_limit = 1 << 31
    victim, other = Hand(config).start(), Hand(config).start()
    victim.node.states.suspect(victim.suspect_or_dead(m.SUSPECT, "me", 1 << 31, "peer"), 1.0)
    assert victim.node.core.incarnation == (1 << 31) + 1
    other.node.states.dead(other.suspect_or_dead(m.DEAD, "peer", 1 << 31, "p0"), 1.0)
    other.node.states.alive(Alive(other.directory.first[1], (1 << 31) + 1), 2.0)
    assert other.node.core.members.state(1) == STATE_DEAD


# D5: nacks that come too late ---------------------------------------------------------------------


def asked(hand: Hand, seq: int) -> None:
    """Ask for an indirect probe of "p0" at time 0."""
    packet = m.Packet(m.INDIRECT_PING, seq, 60)
    packet.node, packet.target, packet.source, packet.wants_nack = 2, 2, 1, True
    hand.receive(packet, source=1, at=0.0)


@pytest.mark.parametrize(("nack_at", "at"), [(1.0, 0.5), (0.8, 0.4)])
def test_a_helper_nacks_at_its_share_of_the_probe_timeout(nack_at: float, at: float) -> None:
    config = MemberlistConfig()
    config.nack_at = nack_at
    hand = Hand(config).start()
    asked(hand, 9)
    hand.run(at - 0.01)
    assert hand.sent(m.NACK) == []
    hand.run(0.6)
    assert [packet.seq for _, packet in hand.sent(m.NACK)] == [9]


def test_after_an_early_nack_an_ack_is_still_passed_on_until_the_timeout() -> None:
    config = MemberlistConfig()
    config.nack_at = 0.8
    hand = Hand(config).start()
    asked(hand, 9)
    hand.run(0.45)
    ping = hand.sent(m.PING)[-1][1]
    hand.receive(m.Packet(m.ACK, ping.seq, 10), source=2, at=0.46)
    assert [packet.seq for _, packet in hand.sent(m.ACK)] == [9]
    asked_again = 10
    hand.runtime.sent.clear()
    packet = m.Packet(m.INDIRECT_PING, asked_again, 60)
    packet.node, packet.target, packet.source, packet.wants_nack = 2, 2, 1, True
    hand.receive(packet, source=1, at=1.0)
    ping = hand.sent(m.PING)[-1][1]
    hand.run(1.6)
    hand.receive(m.Packet(m.ACK, ping.seq, 10), source=2, at=1.61)
    assert hand.sent(m.ACK) == []
