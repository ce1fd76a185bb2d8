"""The snapshot file, and coming back with it (spec serf.md section 14)."""

from __future__ import annotations

import pytest

from serfsim.protocol import events
from serfsim.protocol.directory import Directory, ipv4_endpoint
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.runtime import DIAL_REFUSED, REPLIED
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.serf.core import LamportClock
from serfsim.protocol.serf.members import SerfMembers
from serfsim.protocol.serf.query_messages import Query
from serfsim.protocol.serf.snapshot import Snapshot, SnapshotFile, address_of
from tests.serf.harness import SerfHand


def file_of(*lines: str, end: str = "\n") -> SnapshotFile:
    file = SnapshotFile()
    file.content = "\n".join(lines).encode() + end.encode()
    return file


class CountingSnapshot(Snapshot):
    """Counts the lines that make no sense."""

    unreadable = 0

    def replay_line(self, line: str) -> bool:
        makes_sense = super().replay_line(line)
        self.unreadable += not makes_sense
        return makes_sense


def snapshot_of(
    file: SnapshotFile, *, rejoin: bool = False, names: int = 4, least: int = 131072
) -> CountingSnapshot:
    directory = Directory()
    for i in range(names):
        directory.add(f"n{i}", i)
    clock = LamportClock()
    clock.increment()
    return CountingSnapshot(file, rejoin, clock, SerfMembers(directory), least)


def lines(file: SnapshotFile) -> list[str]:
    return file.content.decode().splitlines()


# Replay --------------------------------------------------------------------------------------------


def test_replay_tells_who_was_alive_and_the_last_times() -> None:
    file = file_of(
        "alive: n1 10.0.0.2:7946",
        "alive: n2 10.0.0.3:7946",
        "clock: 5",
        "event-clock: 7",
        "not-alive: n1",
        "query-clock: 9",
        "clock: 6",
        "alive: with space 10.0.0.4:7946",
    )
    snapshot = snapshot_of(file)
    assert snapshot.alive == {"n2": "10.0.0.3:7946", "with space": "10.0.0.4:7946"}
    assert (snapshot.last_clock, snapshot.last_event_clock, snapshot.last_query_clock) == (6, 7, 9)
    assert snapshot.unreadable == 0


def test_a_leave_empties_everything_unless_the_node_means_to_rejoin() -> None:
    content = ("alive: n1 10.0.0.2:7946", "clock: 5", "leave")
    assert (snapshot_of(file_of(*content)).alive, snapshot_of(file_of(*content)).last_clock) == ({}, 0)
    kept = snapshot_of(file_of(*content), rejoin=True)
    assert (list(kept.alive), kept.last_clock) == (["n1"], 5)


def test_old_lines_and_remarks_are_skipped_and_nonsense_counted() -> None:
    snapshot = snapshot_of(
        file_of("# made by hand", "coordinate: {}", "clock: x", "event-clock: -1", "alive: nobody", "what?")
    )
    assert (snapshot.alive, snapshot.last_clock, snapshot.unreadable) == ({}, 0, 4)


@pytest.mark.parametrize("number", ["9" * 30, str(1 << 62), "\u00b2", "\u0663", "-1", "", "1" * 5000])
def test_a_time_that_no_clock_has_is_skipped(number: str) -> None:
    given = file_of("clock: 7", f"clock: {number}", f"event-clock: {number}", f"query-clock: {number}")
    snapshot = snapshot_of(given)
    assert (snapshot.last_clock, snapshot.last_event_clock, snapshot.last_query_clock) == (7, 0, 0)


def test_a_line_that_was_cut_off_counts_for_nothing() -> None:
    assert snapshot_of(file_of("clock: 5", "clock: 61", end="")).last_clock == 5
    assert snapshot_of(file_of("", end="")).unreadable == 0


@pytest.mark.parametrize("address", [0, 1, 255, 256, 70000])
def test_addresses_are_read_as_they_are_written(address: int) -> None:
    assert address_of(ipv4_endpoint(address, 7946)) == address


@pytest.mark.parametrize("text", ["", "n1:7946", "10.0.0:7946", "10.0.0.256:7946", "[::1]:7946"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) == -1


# Recording -----------------------------------------------------------------------------------------


def test_joins_departures_and_times_become_lines() -> None:
    file = SnapshotFile()
    snapshot = snapshot_of(file)
    snapshot.member_event(events.JOIN, 1, 1.0)
    snapshot.clock.witness(4)
    snapshot.member_event(events.FAILED, 1, 2.0)
    snapshot.member_event(events.UPDATE, 2, 3.0)
    snapshot.member_event(events.LEFT_FORCED, 2, 4.0)
    snapshot.user_event(3, 5.0)
    snapshot.user_event(3, 6.0)
    snapshot.query(8, 7.0)
    snapshot.query(2, 8.0)
    snapshot.shut_down(9.0)
    assert lines(file) == [
        "alive: n1 10.0.0.2:7946",
        "not-alive: n1",
        "clock: 4",
        "not-alive: n2",
        "event-clock: 3",
        "query-clock: 8",
    ]


def test_after_a_leave_only_the_clock_is_kept() -> None:
    file = SnapshotFile()
    snapshot = snapshot_of(file)
    snapshot.member_event(events.JOIN, 1, 1.0)
    snapshot.leave(2.0)
    snapshot.member_event(events.LEFT, 1, 3.0)
    snapshot.user_event(9, 3.0)
    snapshot.query(9, 3.0)
    snapshot.clock.witness(6)
    snapshot.update_clock(4.0)
    assert lines(file) == ["alive: n1 10.0.0.2:7946", "leave", "clock: 6"]
    assert snapshot.alive == {}
    assert list(snapshot_of(file_of("alive: n1 a", end="\n"), rejoin=True).alive) == ["n1"]


def test_lines_wait_for_half_a_second_and_a_killed_process_loses_them() -> None:
    file = SnapshotFile()
    snapshot = snapshot_of(file)
    snapshot.member_event(events.JOIN, 1, 1.0)
    assert len(lines(file)) == 1, "the first is written at once"
    snapshot.member_event(events.JOIN, 2, 1.3)
    snapshot.member_event(events.JOIN, 3, 1.5)
    assert len(lines(file)) == 1
    snapshot.member_event(events.FAILED, 3, 1.51)
    assert len(lines(file)) == 4
    snapshot.member_event(events.JOIN, 3, 1.6)
    assert snapshot_of(file).previous() == ["n1", "n2"], "what waits dies with the process"


def test_a_full_buffer_is_written_at_once_and_may_end_in_half_a_line() -> None:
    file = SnapshotFile()
    snapshot = snapshot_of(file)
    for _ in range(200):
        snapshot.member_event(events.JOIN, 1, 1.0)
    first = len("alive: n1 10.0.0.2:7946\n")
    assert len(file.content) == first + 4096
    assert not file.content.endswith(b"\n")
    assert snapshot_of(file).unreadable == 0


def test_a_file_that_has_grown_too_long_is_written_anew() -> None:
    file = SnapshotFile()
    snapshot = snapshot_of(file, least=300)
    snapshot.user_event(3, 0.0)
    for at in range(100):
        snapshot.member_event(events.JOIN, 1 + at % 3, float(at))
    # Three members alive: the limit is 2 * 128 * 3 bytes.
    assert snapshot.largest_size() == 768
    assert len(file.content) <= 768 + 24
    replayed = snapshot_of(file)
    assert sorted(replayed.previous()) == ["n1", "n2", "n3"]
    assert replayed.last_event_clock == 3
    assert "query-clock: 0" in lines(file)


class FailingFile(SnapshotFile):
    """A disk that is full for a while."""

    fails = False
    replaced = 0

    def append(self, data: bytes) -> bool:
        return not self.fails and super().append(data)

    def replace(self, data: bytes) -> bool:
        self.replaced += 1
        return not self.fails and super().replace(data)


def test_after_a_failed_write_the_file_is_written_anew_at_most_every_half_minute() -> None:
    file = FailingFile()
    snapshot = snapshot_of(file)
    snapshot.member_event(events.JOIN, 1, 0.0)
    file.fails = True
    for at in range(1, 31):
        snapshot.member_event(events.JOIN, 2, float(at))
    assert file.replaced == 1
    file.fails = False
    snapshot.member_event(events.JOIN, 3, 31.0)
    assert file.replaced == 1, "half a minute is not over"
    snapshot.member_event(events.FAILED, 1, 31.5)
    assert file.replaced == 2
    assert snapshot_of(file).previous() == ["n2", "n3"]


# Coming back ---------------------------------------------------------------------------------------


def restarted(file: SnapshotFile, **options: object) -> SerfHand:
    config = MemberlistConfig()
    config.push_pull_interval = 0.0
    hand = SerfHand(knowing=0, file=file, memberlist_config=config, **options)  # type: ignore[arg-type]
    hand.runtime.timers.clear()
    return hand


def alive(*names: str) -> SnapshotFile:
    """The file of a node that knew these members: me at 10.0.0.1, and so on."""
    return file_of(*[f"alive: {name} 10.0.0.{i}:7946" for i, name in enumerate(names, start=1)])


def test_a_life_is_recorded_and_the_next_begins_where_it_ended() -> None:
    file = SnapshotFile()
    first = SerfHand(knowing=2, file=file)
    first.event_heard("deploy", ltime=20)
    first.query_heard(Query(first.directory.first[1], 30, 5, "uptime", b"", [], 0, 0, 5.0))
    first.join_intent("p", 40)
    first.run(1.0)
    first.node.shut_down(1.0)
    assert snapshot_of(file).previous() == ["me", "p", "q"]
    second = restarted(file)
    assert second.clock == 41
    assert (second.node.user_events.clock.time(), second.node.queries.clock.time()) == (21, 31)
    assert not second.event_heard("deploy", ltime=20)
    assert second.event_heard("deploy", ltime=21)
    assert not second.query_heard(Query(second.directory.first[1], 30, 6, "uptime", b"", [], 0, 0, 5.0))


def test_the_members_of_the_snapshot_are_tried_one_by_one_until_one_answers() -> None:
    hand, other = restarted(alive("me", "p", "q", "r")), SerfHand(knowing=4)
    (stream,) = hand.streams
    hand.node.on_stream_result(stream.token, DIAL_REFUSED, None, 0.1)
    assert len(hand.streams) == 2
    reply = other.node.on_stream_request(hand.streams[1].request, 0, 0.2)
    assert isinstance(reply, PushPull)
    hand.node.on_stream_result(hand.streams[1].token, REPLIED, reply, 0.3)
    assert len(hand.streams) == 2
    assert len({stream.address for stream in hand.streams} - {1, 2, 3}) == 0
    assert hand.queued() == [], "only a push/pull, no join intent"
    assert hand.status("s") == "alive"


def test_the_order_of_the_tries_is_random() -> None:
    file = alive("me", "p", "q", "r", "s")
    firsts = {restarted(file, seed=seed).streams[0].address for seed in range(40)}
    assert firsts == {1, 2, 3, 4}


def test_nobody_to_be_found_is_reported() -> None:
    hand = restarted(file_of("alive: p 10.0.0.2:7946"))
    hand.node.on_stream_result(hand.streams[0].token, DIAL_REFUSED, None, 0.1)
    assert hand.reported(events.REJOIN_FAILED) == [0]
    assert len(hand.streams) == 1


def test_a_new_file_has_nobody_to_join_and_unwanted_times_below_one() -> None:
    hand = restarted(SnapshotFile())
    assert hand.streams == []
    assert (hand.node.user_events.min_time, hand.node.queries.min_time) == (1, 1)


@pytest.mark.parametrize("rejoins", [False, True])
def test_who_has_left_rejoins_only_if_it_is_set_to(rejoins: bool) -> None:
    file = SnapshotFile()
    config = SerfConfig()
    config.rejoin_after_leave = rejoins
    hand = SerfHand(knowing=4, file=file, config=config)
    hand.node.leave(0.0)
    hand.run(5.0)
    hand.node.shut_down(5.0)
    again = restarted(file, config=config)
    assert bool(again.streams) == rejoins


def test_the_clock_is_written_down_every_half_second() -> None:
    file = SnapshotFile()
    hand = SerfHand(knowing=0, file=file)
    hand.run(1.0)
    hand.node.intents.clock.witness(40)
    hand.run(1.6)
    assert lines(file)[-1] == "clock: 40"
