"""Serf's own queries, and who keeps a name that two claim (spec serf.md sections 7.2 and 10)."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.messages import USER, Alive, Packet
from serfsim.protocol.serf.key_queries import encode_key_request, encode_key_response
from serfsim.protocol.serf.queries import encode_conflict_response
from serfsim.protocol.serf.query_messages import Query, QueryResponse
from tests.memberlist.harness import in_order
from tests.serf.harness import SerfHand, events


def quiet(knowing: int = 4, others: int = 4) -> SerfHand:
    hand = SerfHand(others=others, knowing=knowing)
    hand.runtime.timers.clear()
    hand.node.memberlist.core.gossip_due = False
    return hand


def asked(hand: SerfHand, name: str, payload: bytes = b"", flags: int = 0) -> list[QueryResponse]:
    """What the node answers to an internal query of p's."""
    hand.query_heard(Query(hand.directory.first[1], 1, 7, name, payload, [], flags, 0, 5.0))
    assert hand.application.told == [], "the application never sees it"
    return [response for _, response in hand.responses_sent()]


def test_a_ping_is_acked_and_nothing_more() -> None:
    (response,) = asked(quiet(), "_serf_ping", flags=1)
    assert response.is_ack()


@pytest.mark.parametrize("name", ["install-key", "use-key", "remove-key"])
def test_keys_cannot_be_changed_without_encryption(name: str) -> None:
    (response,) = asked(quiet(), f"_serf_{name}", encode_key_request(b"0123456789abcdef"))
    message = "No keyring to modify (encryption not enabled)"
    assert response.payload == encode_key_response(False, message, [], "")
    assert response.payload.startswith(b"\x08\x84\xa4Keys\xc0\xa7Message")


def test_there_are_no_keys_to_list_without_encryption() -> None:
    (response,) = asked(quiet(), "_serf_list-keys")
    assert b"Keyring is empty (encryption not enabled)" in response.payload


def test_key_messages_are_written_as_the_library_writes_them() -> None:
    request = "0781a34b6579b030313233343536373839616263646566"
    assert encode_key_request(b"0123456789abcdef").hex() == request
    key = "MDEyMzQ1Njc4OWFiY2RlZg=="
    whole = encode_key_response(True, "", [key], key)
    assert whole.hex() == (
        "0884a44b65797391b84d4445794d7a51314e6a63344f5746695932526c5a673d3da74d657373616765a0aa5072696d617279"
        "4b6579b84d4445794d7a51314e6a63344f5746695932526c5a673d3da6526573756c74c3"
    )


def test_an_unknown_internal_query_is_warned_of() -> None:
    hand = quiet()
    assert asked(hand, "_serf_dance") == []
    assert hand.reported(events.UNKNOWN_QUERY) == [0]


# Conflicts -----------------------------------------------------------------------------------------


def test_who_is_asked_about_a_name_says_whom_it_knows() -> None:
    hand = quiet()
    (response,) = asked(hand, "_serf_conflict", b"r")
    assert response.member is hand.directory.first[3]
    assert response.payload == encode_conflict_response(response.member, 1, {}, hand.directory)


def test_a_member_is_written_as_the_library_writes_it() -> None:
    # Captured from a real agent at 127.0.0.104 asked about n3 at 127.0.0.103.
    captured = (
        "068ba441646472a47f000067ab44656c656761746543757205ab44656c65676174654d617805ab44656c65676174654d696e"
        "02a44e616d65a26e33a4506f7274cd1f0aab50726f746f636f6c43757202ab50726f746f636f6c4d617805ab50726f746f63"
        "6f6c4d696e01a653746174757301a45461677380"
    )
    hand = quiet()
    number = hand.number("n3")
    ours = encode_conflict_response(hand.directory.first[number], 1, {}, hand.directory)
    address = hand.directory.address_bytes(number, 4)
    assert ours.replace(address, b"\x7f\x00\x00\x67").hex() == captured


def test_about_an_unknown_name_the_answer_is_nobody() -> None:
    (response,) = asked(quiet(), "_serf_conflict", b"zebra")
    assert (response.payload, response.member) == (b"\x06\xc0", None)


def test_about_our_own_name_we_do_not_vote() -> None:
    assert asked(quiet(), "_serf_conflict", b"me") == []


def contested(hand: SerfHand) -> Query:
    """Somebody at another address claims our name; the query that this sets off."""
    hand.heard(Alive(NodeIdentity(0, 77, 2), 5))
    (entry,) = in_order(hand.node.queues.queries)
    query = entry.message
    assert isinstance(query, Query)
    return query


def votes(hand: SerfHand, query: Query, addresses: list[int | None]) -> None:
    """Members 1, 2 ... say that our name is at these addresses, or nowhere."""
    for node, address in enumerate(addresses, start=1):
        response = QueryResponse(hand.directory.first[node], query.ltime, query.id, 0, b"\x06\xc0")
        response.member = None if address is None else NodeIdentity(0, address, 2)
        packet = Packet(USER, 0, response.size)
        packet.broadcasts = [response]
        hand.node.on_packet(packet, node, hand.now, hand.now)


def test_a_contested_name_of_ours_is_put_to_the_others() -> None:
    hand = quiet()
    query = contested(hand)
    assert (query.name, query.payload, query.flags) == ("_serf_conflict", b"me", 0)
    assert hand.reported(events.CONFLICT) == [0]


def test_a_contested_name_of_another_is_its_bearers_affair() -> None:
    hand = quiet()
    hand.heard(Alive(NodeIdentity(1, 77, 1), 5))
    assert hand.node.queues.queries.depth == 0
    assert hand.reported(events.CONFLICT) == [1]


def test_resolution_can_be_turned_off() -> None:
    hand = quiet()
    hand.config.enable_name_conflict_resolution = False
    hand.heard(Alive(NodeIdentity(0, 77, 2), 5))
    assert hand.node.queues.queries.depth == 0


@pytest.mark.parametrize(
    ("addresses", "stays"),
    [
        ([0, 0, 0, 77], True),
        ([0, 0, 77, 77], False),  # the majority of four is three
        ([0, 0, 77], True),
        ([0, None, None], False),
        ([0], True),
        ([], False),  # without answers one is wanted
    ],
)
def test_the_majority_keeps_the_name_and_the_others_go(addresses: list[int | None], stays: bool) -> None:
    hand = quiet()
    query = contested(hand)
    votes(hand, query, addresses)
    hand.run(3.19)
    assert not hand.application.is_shut_down
    hand.run(3.2)
    assert hand.application.is_shut_down != stays
    matching, answers = addresses.count(0), len(addresses)
    ours = [(kind, detail) for _, kind, _, detail in hand.runtime.events if kind >= events.CONFLICT_WON]
    expected = events.CONFLICT_WON if stays else events.CONFLICT_LOST
    assert ours == [(expected, matching * 65536 + answers)]


def test_who_has_shut_down_says_no_more() -> None:
    hand = quiet()
    contested(hand)
    hand.run(3.2)
    hand.runtime.sent.clear()
    hand.joins("p", incarnation=9)
    hand.run(10.0)
    assert hand.runtime.sent == []
