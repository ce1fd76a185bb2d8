"""Serf by release: intents, leaves, coordinates, queries (spec versions.md section 2, second table)."""

from __future__ import annotations

import math

import pytest

from serfsim.native import Random, vec
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.serf.members import RING, IntentRings
from serfsim.protocol.serf.messages import JOIN, LEAVE, Intent
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.serf.query_messages import Query, QueryResponse, Relayed
from serfsim.protocol.versions import RELEASES, ReleaseFeatures
from serfsim.protocol.vivaldi.client import ACCEPTED, Client
from serfsim.protocol.vivaldi.coordinate import Coordinate
from tests.memberlist.harness import events
from tests.versions.harness import ReleaseHand, coordinates_of, record_of, serf_config_of, serf_hand, since


def somewhere(value: float = 0.1) -> Coordinate:
    return Coordinate(vec[float]([value] * 8), 1.0, 0.0, 0.001)


# Coordinates ---------------------------------------------------------------------------------------


def test_acks_carry_coordinates_from_07_on() -> None:
    sent = [serf_hand(release).node.memberlist.core.delegate.ack_payload() for release in RELEASES]
    assert [payload is not None for payload in sent] == since("0.7")


def test_coordinates_of_others_are_ignored_by_06() -> None:
    learnt = []
    for release in RELEASES:
        hand = serf_hand(release, knowing=2)
        record = hand.directory.first[1]
        hand.node.memberlist.core.delegate.notify_ping_complete(record, 0.05, somewhere(), 1.0)
        moved = hand.node.vivaldi.coordinate is not hand.node.vivaldi.origin
        assert moved == (1 in hand.node.coordinates)
        learnt.append(moved)
    assert learnt == since("0.7")


def test_an_ack_of_a_06_member_teaches_nothing() -> None:
    hand = serf_hand("0.9", knowing=2)
    hand.node.memberlist.core.delegate.notify_ping_complete(hand.directory.first[1], 0.05, None, 1.0)
    assert hand.node.coordinates == {}


@pytest.mark.parametrize(
    ("other", "rtt_ns"), [(somewhere(math.nan), 10_000_000), (somewhere(), -1), (somewhere(), 11_000_000_000)]
)
def test_invalid_coordinates_and_round_trips_are_refused_from_082_on(other: Coordinate, rtt_ns: int) -> None:
    refused = []
    for release in RELEASES:
        client = Client(coordinates_of(release), Random(1))
        refused.append(client.update(1, other, rtt_ns) != ACCEPTED)
    assert refused == since("0.8.2")


def test_before_082_a_coordinate_that_is_no_number_spoils_the_own_one_for_good() -> None:
    client = Client(coordinates_of("0.8.1"), Random(1))
    client.update(1, somewhere(math.nan), 10_000_000)
    for _ in range(10):
        client.update(2, somewhere(), 10_000_000)
    assert not client.coordinate.is_valid()
    assert client.resets == 0


# Intents -------------------------------------------------------------------------------------------


def test_an_early_intent_is_old_news_in_06_and_07_even_if_it_is_newer() -> None:
    news = []
    for release in RELEASES:
        hand = serf_hand(release)
        assert hand.leave_intent("p", 5)
        news.append(hand.leave_intent("p", 6))
    assert news == since("0.8")


def test_in_06_and_07_an_early_leave_counts_even_where_an_early_join_is_newer() -> None:
    status = []
    for release in RELEASES:
        hand = serf_hand(release)
        hand.leave_intent("p", 5)
        hand.join_intent("p", 6)
        hand.joins("p")
        status.append(hand.status("p"))
    assert status == ["alive" if late else "leaving" for late in since("0.8")]


def test_early_intents_expire_after_five_minutes_from_08_on() -> None:
    kept = []
    for release in RELEASES:
        hand = serf_hand(release)
        hand.node.memberlist.core.config.probe_interval = 0.0
        hand.leave_intent("p", 5)
        hand.runtime.timers = [timer for timer in hand.runtime.timers if timer.timer >= 32]
        hand.run(330.0)
        hand.joins("p")
        kept.append(hand.status("p") == "leaving")
    assert kept == [not late for late in since("0.8")]


def test_a_ring_holds_the_last_128_intents_of_each_kind() -> None:
    rings = IntentRings()
    for node in range(RING + 1):
        assert rings.buffer(node, LEAVE, 10 + node, 0.0)
    assert rings.buffer(0, JOIN, 3, 0.0)
    assert [rings.find(node, LEAVE) for node in (0, 1, RING)] == [-1, 11, 10 + RING]
    assert (rings.find(0, JOIN), rings.find(1, JOIN)) == (3, -1)
    assert rings.buffer(0, LEAVE, 1, 0.0)
    assert (rings.find(1, LEAVE), rings.find(2, LEAVE)) == (-1, 12)


def test_a_second_leave_is_passed_on_and_takes_its_time_from_09_on() -> None:
    passed_on = []
    for release in RELEASES:
        hand = serf_hand(release, knowing=2)
        assert hand.leave_intent("p", 5)
        passed_on.append(hand.leave_intent("p", 6))
        assert hand.ltime("p") == (6 if passed_on[-1] else 5)
        assert not hand.leave_intent("p", 5)
    assert passed_on == since("0.9")


def test_forcing_a_failed_member_out_is_an_event_from_07_on() -> None:
    told = []
    for release in RELEASES:
        hand = serf_hand(release, knowing=3)
        hand.dies("p")
        hand.leave_intent("p", 5)
        assert hand.status("p") == "left"
        told.append(hand.reported(events.LEFT_FORCED) == [1])
    assert told == since("0.7")


def test_a_leave_that_asks_to_prune_is_a_plain_one_before_09() -> None:
    pruned = []
    for release in RELEASES:
        hand = serf_hand(release, knowing=3)
        hand.dies("p")
        hand.leave_intent("p", 5, prune=True)
        pruned.append(hand.status("p") == "none")
    assert pruned == since("0.9")


def test_a_leave_that_a_push_pull_brings_is_later_than_the_status_from_082_on() -> None:
    believed = []
    for release in RELEASES:
        hand = serf_hand(release, knowing=3)
        hand.join_intent("p", 7)
        hand.dies("p")
        hand.merge(9, {"p": 7}, ["p"])
        believed.append(hand.status("p") == "left")
    assert believed == since("0.8.2")


def test_a_leave_takes_a_second_longer_from_082_on() -> None:
    delays = [serf_config_of(release).leave_propagate_delay for release in RELEASES]
    assert delays == [1.0 if late else 0.0 for late in since("0.8.2")]


def test_a_leave_that_could_not_be_told_goes_on_in_the_latest_release() -> None:
    assert [serf_config_of(release).leave_continues for release in RELEASES] == since("latest")


def test_queues_are_looked_at_every_second_before_082_and_every_30_s_since() -> None:
    intervals = [serf_config_of(release).queue_check_interval for release in RELEASES]
    assert intervals == [30.0 if late else 1.0 for late in since("0.8.2")]


# Events and queries ----------------------------------------------------------------------------------


def test_the_encoded_size_of_a_user_event_counts_from_09_on() -> None:
    taken = []
    for release in RELEASES:
        hand = serf_hand(release)
        taken.append(hand.node.user_event("deploy", b"x" * 500, False, 1.0) is not None)
        assert hand.node.user_event("deploy", b"x" * 507, False, 1.0) is None
    assert taken == [not late for late in since("0.9")]


def relayed(release: str) -> bool:
    """Does a node of a release send its ack on a detour too?"""
    hand = serf_hand(release, knowing=4)
    asker = record_of(1, "p", "0.9")
    hand.query_heard(Query(asker, 1, 77, "uptime", b"", [], 1, 2, 5.0))
    return any(
        isinstance(message, Relayed) for _, packet in hand.runtime.sent for message in packet.broadcasts or []
    )


def test_responses_are_relayed_from_081_on() -> None:
    assert [relayed(release) for release in RELEASES] == since("0.8.1")


def test_a_relay_factor_is_asked_for_from_081_on() -> None:
    factors = []
    for release in RELEASES:
        asked = serf_hand(release, knowing=3).node.query("uptime", b"", QueryParams(relay_factor=2), 1.0)
        assert asked is not None
        factors.append(asked.query.relay_factor)
    assert factors == [2 if late else 0 for late in since("0.8.1")]


@pytest.mark.parametrize("release", RELEASES)
def test_queries_and_what_is_relayed_have_the_fields_of_their_release(release: str) -> None:
    features = ReleaseFeatures(release)
    directory = Directory()
    record = record_of(0, "p", release)
    directory.add_record("p", record)
    query = Query(record, 1, 77, "uptime", b"", [], 1, 0, 5.0, features.names_in_queries)
    encoded = query.encode(directory)
    assert len(encoded) == query.size
    assert (b"RelayFactor" in encoded) == features.relay
    assert (b"SourceNode" in encoded) == features.names_in_queries
    detour = Relayed(QueryResponse(record, 1, 77, 0, b"up"), record, features.names_in_queries)
    assert len(detour.encode(directory)) == detour.size
    assert (b"DestName" in detour.encode(directory)) == features.names_in_queries
    leave = Intent(LEAVE, record, 3, False, features.prune)
    assert len(leave.encode(directory)) == leave.size
    assert (b"Prune" in leave.encode(directory)) == features.prune


@pytest.mark.parametrize(
    ("timeout", "longer"), [(1e-7, 0), (2e-7, 1), (3e-6, 0), (5e-5, 2), (1.0, 0), (3.2, 4), (6.4, 0)]
)
def test_the_latest_release_writes_durations_as_signed(timeout: float, longer: int) -> None:
    directory = Directory()
    directory.add_record("p", record_of(0, "p", "latest"))
    source = directory.first[0]
    old = Query(source, 1, 77, "uptime", b"", [], 1, 0, timeout, True, False)
    new = Query(source, 1, 77, "uptime", b"", [], 1, 0, timeout, True, True)
    assert new.size - old.size == longer
    assert (len(old.encode(directory)), len(new.encode(directory))) == (old.size, new.size)


@pytest.mark.parametrize("release", ["0.9", "latest"])
def test_lengths_in_a_push_pull_are_as_long_as_they_are_written(release: str) -> None:
    hand = ReleaseHand(release=release, others=150)
    hand.config.enable_compression = False
    exchange = PushPull(False, hand.start().node.core)
    assert exchange.size == len(exchange.encode(hand.directory))
    assert (b"\xd1\x00\x97" in exchange.encode(hand.directory)) == (release == "latest")
