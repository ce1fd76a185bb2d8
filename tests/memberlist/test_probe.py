"""The probe round (spec memberlist.md section 5.2): who is asked when, and what an answer is worth."""

from __future__ import annotations

import pytest

from serfsim.native import vec
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import PROBE_END, PROBE_TIMEOUT
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Packet, StreamAck
from serfsim.protocol.memberlist.probe import LAST_RESORT
from serfsim.protocol.runtime import CLOSED, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT, REPLIED
from serfsim.protocol.vivaldi.coordinate import Coordinate
from tests.memberlist.harness import Hand, events, m


def somewhere() -> Coordinate:
    return Coordinate(vec[float]([0.1] * 8), 0.1, 0.0, 0.001)


def probing(config: MemberlistConfig | None = None, others: int = 6, score: int = 0) -> tuple[Hand, Packet]:
    """A node one second after its start, when its first ping has just gone out."""
    hand = Hand(config=config or MemberlistConfig(), others=others).start()
    hand.node.core.awareness.score = score
    hand.run(hand.config.probe_interval)
    pings = hand.sent(m.PING)
    assert len(pings) == 1
    return hand, pings[0][1]


def answer(hand: Hand, ping: Packet, at: float) -> None:
    ack = Packet(m.ACK, ping.seq, 150)
    ack.coordinate = somewhere()
    hand.run(at)
    hand.receive(ack, source=ping.node)


def fallback(hand: Hand, outcome: int, at: float) -> None:
    """The TCP fallback of the last round ends."""
    hand.run(at)
    stream = hand.runtime.streams[-1]
    seq = stream.token >> 2
    reply = StreamAck(seq, 36) if outcome == REPLIED else None
    hand.node.on_stream_result(stream.token, outcome, reply, at)


def test_an_ack_in_time_is_a_success_and_measures_the_round_trip() -> None:
    hand, ping = probing(score=2)
    answer(hand, ping, at=1.25)
    assert hand.delegate.round_trips == [(ping.node, pytest.approx(0.25))]
    assert hand.score == 1
    assert hand.reported(events.DIRECT_ACK) == [ping.node]
    hand.run(1.9)
    assert hand.reported(events.FAILED_PING) == []


def test_the_round_trip_is_reckoned_from_when_the_socket_was_read() -> None:
    hand, ping = probing()
    ack = Packet(m.ACK, ping.seq, 150)
    ack.coordinate = somewhere()
    hand.node.on_packet(ack, ping.node, 1.4, 1.125)
    assert hand.delegate.round_trips == [(ping.node, pytest.approx(0.125))]


def test_helpers_and_tcp_are_asked_once_the_direct_ack_is_late() -> None:
    hand, ping = probing()
    hand.run(1.5)
    asked = hand.sent(m.INDIRECT_PING)
    helpers = [address for address, _ in asked]
    assert len(set(helpers)) == 3
    assert ping.node not in helpers
    assert 0 not in helpers
    for _, packet in asked:
        assert (packet.node, packet.target, packet.source) == (ping.node, ping.node, 0)
        assert (packet.seq, packet.wants_nack) == (ping.seq, True)
    (stream,) = hand.runtime.streams
    assert (stream.address, stream.io_deadline, stream.dial_timeout) == (ping.node, 2.0, 0.5)
    assert hand.reported(events.FAILED_PING) == [ping.node]


def test_only_alive_members_help() -> None:
    hand, ping = probing(others=4)
    others = [i for i in range(1, 5) if i != ping.node]
    for node, kind in zip(others, (m.SUSPECT, m.DEAD), strict=False):
        hand.heard(hand.suspect_or_dead(kind, hand.directory.names[node], 1, "me"))
    hand.runtime.sent.clear()
    hand.run(1.5)
    assert {address for address, _ in hand.sent(m.INDIRECT_PING)} == set(others[2:])


@pytest.mark.parametrize("payload", [somewhere(), None], ids=["late", "relayed"])
def test_a_late_or_relayed_ack_saves_the_member_but_measures_nothing(payload: Coordinate | None) -> None:
    hand, ping = probing(score=1)
    hand.run(1.7)
    ack = Packet(m.ACK, ping.seq, 150)
    ack.coordinate = payload
    hand.receive(ack)
    hand.run(2.9)
    assert hand.delegate.round_trips == []
    assert hand.reported(events.INDIRECT_ACK)[:1] == [ping.node]
    assert hand.reported(events.SUSPECT) == []
    assert hand.state_of(hand.directory.names[ping.node]) == STATE_ALIVE
    assert hand.score == 0


def test_only_the_first_ack_counts_and_unknown_ones_are_ignored() -> None:
    hand, ping = probing(score=3)
    hand.receive(Packet(m.ACK, ping.seq + 7, 18), at=1.1)
    assert hand.score == 3
    answer(hand, ping, at=1.2)
    answer(hand, ping, at=1.3)
    assert len(hand.delegate.round_trips) == 1
    assert hand.score == 2


def test_nobody_answering_makes_a_suspicion_at_the_end_of_the_round() -> None:
    hand, ping = probing()
    name = hand.directory.names[ping.node]
    fallback(hand, DIAL_REFUSED, at=1.6)
    hand.run(1.999)
    assert hand.state_of(name) == STATE_ALIVE
    hand.run(2.0)
    assert hand.state_of(name) == STATE_SUSPECT
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.queued() == [(m.SUSPECT, name, 1)]


def test_the_suspicion_carries_the_incarnation_of_the_rounds_beginning() -> None:
    hand, ping = probing()
    name = hand.directory.names[ping.node]
    hand.run(1.3)
    hand.heard(hand.alive(name, 2))
    fallback(hand, DIAL_REFUSED, at=1.6)
    hand.run(2.0)
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.state_of(name) == STATE_ALIVE
    assert hand.node.core.members.incarnation(ping.node) == 2


def test_health_stretches_the_round_but_not_the_wait_for_the_direct_ack() -> None:
    hand, ping = probing(score=3)
    hand.run(1.5)
    assert hand.reported(events.FAILED_PING) == [ping.node]
    assert hand.runtime.streams[0].io_deadline == 5.0
    fallback(hand, DIAL_TIMEOUT, at=4.99)
    assert hand.reported(events.SUSPECT) == []
    hand.run(5.0)
    assert hand.reported(events.SUSPECT) == [ping.node]


def test_successful_rounds_keep_the_rhythm_whatever_the_health() -> None:
    hand, _ = probing(score=7)
    for second in range(1, 6):
        hand.run(float(second))
        pings = hand.sent(m.PING)
        assert len(pings) == second
        hand.node.core.awareness.score = 7
        answer(hand, pings[-1][1], at=second + 0.1)


# The TCP fallback (5.4) ----------------------------------------------------------------------------


def test_tcp_fallback_saves_a_member_that_udp_does_not_reach_without_a_coordinate_update() -> None:
    hand, ping = probing(score=1)
    fallback(hand, REPLIED, at=1.6)
    hand.run(2.999)
    assert hand.reported(events.TCP_FALLBACK_OK) == []
    assert hand.score == 1
    hand.run(3.0)
    assert hand.reported(events.TCP_FALLBACK_OK) == [ping.node]
    assert hand.reported(events.SUSPECT) == []
    assert hand.delegate.round_trips == []


def test_a_round_saved_by_tcp_alone_is_a_success_for_local_health() -> None:
    hand, _ = probing(score=0)
    for second in range(1, 20):
        fallback(hand, REPLIED, at=second + 0.6)
        hand.run(second + 1.0)
        assert hand.score == 0
    assert len(hand.reported(events.TCP_FALLBACK_OK)) == 19
    assert len(hand.sent(m.PING)) == 20


def test_a_late_udp_ack_makes_the_tcp_answer_no_news() -> None:
    hand, ping = probing()
    fallback(hand, REPLIED, at=1.6)
    hand.run(1.8)
    hand.receive(Packet(m.ACK, ping.seq, 18))
    hand.run(2.4)
    assert hand.reported(events.TCP_FALLBACK_OK) == []
    assert hand.reported(events.INDIRECT_ACK) == [ping.node]


def test_an_open_fallback_is_waited_for_after_the_deadline_but_acks_and_nacks_are_not() -> None:
    hand, ping = probing()
    hand.run(2.0)
    assert hand.node.prober.phase == LAST_RESORT
    hand.receive(Packet(m.ACK, ping.seq, 18), at=2.01)
    hand.receive(Packet(m.NACK, ping.seq, 9), at=2.01)
    assert hand.reported(events.SUSPECT) == []
    fallback(hand, IO_TIMEOUT, at=2.02)
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.score == 3


@pytest.mark.parametrize(
    ("outcome", "is_logged"),
    [(DIAL_REFUSED, False), (DIAL_TIMEOUT, False), (IO_TIMEOUT, True), (CLOSED, True)],
)
def test_a_dial_that_fails_is_silent_and_a_connection_without_an_ack_is_an_error(
    outcome: int, is_logged: bool
) -> None:
    hand, ping = probing()
    fallback(hand, outcome, at=1.7)
    assert hand.reported(events.TCP_FALLBACK_ERROR) == ([ping.node] if is_logged else [])


def test_an_answer_with_another_number_is_none() -> None:
    hand, ping = probing()
    hand.run(1.6)
    stream = hand.runtime.streams[-1]
    hand.node.on_stream_result(stream.token, REPLIED, StreamAck(ping.seq + 1, 36), 1.6)
    hand.run(2.0)
    assert hand.reported(events.TCP_FALLBACK_ERROR) == [ping.node]
    assert hand.reported(events.SUSPECT) == [ping.node]


def test_the_error_of_an_old_fallback_names_its_own_target_and_leaves_the_new_round_alone() -> None:
    hand, ping = probing(score=2)
    hand.run(1.6)
    stream = hand.runtime.streams[-1]
    hand.run(2.5)
    hand.receive(Packet(m.ACK, ping.seq, 18))
    second = hand.sent(m.PING)[-1][1]
    assert second.node != ping.node
    hand.node.on_stream_result(stream.token, IO_TIMEOUT, None, 2.7)
    assert hand.reported(events.TCP_FALLBACK_ERROR) == [ping.node]
    assert hand.reported(events.SUSPECT) == []
    answer(hand, second, at=2.8)
    assert hand.delegate.round_trips[-1][0] == second.node


def test_no_tcp_where_it_is_disabled_or_the_member_is_too_old() -> None:
    config = MemberlistConfig()
    config.disable_tcp_pings = True
    hand, ping = probing(config)
    hand.run(2.0)
    assert hand.runtime.streams == []
    assert hand.reported(events.SUSPECT) == [ping.node]

    hand = Hand(others=1)
    old = NodeIdentity(1, 1, 4, protocol=(1, 2, 2), delegate=(2, 4, 4))
    hand.directory.first[1] = old
    hand.start().run(2.0)
    assert hand.runtime.streams == []
    assert hand.reported(events.SUSPECT) == [1]


# Local health (5.5) --------------------------------------------------------------------------------


@pytest.mark.parametrize(("nacks", "score"), [(0, 5), (1, 4), (2, 3), (3, 2), (4, 2)])
def test_a_failed_round_costs_the_nacks_that_did_not_come(nacks: int, score: int) -> None:
    hand, ping = probing(score=2)
    fallback(hand, DIAL_REFUSED, at=1.6)
    for _ in range(nacks):
        hand.receive(Packet(m.NACK, ping.seq, 9), at=2.1)
    hand.run(4.0)
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.score == score


def test_without_anybody_to_nack_a_failed_round_costs_one() -> None:
    hand, _ = probing(others=1)
    fallback(hand, DIAL_REFUSED, at=1.6)
    hand.run(2.0)
    assert hand.sent(m.INDIRECT_PING) == []
    assert hand.score == 1


def test_helpers_too_old_to_nack_are_asked_without_it_and_cost_one() -> None:
    hand = Hand(others=3)
    for node in (1, 2, 3):
        hand.directory.first[node] = NodeIdentity(node, node, 2, protocol=(1, 3, 2), delegate=(2, 4, 4))
    hand.start().run(1.6)
    asked = hand.sent(m.INDIRECT_PING)
    assert len(asked) == 2
    assert not any(packet.wants_nack for _, packet in asked)
    fallback(hand, DIAL_REFUSED, at=1.7)
    hand.run(2.0)
    assert hand.score == 1


def relayed_nack_delay(config: MemberlistConfig) -> float:
    """How long after being asked a helper nacks, by its own timers."""
    helper = Hand(config=config).start()
    request = Packet(m.INDIRECT_PING, 9, 87)
    request.node, request.target, request.source, request.wants_nack = 3, 3, 1, True
    helper.run(0.05)
    helper.receive(request)
    for step in range(1, 1000):
        helper.run(0.05 + step / 100)
        if helper.sent(m.NACK):
            return step / 100
    raise AssertionError("no nack")


def test_with_the_lan_profile_nacks_miss_a_healthy_nodes_deadline_and_it_loses_three_points() -> None:
    hand, ping = probing()
    fallback(hand, DIAL_REFUSED, at=1.6)
    nack_at = 1.5 + relayed_nack_delay(MemberlistConfig()) + 0.002
    assert nack_at > 2.0
    for _ in range(3):
        hand.run(nack_at)
        hand.receive(Packet(m.NACK, ping.seq, 9))
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.reported(events.NACK) == []
    assert hand.score == 3


def test_with_health_one_the_same_nacks_come_in_time() -> None:
    hand, ping = probing(score=1)
    fallback(hand, DIAL_REFUSED, at=1.6)
    hand.run(1.5 + relayed_nack_delay(MemberlistConfig()) + 0.002)
    for _ in range(3):
        hand.receive(Packet(m.NACK, ping.seq, 9))
    hand.run(3.0)
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.score == 1


def test_with_the_local_profile_nacks_come_in_time_at_once() -> None:
    hand, ping = probing(MemberlistConfig(profile="local"))
    fallback(hand, DIAL_REFUSED, at=1.3)
    hand.run(1.2 + relayed_nack_delay(MemberlistConfig(profile="local")) + 0.002)
    hand.receive(Packet(m.NACK, ping.seq, 9))
    hand.run(2.0)
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.score == 0


def test_the_score_stays_between_zero_and_seven() -> None:
    hand, _ = probing(score=6)
    fallback(hand, DIAL_REFUSED, at=1.6)
    hand.run(8.0)
    assert hand.score == 7


# The round that is no longer than probe_timeout ----------------------------------------------------


def test_a_round_no_longer_than_probe_timeout_fails_at_once_at_its_end() -> None:
    config = MemberlistConfig()
    config.probe_timeout = 2.0
    hand, ping = probing(config)
    hand.run(1.999)
    assert hand.sent(m.INDIRECT_PING) == []
    hand.fire(PROBE_TIMEOUT, ping.seq + 1, at=1.999)
    hand.run(2.0)
    assert len(hand.sent(m.INDIRECT_PING)) == 3
    assert hand.runtime.streams == []
    assert hand.reported(events.FAILED_PING) == []
    assert hand.reported(events.SUSPECT) == [ping.node]
    assert hand.score == 3


@pytest.mark.parametrize(("late", "accused"), [(1.9, False), (2.0, True), (7.5, True)])
def test_a_member_that_stood_still_past_the_end_of_its_round_accuses_whom_it_was_probing(
    late: float, accused: bool
) -> None:
    hand, ping = probing()
    hand.fire(PROBE_TIMEOUT, ping.seq, at=late)
    # The ack has been waiting at the socket, which is read after the timers.
    hand.receive(Packet(m.ACK, ping.seq, 150), at=late)
    assert hand.reported(events.FAILED_PING) == [ping.node]
    assert len(hand.sent(m.INDIRECT_PING)) == 3
    assert len(hand.runtime.streams) == (0 if accused else 1)
    assert hand.reported(events.SUSPECT) == ([ping.node] if accused else [])
    assert hand.reported(events.INDIRECT_ACK) == ([] if accused else [ping.node])
    # None of the three that were asked had a chance to send a nack.
    assert hand.score == (3 if accused else 0)


def test_timers_of_rounds_that_are_over_do_nothing() -> None:
    hand, ping = probing()
    answer(hand, ping, at=1.1)
    hand.fire(PROBE_TIMEOUT, ping.seq, at=1.5)
    hand.fire(PROBE_END, ping.seq, at=2.0)
    assert hand.reported(events.FAILED_PING) == []
    assert hand.reported(events.SUSPECT) == []
