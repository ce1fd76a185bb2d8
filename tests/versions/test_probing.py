"""Probing by release: TCP, nacks, Lifeguard's health score and its buddy (spec versions.md section 2)."""

from __future__ import annotations

import pytest

from serfsim.native import vec
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.datagram import encode_lead
from serfsim.protocol.memberlist.members import STATE_SUSPECT
from serfsim.protocol.memberlist.messages import Packet, StreamPing, indirect_ping_size, ping_size
from serfsim.protocol.runtime import DIAL_TIMEOUT
from serfsim.protocol.versions import RELEASES
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.wire.msgpack import string_size, unsigned_size
from tests.memberlist.harness import events, m
from tests.versions.harness import ReleaseHand, config_of, record_of, since


def silent_round(release: str, peers: str = "", nacks: int = 0, score: int = 0) -> ReleaseHand:
    """The first probe of a node gets no answer but some nacks, and no TCP connection."""
    hand = ReleaseHand(release=release, peers=peers).start()
    hand.node.core.awareness.score = score
    hand.run(1.0)
    ((_, ping),) = hand.sent(m.PING)
    hand.run(1.6)
    for _ in range(nacks):
        hand.receive(Packet(m.NACK, ping.seq, 10))
    for stream in hand.runtime.streams:
        if isinstance(stream.request, StreamPing):
            hand.node.on_stream_result(stream.token, DIAL_TIMEOUT, None, hand.now)
    hand.runtime.streams.clear()
    hand.run(2.0 + score)
    return hand


def pinged_over_tcp(release: str, peers: str = "") -> bool:
    hand = ReleaseHand(release=release, peers=peers).start()
    hand.run(1.6)
    return any(isinstance(stream.request, StreamPing) for stream in hand.runtime.streams)


def test_tcp_pings_are_sent_from_07_on() -> None:
    assert [pinged_over_tcp(release, "0.9") for release in RELEASES] == since("0.7")


def test_tcp_pings_are_sent_only_to_members_of_07_and_later() -> None:
    assert [pinged_over_tcp("0.9", peers) for peers in RELEASES] == since("0.7")


def test_a_tcp_ping_is_answered_from_07_on() -> None:
    answered = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        answered.append(hand.node.on_stream_request(StreamPing(0, 7, 40), 1, 1.0) is not None)
    assert answered == since("0.7")


def test_nacks_are_asked_for_from_08_on() -> None:
    asked = []
    for release in RELEASES:
        hand = silent_round(release, "0.9")
        wanted = {packet.wants_nack for _, packet in hand.sent(m.INDIRECT_PING)}
        assert len(wanted) == 1
        asked += wanted
    assert asked == since("0.8")


def test_nacks_are_asked_only_of_members_of_08_and_later() -> None:
    wanted = [silent_round("0.9", peers).sent(m.INDIRECT_PING)[0][1].wants_nack for peers in RELEASES]
    assert wanted == since("0.8")


def test_nacks_are_sent_from_08_on() -> None:
    sent = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        request = Packet(m.INDIRECT_PING, 77, 80)
        request.node = request.target = 2
        request.wants_nack = True
        hand.receive(request, source=1, at=0.1)
        hand.run(0.7)
        sent.append([(address, packet.seq) for address, packet in hand.sent(m.NACK)] == [(1, 77)])
    assert sent == since("0.8")


@pytest.mark.parametrize(
    ("release", "nacks", "score"),
    [
        ("0.6", 0, 0),  # no health score at all
        ("0.7", 0, 0),
        ("0.8", 0, 6),  # three helpers, 2 for each that is silent
        ("0.8", 2, 2),
        ("0.8.1", 1, 4),
        ("0.8.2", 0, 3),
        ("0.8.2", 2, 1),
        ("0.9", 1, 2),
        ("latest", 3, 0),
    ],
)
def test_a_missing_nack_costs_two_in_08_and_081_and_one_later(release: str, nacks: int, score: int) -> None:
    assert silent_round(release, nacks=nacks).score == score


def test_without_anybody_who_could_nack_a_failed_probe_costs_one() -> None:
    assert [silent_round("0.9", peers).score for peers in ("0.6", "0.7")] == [1, 1]


def test_the_score_of_a_bad_node_stretches_its_rounds_from_08_on() -> None:
    stretched = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.node.core.apply_health_delta(2, 0.0)
        hand.run(1.0)
        stretched.append(hand.node.prober.deadline == pytest.approx(4.0))
        assert stretched[-1] or hand.node.prober.deadline == pytest.approx(2.0)
    assert stretched == since("0.8")


def test_a_refutation_costs_health_from_08_on() -> None:
    costs = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "me", 1, "peer"))
        assert hand.reported(events.REFUTE_SUSPECT) == [1]
        costs.append(hand.score == 1)
    assert costs == since("0.8")


def test_a_suspect_is_told_with_the_ping_from_08_on() -> None:
    told = []
    for release in RELEASES:
        hand = ReleaseHand(release=release, others=1).start()
        hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "peer"))
        assert hand.state_of("peer") == STATE_SUSPECT
        hand.node.core.broadcasts.prune(0)
        hand.run(1.0)
        ((_, ping),) = hand.sent(m.PING)
        told.append([message.kind for message in ping.broadcasts or []] == [m.SUSPECT])
    assert told == since("0.8")


# What is on the wire -------------------------------------------------------------------------------


def source_size(record: NodeIdentity) -> int:
    return 33 + record.address_size + record.name_size + record.port_size


def test_pings_say_where_to_answer_from_09_on() -> None:
    said = []
    for release in RELEASES:
        hand = ReleaseHand(release=release).start()
        hand.run(1.0)
        ((_, ping),) = hand.sent(m.PING)
        plain = 13 + hand.directory.first[ping.node].name_size + unsigned_size(ping.seq)
        assert ping.leading_size == plain + (source_size(hand.me) if ping.source >= 0 else 0)
        assert len(encode_lead(ping, hand.me, hand.directory)) == ping.leading_size
        said.append(ping.source >= 0)
    assert said == since("0.9")


@pytest.mark.parametrize("release", RELEASES)
def test_indirect_pings_are_as_long_as_what_they_say(release: str) -> None:
    hand = silent_round(release, "0.9")
    _, asked = hand.sent(m.INDIRECT_PING)[0]
    encoded = encode_lead(asked, hand.me, hand.directory)
    assert len(encoded) == asked.leading_size
    assert (b"Nack" in encoded) == (release not in ("0.6", "0.7"))
    assert (b"SourceAddr" in encoded) == (release in ("0.9", "latest"))


def test_sizes_of_the_latest_pings_are_those_of_the_specification() -> None:
    me, other = record_of(0, "node-00", "0.9"), record_of(1, "node-01", "0.9")
    assert (ping_size(other, 100, me), indirect_ping_size(other, 100, me)) == (71, 97)


@pytest.mark.parametrize("release", RELEASES)
def test_acks_have_a_payload_field_from_07_on(release: str) -> None:
    hand = ReleaseHand(release=release).start()
    hand.delegate.payload = None if release == "0.6" else Coordinate(vec[float]([0.1] * 8), 1.0, 0.0, 0.1)
    ping = Packet(m.PING, 3, 61)
    ping.node = 0
    hand.receive(ping)
    ((_, ack),) = hand.sent(m.ACK)
    assert ack.leading_size == (9 if release == "0.6" else 17 + string_size(130))
    assert len(encode_lead(ack, hand.me, hand.directory)) == ack.leading_size


# Lifeguard's parts, and its paper --------------------------------------------------------------------


def test_without_its_first_part_there_is_no_score_and_no_nack() -> None:
    hand = ReleaseHand(release="0.9")
    hand.config.lha_probe = False
    hand.start().run(2.0)
    assert not any(packet.wants_nack for _, packet in hand.sent(m.INDIRECT_PING))
    hand.node.core.apply_health_delta(3, 2.0)
    assert hand.score == 0


def test_without_its_third_part_a_suspect_gets_a_plain_ping() -> None:
    hand = ReleaseHand(release="0.9", others=1)
    hand.config.buddy = False
    hand.start()
    hand.heard(hand.suspect_or_dead(m.SUSPECT, "peer", 1, "peer"))
    hand.node.core.broadcasts.prune(0)
    hand.run(1.0)
    ((_, ping),) = hand.sent(m.PING)
    assert ping.broadcasts is None


@pytest.mark.parametrize(("nacks", "score"), [(0, 2), (2, 2), (3, 1)])
def test_by_the_paper_a_failed_probe_costs_one_and_one_more_where_a_nack_is_missing(
    nacks: int, score: int
) -> None:
    hand = ReleaseHand(release="0.9")
    hand.config.paper_health_score = True
    hand.config.disable_tcp_pings = True
    hand.start().run(1.0)
    ((_, ping),) = hand.sent(m.PING)
    hand.run(1.6)
    for _ in range(nacks):
        hand.receive(Packet(m.NACK, ping.seq, 10))
    hand.run(2.0)
    assert hand.score == score


def test_by_the_paper_the_wait_for_an_ack_is_stretched_too() -> None:
    for is_stretched, at in ((False, 1.5), (True, 2.5)):
        hand = ReleaseHand(release="0.9")
        hand.config.scale_probe_timeout = is_stretched
        hand.start()
        hand.node.core.awareness.score = 2
        hand.run(at - 0.01)
        assert hand.reported(events.FAILED_PING) == []
        hand.run(at)
        assert len(hand.reported(events.FAILED_PING)) == 1
        assert hand.node.prober.deadline == pytest.approx(4.0)


def test_the_defaults_of_07_are_those_of_plain_swim_with_memberlists_additions() -> None:
    old, new = config_of("0.7"), config_of("0.9")
    assert (old.lha_probe, old.lha_suspicion, old.buddy, old.suspicion_mult) == (False, False, False, 5)
    assert (new.lha_probe, new.lha_suspicion, new.buddy, new.suspicion_mult) == (True, True, True, 4)
