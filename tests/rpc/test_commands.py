"""What each command of the RPC protocol does to the cluster, and what it answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serfsim.live.views import member_view
from serfsim.protocol.serf.members import STATUS_FAILED
from tests.rpc.client import Client, Served, serve, small


def tags_at(served: Served, observer: int, member: int) -> dict[str, str]:
    return member_view(served.sim.nodes[observer], member).tags


async def names(client: Client, **filters: Any) -> list[str]:
    error, body = await client.ask(
        "members-filtered", {"Tags": {}, "Status": "", "Name": "", **filters}, True
    )
    assert error == ""
    return [member["Name"] for member in body["Members"]]


async def wait_for_step(served: Served, seconds: float) -> None:
    """Let simulated time pass."""
    end = served.sim.now + seconds
    served.server.pace.advance(seconds)  # type: ignore[attr-defined]
    await served.until(lambda: served.sim.now >= end)


# Members, stats, coordinates ---------------------------------------------------------------------


def test_members_are_told_with_address_tags_status_and_versions() -> None:
    async def talk(served: Served) -> None:
        error, body = await (await served.client()).ask("members", has_body=True)
        assert error == ""
        assert body["Members"][2] == {
            "Name": "node-02",
            "Addr": bytes([10, 0, 0, 3]),
            "Port": 7946,
            "Tags": {"dc": "east"},
            "Status": "alive",
            "ProtocolMin": 1,
            "ProtocolMax": 5,
            "ProtocolCur": 2,
            "DelegateMin": 2,
            "DelegateMax": 5,
            "DelegateCur": 5,
        }

    serve(talk)


def test_filters_are_expressions_for_the_whole() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await names(client, Name="node-0[13]") == ["node-01", "node-03"]
        assert await names(client, Name="node") == []
        assert await names(client, Status="alive", Name=".*2") == ["node-02"]
        assert await names(client, Status="failed") == []
        assert len(await names(client, Tags={"dc": "e.*"})) == 4
        # A tag that is missing is an empty one.
        assert await names(client, Tags={"role": ".+"}) == []
        assert len(await names(client, Tags={"role": ""})) == 4

    serve(talk)


def test_a_crashed_member_becomes_failed_as_time_passes() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await names(client, Status="failed") == []
        await wait_for_step(served, 15.0)
        assert await names(client, Status="failed") == ["node-03"]
        stats = (await client.ask("stats", has_body=True))[1]
        assert (stats["serf"]["members"], stats["serf"]["failed"]) == ("4", "1")

    serve(talk, small(faults=[{"crash": ["node-03"], "at": "1s"}]))


def test_the_agent_speaks_for_the_node_that_it_was_told_to_be() -> None:
    async def talk(served: Served) -> None:
        stats = (await (await served.client()).ask("stats", has_body=True))[1]
        assert stats["agent"] == {"name": "node-02"}
        assert stats["tags"] == {"dc": "east"}
        assert stats["serf"]["encrypted"] == "false"

    serve(talk, number=2)


def test_coordinates_are_those_that_the_node_remembers() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        node = served.agent.node
        error, own = await client.ask("get-coordinate", {"Node": "node-00"}, True)
        assert (error, own["Ok"]) == ("", True)
        assert own["Coord"]["Vec"] == list(node.vivaldi.coordinate.vec)
        assert own["Coord"]["Height"] == node.vivaldi.coordinate.height
        other = (await client.ask("get-coordinate", {"Node": "node-01"}, True))[1]
        assert other["Coord"]["Vec"] == list(node.coordinates[1].vec)
        nobody = (await client.ask("get-coordinate", {"Node": "ghost"}, True))[1]
        zeros = {"Vec": None, "Error": 0.0, "Adjustment": 0.0, "Height": 0.0}
        assert nobody == {"Ok": False, "Coord": zeros}

    serve(talk)


# Events and queries ------------------------------------------------------------------------------


def test_an_event_reaches_the_streams_that_want_it() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("stream", {"Type": "user:deploy,query"}) == ""
        stream = client.seq
        for name in ("restart", "deploy"):
            assert await client.ask("event", {"Name": name, "Payload": b"v1", "Coalesce": False}) == ""
        record = await client.record(stream)
        assert record == {"Event": "user", "LTime": 2, "Name": "deploy", "Payload": b"v1", "Coalesce": False}

    serve(talk)


def test_an_event_is_told_to_all_members() -> None:
    async def talk(served: Served) -> None:
        assert await (await served.client()).ask("event", {"Name": "deploy", "Payload": b""}) == ""
        await wait_for_step(served, 3.0)
        assert [int(node.user_events.clock.time()) for node in served.sim.nodes] == [2, 2, 2, 2]

    serve(talk)


def test_what_is_too_long_is_refused_in_the_librarys_words() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        error = await client.ask("event", {"Name": "x", "Payload": bytes(600)})
        assert error == "user event exceeds configured limit of 512 bytes before encoding"
        assert (
            await client.ask("query", {"Name": "x", "Payload": bytes(1100)})
            == "query exceeds limit of 1024 bytes"
        )
        error = await client.ask("tags", {"Tags": {"x": "y" * 600}})
        assert error == "Encoded length of tags exceeds limit of 512 bytes"
        assert await client.ask("tags", {"Tags": {str(n): "" for n in range(300)}}) == error

    serve(talk)


async def answers_of(client: Client, **body: Any) -> tuple[list[str], dict[str, bytes]]:
    """Who acked a query, and who answered what, until it is done."""
    assert await client.ask("query", {"Name": "uptime", "Timeout": 2 * 10**9, **body}) == ""
    seq, acks, answers = client.seq, [], {}
    while (record := await client.record(seq))["Type"] != "done":
        if record["Type"] == "ack":
            acks.append(record["From"])
        else:
            answers[record["From"]] = record["Payload"]
    assert record == {"Type": "done", "From": "", "Payload": None}
    return sorted(acks), answers


UPTIME = {"workload": [{"query": "uptime", "at": "9m", "response": "8B"}]}


def test_a_query_gathers_acks_and_answers_and_is_done_at_its_deadline() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        began = served.sim.now
        acks, answers = await answers_of(client, RequestAck=True)
        assert acks == ["node-00", "node-01", "node-02", "node-03"]
        assert sorted(answers) == acks
        assert {len(answer) for answer in answers.values()} == {8}
        assert 2.0 <= served.sim.now - began < 2.2

    serve(talk, small(**UPTIME))


def test_a_query_may_be_for_some_and_without_acks() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        acks, answers = await answers_of(client, FilterNodes=["node-01", "node-03"])
        assert (acks, sorted(answers)) == ([], ["node-01", "node-03"])
        assert await answers_of(client, FilterTags={"dc": "^w"}, RequestAck=True) == ([], {})
        assert len((await answers_of(client, FilterTags={"dc": "^e"}, RequestAck=True))[0]) == 4

    serve(talk, small(**UPTIME))


def test_an_internal_query_may_not_be_asked_but_for_the_bare_ping() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        refusal = "Queries cannot contain the '_serf_' prefix"
        assert await client.ask("query", {"Name": "_serf_conflict"}) == refusal
        assert await client.ask("query", {"Name": "_serf_ping", "Payload": b""}) == refusal
        acks, _ = await answers_of(client, Name="_serf_ping", Payload=None, RequestAck=True)
        assert len(acks) == 4

    serve(talk)


def test_a_client_may_answer_a_query_once_and_in_time() -> None:
    async def talk(served: Served) -> None:
        asker, answerer = await served.client(), await served.client()
        assert await answerer.ask("stream", {"Type": "query"}) == ""
        asking = asyncio.create_task(answers_of(asker, Name="who", FilterNodes=["node-00"]))
        record = await answerer.record(answerer.seq)
        assert (record["Event"], record["Name"], record["Payload"]) == ("query", "who", None)
        assert await answerer.ask("respond", {"ID": record["ID"], "Payload": b"me"}) == ""
        again = await answerer.ask("respond", {"ID": record["ID"], "Payload": b"me"})
        assert again == "failed to respond to key query: response already sent"
        assert await asking == ([], {"node-00": b"me"})
        expired = "No pending queries matching ID"
        assert await answerer.ask("respond", {"ID": record["ID"], "Payload": b"me"}) == expired
        assert await answerer.ask("respond", {"ID": 99, "Payload": b"me"}) == expired

    serve(talk)


# Membership --------------------------------------------------------------------------------------


def test_tags_are_set_and_taken_away_and_told_to_others() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("tags", {"Tags": {"role": "db"}, "DeleteTags": ["dc", "none"]}) == ""
        assert (await client.ask("stats", has_body=True))[1]["tags"] == {"role": "db"}
        await wait_for_step(served, 2.0)
        assert [tags_at(served, observer, 0) for observer in range(4)] == [{"role": "db"}] * 4

    serve(talk)


def test_a_join_counts_who_answered_and_tells_why_nobody_did() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        some = {"Existing": ["10.0.0.3", "node-01", "10.0.0.99"], "Replay": False}
        assert await client.ask("join", some, True) == ("", {"Num": 2})
        error, body = await client.ask("join", {"Existing": ["10.0.0.99", "10.0.0.4:7946"]}, True)
        assert body == {"Num": 0}
        assert error == (
            "2 errors occurred:\n"
            "\t* Failed to join 10.0.0.99: dial tcp 10.0.0.99:7946: i/o timeout\n"
            "\t* Failed to join 10.0.0.4: dial tcp 10.0.0.4:7946: connect: connection refused\n\n"
        )
        error, _ = await client.ask("join", {"Existing": ["nobody.example"]}, True)
        assert error.startswith("1 error occurred:\n\t* Failed to resolve nobody.example: ")
        assert await client.ask("join", {"Existing": []}, True) == ("", {"Num": 0})

    serve(talk, small(faults=[{"crash": ["node-03"], "at": "0s"}]))


def test_a_join_brings_in_who_did_not_know_the_others() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        await wait_for_step(served, 16.0)
        assert await names(client) == ["node-00"]
        assert await client.ask("join", {"Existing": ["10.0.0.2"], "Replay": True}, True) == ("", {"Num": 1})
        assert await names(client) == ["node-00", "node-01"]
        await wait_for_step(served, 1.0)
        assert int(served.sim.nodes[1].members.count) == 2

    # Its own join meets a blocked network, and is tried again only after 30 s.
    late = {"nodes": 2, "start": {"at": ["-1s", "6s"]}}
    block = [{"block": "all", "nodes": ["node-01"], "at": "0s", "for": "15s"}]
    serve(talk, small(cluster=late, faults=block))


@pytest.mark.parametrize("good_first", [True, False])
def test_two_joins_at_once_answer_each_its_own_client(good_first: bool) -> None:
    async def talk(served: Served) -> None:
        good, bad = await served.client(), await served.client()
        right = good.ask("join", {"Existing": ["10.0.0.2", "10.0.0.3"]}, True)
        wrong = bad.ask("join", {"Existing": ["10.0.0.99"]}, True)
        asked = asyncio.gather(*((right, wrong) if good_first else (wrong, right)))
        found = (await asked)[:: 1 if good_first else -1]
        assert found[0] == ("", {"Num": 2})
        error = "1 error occurred:\n\t* Failed to join 10.0.0.99: dial tcp 10.0.0.99:7946: i/o timeout\n\n"
        assert found[1] == (error, {"Num": 0})

    serve(talk)


def test_joins_removals_and_changed_tags_at_once_all_end() -> None:
    async def talk(served: Served) -> None:
        clients = [await served.client() for _ in range(5)]
        await wait_for_step(served, 15.0)
        found = await asyncio.gather(
            clients[0].ask("tags", {"Tags": {"a": "1"}}),
            clients[1].ask("tags", {"Tags": {"b": "2"}}),
            clients[2].ask("force-leave", {"Node": "node-03"}),
            clients[3].ask("force-leave", {"Node": "ghost"}),
            clients[4].ask("join", {"Existing": ["10.0.0.2"]}, True),
        )
        assert found == ["", "", "", "", ("", {"Num": 1})]
        assert await names(clients[0], Status="left") == ["node-03"]
        await wait_for_step(served, 5.0)
        assert tags_at(served, 1, 0) == {"dc": "east", "a": "1", "b": "2"}

    serve(talk, small(faults=[{"crash": ["node-03"], "at": "0s"}]))


def test_a_forced_leave_makes_a_failed_member_left_and_pruning_forgets_it() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        await wait_for_step(served, 15.0)
        assert await names(client, Status="failed") == ["node-03"]
        assert await client.ask("force-leave", {"Node": "node-03", "Prune": False}) == ""
        assert await names(client, Status="left") == ["node-03"]
        assert await client.ask("force-leave", {"Node": "node-03", "Prune": True}) == ""
        assert await names(client) == ["node-00", "node-01", "node-02"]

    serve(talk, small(faults=[{"crash": ["node-03"], "at": "0s"}]))


def test_a_forced_leave_of_nobody_succeeds() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("force-leave", {"Node": "ghost"}) == ""
        await wait_for_step(served, 40.0)
        assert len(await names(client, Status="alive")) == 4

    serve(talk)


def test_after_a_leave_the_agent_is_gone_and_the_others_know() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("leave") == ""
        assert await client.is_hung_up()
        assert served.agent.has_left
        assert served.sim.nodes[0] is None
        assert int(served.sim.nodes[1].members.status(0)) == 3

    serve(talk)


@pytest.mark.parametrize(
    ("is_intent_told", "error"),
    [(False, "timeout while waiting for graceful leave"), (True, "timeout waiting for leave broadcast")],
)
def test_a_leave_that_cannot_be_told_in_time_says_what_was_not(is_intent_told: bool, error: str) -> None:
    config = {"retransmit_mult": 30, "broadcast_timeout": "1s"}  # ten ticks of gossip take two seconds
    slow = small(cluster={"nodes": 4, "config": config})

    async def talk(served: Served) -> None:
        client = await served.client()
        node = served.sim.nodes[0]
        if is_intent_told:  # for want of anybody alive to Serf, though memberlist knows better
            for other in (1, 2, 3):
                node.members.set(other, STATUS_FAILED, 1)
        assert await client.ask("leave") == error
        assert await client.is_hung_up()

    serve(talk, slow)


def test_without_encryption_every_key_command_fails_at_every_member() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        error, body = await client.ask("list-keys", has_body=True)
        assert error == "4/4 nodes reported failure"
        assert body["Messages"]["node-02"] == "Keyring is empty (encryption not enabled)"
        assert (body["Keys"], body["NumNodes"], body["NumErr"], body["NumResp"]) == ({}, 4, 4, 4)
        for command in ("install-key", "use-key", "remove-key"):
            error, body = await client.ask(command, {"Key": "QUJDREVGR0hJSktMTU5PUA=="}, True)
            assert error == "4/4 nodes reported failure"
            assert body["Messages"]["node-01"] == "No keyring to modify (encryption not enabled)"
            assert body["Keys"] is None
        error, body = await client.ask("install-key", {"Key": "QU!"}, True)
        assert (error, body["NumResp"]) == ("illegal base64 data at input byte 2", 0)

    serve(talk)


def test_keys_are_rotated_and_each_answer_counts() -> None:
    old, new = "QUJDREVGR0hJSktMTU5PUA==", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
    third = {"name": "node-02", "keyring": [old, new]}
    nodes = ["node-00", "node-01", third, "node-03"]

    async def talk(served: Served) -> None:
        client = await served.client()
        _, body = await client.ask("stats", has_body=True)
        assert body["serf"]["encrypted"] == "true"
        error, body = await client.ask("list-keys", has_body=True)
        assert (error, body["Keys"], body["Messages"]) == ("", {old: 4, new: 1}, {})
        error, body = await client.ask("use-key", {"Key": "AQEBAQEBAQEBAQEBAQEBAQ=="}, True)
        assert error == "4/4 nodes reported failure"
        assert set(body["Messages"].values()) == {"Requested key is not in the keyring"}
        error, body = await client.ask("install-key", {"Key": "AQEB"}, True)
        assert set(body["Messages"].values()) == {"key size must be 16, 24 or 32 bytes"}
        for command, key in (("install-key", new), ("use-key", new), ("remove-key", old)):
            error, body = await client.ask(command, {"Key": key}, True)
            assert (error, body["Messages"], body["NumResp"]) == ("", {}, 4)
        error, body = await client.ask("remove-key", {"Key": new}, True)
        assert error == "4/4 nodes reported failure"
        assert set(body["Messages"].values()) == {"Removing the primary key is not allowed"}
        error, body = await client.ask("list-keys", has_body=True)
        assert (body["Keys"], body["NumNodes"]) == ({new: 4}, 4)

    serve(talk, small(cluster={"nodes": nodes, "keyring": [old], "config": {"retransmit_mult": 30}}))


# Streams -----------------------------------------------------------------------------------------


def test_member_events_are_told_once_they_are_coalesced() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("stream", {"Type": "member-failed,member-leave,member-reap"}) == ""
        stream = client.seq
        await wait_for_step(served, 20.0)
        failed = await client.record(stream)
        assert (failed["Event"], [m["Name"] for m in failed["Members"]]) == ("member-failed", ["node-03"])
        assert failed["Members"][0]["Status"] == "failed"
        assert await client.ask("force-leave", {"Node": "node-03", "Prune": True}) == ""
        await wait_for_step(served, 5.0)
        gone = await client.record(stream)
        assert (gone["Event"], gone["Members"][0]["Name"]) == ("member-reap", "node-03")

    serve(talk, small(faults=[{"crash": ["node-03"], "at": "0s"}]))


def test_a_monitor_begins_with_the_last_lines_and_goes_on() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("monitor", {"LogLevel": "info"}) == ""
        monitor = client.seq
        lines = [(await client.record(monitor))["Log"] for _ in range(4)]
        assert lines[0] == "1969/12/31 23:59:54 [INFO] agent: Serf agent starting"
        assert lines[1] == "1969/12/31 23:59:54 [INFO] serf: EventMemberJoin: node-00 10.0.0.1"
        assert all(" [INFO] " in line for line in lines)
        assert await client.ask("monitor", {"LogLevel": "DEBUG"}) == "Monitor already exists"
        assert await client.ask("event", {"Name": "deploy", "Coalesce": False}) == ""
        while "user-event" not in lines[-1]:
            served.server.pace.advance(0.1)  # type: ignore[attr-defined]
            lines.append((await client.record(monitor))["Log"])
        assert lines[-1].endswith("[INFO] agent: Received event: user-event: deploy")
        assert not any("[DEBUG]" in line for line in lines)

    serve(talk)


def test_what_no_stream_may_ask_for_is_refused() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("stream", {"Type": "member-join,weather"}) == "Invalid event filter"
        assert await client.ask("monitor", {"LogLevel": "loud"}) == "Unknown log level: LOUD"
        assert await client.ask("stream", {"Type": ""}) == ""
        client.seq -= 1
        assert await client.ask("stream", {"Type": "user"}) == "Stream with given sequence exists"

    serve(talk)


def test_a_stopped_stream_says_nothing_more() -> None:
    async def talk(served: Served) -> None:
        client = await served.client()
        assert await client.ask("stream", {"Type": "user"}) == ""
        stream = client.seq
        assert await client.ask("stop", {"Stop": stream}) == ""
        assert await client.ask("stop", {"Stop": 12345}) == ""
        assert await client.ask("event", {"Name": "deploy", "Coalesce": False}) == ""
        await wait_for_step(served, 1.0)
        assert await client.ask("members", has_body=True)
        assert client.streamed == []
        assert not served.agent.events

    serve(talk)


@pytest.mark.parametrize("level", ["trace", "DEBUG", "Warn", "ERR"])
def test_levels_are_known_in_any_case(level: str) -> None:
    async def talk(served: Served) -> None:
        assert await (await served.client()).ask("monitor", {"LogLevel": level}) == ""

    serve(talk)
