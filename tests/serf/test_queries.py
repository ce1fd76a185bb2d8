"""Asking, acking, answering, relaying (spec serf.md section 7)."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.messages import USER, Alive, Packet
from serfsim.protocol.serf.application import Application
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.protocol.serf.query_messages import (
    NO_BROADCAST_FLAG,
    Filter,
    NodeFilter,
    Query,
    QueryResponse,
    Relayed,
    TagFilter,
)
from serfsim.protocol.serf.tags import decode_tags, encode_tags
from tests.serf.harness import SerfHand, events


def refused(why: str) -> str:
    """An answer's refusal, which the library words so for all queries."""
    return "failed to respond to key query: " + why


def quiet(knowing: int = 4, others: int = 4, meta: bytes = b"\xff\x80") -> SerfHand:
    hand = SerfHand(others=others, knowing=knowing, meta=meta)
    hand.runtime.timers.clear()
    hand.node.memberlist.core.gossip_due = False
    return hand


def query_of(
    hand: SerfHand,
    *,
    ltime: int = 1,
    number: int = 7,
    filters: list[Filter] | None = None,
    flags: int = 0,
    relay_factor: int = 0,
    timeout: float = 5.0,
) -> Query:
    """A query of p's."""
    source = hand.directory.first[1]
    return Query(source, ltime, number, "uptime", b"", filters or [], flags, relay_factor, timeout)


def deliver(hand: SerfHand, response: QueryResponse) -> None:
    packet = Packet(USER, 0, response.size)
    packet.broadcasts = [response]
    hand.node.on_packet(packet, response.node, hand.now, hand.now)


def sent_to_itself(hand: SerfHand) -> None:
    """Deliver what the node has sent to its own address."""
    own = [packet for address, packet in hand.runtime.sent if address == 0]
    hand.runtime.sent = [(address, packet) for address, packet in hand.runtime.sent if address != 0]
    for packet in own:
        hand.node.on_packet(packet, 0, hand.now, hand.now)


# Asking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("knowing", "timeout"), [(0, 3.2), (8, 3.2), (9, 6.4), (98, 6.4), (99, 9.6)])
def test_the_default_timeout_goes_by_the_members_that_are_up(knowing: int, timeout: float) -> None:
    hand = quiet(knowing=knowing, others=knowing)
    opened = hand.node.query("uptime", b"", QueryParams(), 0.0)
    assert opened is not None
    assert opened.query.timeout == pytest.approx(timeout)


def test_members_that_are_gone_do_not_stretch_the_timeout() -> None:
    hand = quiet(knowing=9, others=9)
    hand.dies("p")
    opened = hand.node.query("uptime", b"", QueryParams(), 0.0)
    assert opened is not None
    assert opened.query.timeout == pytest.approx(3.2)


def test_the_asker_answers_itself_by_a_datagram_and_hears_it_like_any_other() -> None:
    hand = quiet()
    hand.node.query("uptime", b"", QueryParams(request_ack=True), 0.0)
    (received,) = hand.application.queries
    assert hand.node.respond(received, b"5 days", 0.1) == ""
    assert hand.application.responses == []
    assert [address for address, _ in hand.responses_sent()] == [0, 0]
    sent_to_itself(hand)
    assert hand.application.responses == [("ack", 0, b""), ("answer", 0, b"5 days")]


def test_a_query_is_told_with_the_next_gossip_and_raises_the_clock() -> None:
    hand = quiet()
    opened = hand.node.query("uptime", b"x", QueryParams(timeout=1.5), 0.0)
    assert opened is not None
    assert (opened.query.ltime, hand.node.queries.clock.time()) == (1, 2)
    assert hand.application.calls == [("sent", "uptime"), ("received", "uptime")]
    hand.run(0.6)
    told = [m for _, packet in hand.runtime.sent for m in packet.broadcasts or [] if isinstance(m, Query)]
    assert told == [opened.query] * 4


def test_a_query_must_be_short_enough() -> None:
    hand = quiet()
    plain = query_of(hand).size
    hand.config.query_size_limit = plain + 10
    assert hand.node.query("uptime", b"x" * 400, QueryParams(), 0.0) is None
    assert hand.node.last_error == f"query exceeds limit of {plain + 10} bytes"
    assert hand.node.queries.clock.time() == 1
    assert hand.application.calls == []


def test_the_longest_query_fills_the_limit_exactly() -> None:
    hand = quiet()
    made = hand.node.query("uptime", b"x" * 200, QueryParams(), 0.0)
    assert made is not None
    # The type byte of the message does not count.
    hand.config.query_size_limit = made.query.size - 1
    assert hand.node.query("uptime", b"x" * 200, QueryParams(), 0.0) is not None
    assert hand.node.query("uptime", b"x" * 201, QueryParams(), 0.0) is None


def test_a_node_of_an_old_protocol_may_not_ask_but_answers() -> None:
    hand = quiet()
    hand.config.protocol_version = 3
    assert hand.node.query("uptime", b"", QueryParams(), 0.0) is None
    assert hand.node.last_error == "Feature not supported"
    hand.query_heard(query_of(hand, flags=1))
    assert [address for address, _ in hand.responses_sent()] == [1]


# Acking and answering ------------------------------------------------------------------------------


def test_an_ack_goes_to_the_asker_at_once_and_by_itself() -> None:
    hand = quiet()
    hand.event_heard("waiting")
    hand.query_heard(query_of(hand, ltime=4, flags=1))
    ((address, packet),) = hand.runtime.sent
    assert (address, packet.kind) == (1, USER)
    (ack,) = packet.broadcasts or []
    assert isinstance(ack, QueryResponse)
    assert (ack.is_ack(), ack.node, ack.ltime, ack.id, ack.payload) == (True, 0, 4, 7, b"")
    assert packet.size <= ack.size, "no CRC, nothing else"


def test_no_ack_without_a_request() -> None:
    hand = quiet()
    hand.query_heard(query_of(hand))
    assert hand.runtime.sent == []
    assert hand.application.told == ["query: uptime"]


def test_a_query_is_answered_once_and_before_its_deadline() -> None:
    hand = quiet()
    hand.query_heard(query_of(hand))
    (received,) = hand.application.queries
    assert hand.node.respond(received, b"y" * 1024, 1.0) == refused("response exceeds limit of 1024 bytes")
    assert hand.node.respond(received, b"yes", 5.0) == ""
    assert hand.node.respond(received, b"yes", 5.0) == refused("response already sent")
    assert [(address, r.payload) for address, r in hand.responses_sent()] == [(1, b"yes")]
    hand.query_heard(query_of(hand, number=8))
    assert hand.node.respond(hand.application.queries[1], b"yes", 5.001) == refused(
        "response is past the deadline"
    )
    assert len(hand.responses_sent()) == 1


def test_the_largest_answer_fills_the_limit_exactly() -> None:
    hand = quiet()
    hand.query_heard(query_of(hand))
    (received,) = hand.application.queries
    room = 1024 - (QueryResponse(hand.directory.first[0], 1, 7, 0, b"").size - 1) - 2
    assert hand.node.respond(received, b"y" * (room + 1), 0.0) == refused(
        "response exceeds limit of 1024 bytes"
    )
    assert hand.node.respond(received, b"y" * room, 0.0) == ""


def test_a_query_that_asks_not_to_be_passed_on_is_delivered_all_the_same() -> None:
    hand = quiet()
    assert not hand.query_heard(query_of(hand, flags=NO_BROADCAST_FLAG))
    assert hand.application.told == ["query: uptime"]


def test_a_query_for_others_is_passed_on_and_neither_acked_nor_delivered() -> None:
    hand = quiet()
    assert hand.query_heard(query_of(hand, flags=1, filters=[NodeFilter(["p", "q"])]))
    assert hand.runtime.sent == []
    assert hand.application.told == []
    assert hand.application.calls == [("received", "uptime")]


@pytest.mark.parametrize(
    ("filters", "is_ours"),
    [
        ([TagFilter("role", "we")], True),
        ([TagFilter("role", "^we$")], False),
        ([TagFilter("dc", "")], True),
        ([TagFilter("dc", ".")], False),
        ([TagFilter("role", "web"), NodeFilter(["p"])], False),
        ([NodeFilter(["p", "me"]), TagFilter("role", "web")], True),
        ([Filter(9)], False),
    ],
)
def test_all_filters_must_let_a_node_through(filters: list[Filter], is_ours: bool) -> None:
    hand = quiet(meta=encode_tags({"role": "web"}))
    hand.query_heard(query_of(hand, filters=filters))
    assert hand.application.told == (["query: uptime"] if is_ours else [])


def test_a_changed_tag_counts_from_then_on() -> None:
    hand = quiet(meta=encode_tags({"role": "web"}))
    hand.node.update_tags({"role": "db"}, NodeIdentity(0, 0, 2, encode_tags({"role": "db"})), 0.0)
    hand.query_heard(query_of(hand, filters=[TagFilter("role", "web")]))
    assert hand.application.told == []


def test_filters_look_at_all_own_tags_even_where_others_hear_of_the_role_alone() -> None:
    hand = quiet(meta=b"web")
    hand.query_heard(query_of(hand, filters=[TagFilter("rack", "7")]))
    assert hand.application.told == []
    hand.node.update_tags({"role": "web", "rack": "7"}, NodeIdentity(0, 0, 2, b"web"), 0.0)
    hand.query_heard(query_of(hand, ltime=2, number=8, filters=[TagFilter("rack", "7")]))
    assert hand.application.told == ["query: uptime"]


@pytest.mark.parametrize(
    "tags",
    [{}, {"role": "web"}, {f"k{i}": "v" for i in range(20)}, {"long": "x" * 200, "ä": "ö"}],
    ids=["none", "one", "many", "long"],
)
def test_tags_are_read_as_they_are_written(tags: dict[str, str]) -> None:
    assert decode_tags(encode_tags(tags)) == tags


def test_an_old_members_metadata_is_its_role() -> None:
    assert decode_tags(b"web") == {"role": "web"}
    assert decode_tags(b"") == {"role": ""}


# Relaying ------------------------------------------------------------------------------------------


def detours(hand: SerfHand) -> list[int]:
    """Through whom relayed responses went."""
    return [
        address
        for address, packet in hand.runtime.sent
        for message in packet.broadcasts or []
        if isinstance(message, Relayed)
    ]


def test_acks_and_answers_take_as_many_detours_as_the_query_asks_for() -> None:
    hand = quiet(knowing=8, others=8)
    hand.query_heard(query_of(hand, flags=1, relay_factor=3))
    acked = detours(hand)
    assert len(set(acked)) == 3
    assert 0 not in acked
    (received,) = hand.application.queries
    hand.node.respond(received, b"yes", 0.1)
    assert len(detours(hand)) == 6
    assert len(hand.responses_sent()) == 2


def test_a_detour_leads_only_through_members_that_are_alive_and_know_how() -> None:
    hand = quiet(knowing=5, others=5)
    hand.dies("q")
    hand.leave_intent("s", 3)
    old = NodeIdentity(5, 5, 1, protocol=(1, 4, 2), delegate=(2, 4, 4))
    hand.heard(Alive(old, 2))
    hand.clear()
    hand.query_heard(query_of(hand, flags=1, relay_factor=5))
    assert sorted(detours(hand)) == [1, 3]


def test_too_small_a_cluster_has_no_detours() -> None:
    hand = quiet(knowing=2, others=2)
    hand.query_heard(query_of(hand, flags=1, relay_factor=3))
    assert detours(hand) == []
    hand.query_heard(query_of(hand, ltime=2, flags=1, relay_factor=2))
    assert len(detours(hand)) == 2


def test_an_answer_that_fits_but_not_on_a_detour_goes_out_and_is_reported() -> None:
    hand = quiet(knowing=8, others=8)
    hand.query_heard(query_of(hand, relay_factor=1))
    (received,) = hand.application.queries
    assert hand.node.respond(received, b"y" * 980, 0.0) == refused(
        "relayed response exceeds limit of 1024 bytes"
    )
    assert len(hand.responses_sent()) == 1
    assert not received.is_answered, "as in the library: it may be sent again"


def test_who_is_a_detour_sends_on_what_is_inside() -> None:
    hand = quiet()
    response = QueryResponse(hand.directory.first[2], 1, 7, 0, b"yes")
    packet = Packet(USER, 0, 0)
    packet.broadcasts = [Relayed(response, hand.directory.first[1])]
    hand.node.on_packet(packet, 2, 0.0, 0.0)
    assert hand.responses_sent() == [(1, response)]
    assert hand.runtime.events == []


# Gathering -----------------------------------------------------------------------------------------


def asking(hand: SerfHand, *, request_ack: bool = True) -> Query:
    opened = hand.node.query("uptime", b"", QueryParams(request_ack=request_ack, timeout=2.0), hand.now)
    assert opened is not None
    hand.runtime.sent.clear()
    return opened.query


def response_of(hand: SerfHand, query: Query, node: int, flags: int = 0) -> QueryResponse:
    return QueryResponse(hand.directory.first[node], query.ltime, query.id, flags, b"" if flags else b"yes")


def test_the_copies_of_an_ack_and_of_an_answer_count_once_each() -> None:
    hand = quiet()
    query = asking(hand)
    for _ in range(3):
        deliver(hand, response_of(hand, query, 1))
        deliver(hand, response_of(hand, query, 1, flags=1))
    deliver(hand, response_of(hand, query, 2))
    assert hand.application.responses == [("answer", 1, b"yes"), ("ack", 1, b""), ("answer", 2, b"yes")]


def test_an_ack_that_was_not_asked_for_is_dropped() -> None:
    hand = quiet()
    query = asking(hand, request_ack=False)
    deliver(hand, response_of(hand, query, 1, flags=1))
    assert hand.application.responses == []


def test_a_query_closes_at_its_timeout_and_what_comes_later_is_a_stray() -> None:
    hand = quiet()
    query = asking(hand)
    hand.run(1.9)
    assert ("closed", "uptime") not in hand.application.calls
    hand.run(2.0)
    assert hand.application.calls[-1] == ("closed", "uptime")
    assert hand.node.outgoing_queries.open == {}
    deliver(hand, response_of(hand, query, 3))
    assert hand.application.responses == []
    assert hand.reported(events.STRAY_RESPONSE) == [3]


def test_an_answer_with_the_wrong_id_is_reported_and_dropped() -> None:
    hand = quiet()
    query = asking(hand)
    wrong = QueryResponse(hand.directory.first[2], query.ltime, query.id ^ 1, 0, b"yes")
    deliver(hand, wrong)
    assert hand.application.responses == []
    assert hand.reported(events.MISMATCHED_RESPONSE) == [2]


def test_two_queries_at_a_time_have_answers_of_their_own() -> None:
    hand = quiet()
    first, second = asking(hand), asking(hand)
    assert first.ltime != second.ltime
    deliver(hand, response_of(hand, second, 1))
    deliver(hand, response_of(hand, first, 1))
    assert len(hand.application.responses) == 2


def test_an_old_query_is_warned_of() -> None:
    hand = quiet()
    hand.query_heard(query_of(hand, ltime=1000))
    assert not hand.query_heard(query_of(hand, ltime=488))
    assert [(kind, detail) for _, kind, _, detail in hand.runtime.events] == [(events.OLD_QUERY, 488)]


def test_a_node_without_an_application_takes_part_all_the_same() -> None:
    hand = SerfHand(knowing=4, application=Application())  # type: ignore[arg-type]
    assert hand.event_heard("deploy", coalesce=True)
    assert hand.query_heard(query_of(hand, flags=1))
    assert hand.query_heard(query_of(hand, number=8, flags=1, filters=[TagFilter("role", "web")]))
    hand.run(10.0)
    assert len(hand.responses_sent()) == 1, "it cannot read an expression, so the second is for others"
