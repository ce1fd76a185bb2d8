"""A run's capture holds every packet as it would have been on the wire, and nothing of the run changes."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serfsim import Simulation, open_result
from serfsim.base.errors import ResultError
from serfsim.capture.conversation import Side
from serfsim.capture.packets import EPOCH_NS, KEY
from serfsim.cli.app import app
from serfsim.network.tcp_transfer import Transfer
from serfsim.protocol.directory import Directory
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.wire.cipher import open_stream
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.envelope import without_label
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.streams import decode_stream, unwrap_stream
from serfsim.scenario.addresses import default_text as address_of
from serfsim.scenario.model import Scenario
from serfsim.wire_crypto import Keyring
from tests.capture.conftest import BUSY, KEYS, LABEL, Run, captured
from tests.capture.reading import ACK, FIN, PSH, RST, SYN, Connection, connections, read


def hosts(run: Run) -> set[bytes]:
    count = len(run.simulation.roster.members)
    return {bytes(int(part) for part in address_of(i).split(".")) for i in range(count)}


# Everything --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["busy", "plain", "sealed"])
def test_every_packet_that_was_counted_is_captured(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    assert len(run.captured.datagrams) == run.datagrams()[0] > 100
    assert len(run.captured.segments) == run.segments()[0] > 20
    ends = {part.source for part in run.captured.datagrams} | {part.target for part in run.captured.segments}
    assert {address for address, _ in ends} <= hosts(run)
    assert {part.target[1] for part in run.captured.datagrams} == {7946}


def test_times_rise_and_are_the_scenarios_clock(busy: Run) -> None:
    times = busy.captured.times
    assert times == sorted(times)
    assert EPOCH_NS - 8 * 10**9 <= times[0] < EPOCH_NS - 7 * 10**9
    assert EPOCH_NS + 24 * 10**9 < times[-1] < EPOCH_NS + 25 * 10**9


def test_a_capture_changes_nothing_of_a_run(busy: Run) -> None:
    without = Simulation(Scenario(**BUSY)).run(lambda fraction: None)
    assert without.capture is None
    assert without.summary["digest"] == busy.result.summary["digest"]


def test_a_run_is_captured_to_the_same_bytes_twice(plain: Run, tmp_path: Path) -> None:
    again = Simulation(plain.simulation.scenario, capture=tmp_path / "again").run(lambda fraction: None)
    assert again.capture is not None
    assert again.capture.path.read_bytes() == plain.path.read_bytes()


# Datagrams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "keyed"])
def test_uncompressed_datagrams_are_as_long_as_they_were_counted(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(name)
    assert sum(part.length for part in run.captured.datagrams) == run.datagrams()[1]


@pytest.mark.parametrize("name", ["busy", "sealed"])
def test_compressed_datagrams_are_about_as_long_as_they_were_reckoned(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(name)
    captured = sum(part.length for part in run.captured.datagrams)
    assert captured == pytest.approx(run.datagrams()[1], rel=0.015)


def test_long_datagrams_are_fragmented(busy: Run) -> None:
    assert busy.captured.fragments > 10
    assert max(len(part.payload) for part in busy.captured.datagrams) > 200


@pytest.mark.parametrize("name", ["busy", "plain", "sealed"])
def test_every_datagram_is_read_to_the_end(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    cipher = Keyring([KEY]) if name == "sealed" else None
    directory = Directory()
    kinds = set()
    for part in run.captured.datagrams:
        found = DatagramReader(directory, cipher).read(part.payload)
        assert found.troubles == []
        (packet,) = found.packets
        kinds.add(packet.kind)
        if packet.kind == m.PING:
            source = found.sources[0]
            assert source is not None
            assert directory.address_bytes(source.address, 4) == part.source[0]
        kinds.update(message.kind for message in packet.broadcasts or [])
    expected = {m.PING, m.ACK, m.GOSSIP, m.ALIVE, m.USER}
    if name == "busy":
        expected |= {m.INDIRECT_PING, m.NACK, m.SUSPECT, m.DEAD}
    assert kinds == expected
    assert set(directory.names) == {member.name for member in run.simulation.roster.members}


# Streams -----------------------------------------------------------------------------------------


def test_connections_begin_with_a_handshake_and_end_with_fins(plain: Run) -> None:
    for talk in connections(plain.captured):
        flags = [part.flags for part in talk.segments]
        assert flags[:4] == [SYN, SYN | ACK, ACK, PSH | ACK]
        assert flags.count(FIN | ACK) == 2
        assert flags[-1] == ACK
        last = talk.segments[-1]
        assert last.acknowledged == talk.segments[-2].sequence + 1


def test_numbers_acknowledgements_and_stamps_are_those_of_a_tcp(busy: Run) -> None:
    for talk in connections(busy.captured):
        highest: dict[object, int] = {}
        told: dict[object, int] = {}
        stamps: dict[object, int] = {talk.client: 0, talk.server: 0}
        for part in talk.segments:
            if not part.flags & RST:
                length = len(part.payload) + bool(part.flags & (SYN | FIN))
                end = part.sequence + length
                highest[part.source] = max(highest.get(part.source, 0), end)
                assert part.flags & SYN or part.sequence <= highest[part.source]
            if part.flags & ACK:
                assert part.acknowledged <= highest[part.target]
                assert part.acknowledged >= told.get(part.source, 0)
                told[part.source] = part.acknowledged
                assert all(part.acknowledged < start < end for start, end in part.blocks)
            assert part.stamps[1] <= stamps[part.target]
            stamps[part.source] = part.stamps[0]


def test_what_was_lost_was_sent_again(busy: Run) -> None:
    sent = [(part.source, part.sequence) for part in busy.captured.segments if part.payload]
    assert len(sent) > len(set(sent)) + 5
    assert any(part.blocks for part in busy.captured.segments)


def test_a_closed_port_answers_with_a_reset(busy: Run) -> None:
    resets = [part for part in busy.captured.segments if part.flags & RST]
    assert resets
    down = bytes([10, 0, 0, 4])
    refused = [part for part in resets if part.source[0] == down and part.sequence == 0]
    syns = {(part.source, part.sequence + 1) for part in busy.captured.segments if part.flags == SYN}
    assert all((part.target, part.acknowledged) in syns for part in refused)


def whole_streams(run: Run) -> list[tuple[Connection, bytes, bytes]]:
    """Connections on which both sides closed in peace, with what each said."""
    found = []
    for talk in connections(run.captured):
        fins = {part.source for part in talk.segments if part.flags & FIN}
        if fins == {talk.client, talk.server} and not any(part.flags & RST for part in talk.segments):
            found.append((talk, talk.stream(talk.client), talk.stream(talk.server)))
    return found


@pytest.mark.parametrize("name", ["busy", "plain", "sealed"])
def test_every_stream_is_put_together_and_read(name: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    cipher = Keyring([KEY]) if name == "sealed" else None
    directory = Directory()
    kinds = []
    for _, request_bytes, answer_bytes in whole_streams(run):
        asked = decode_stream(unwrap_stream(request_bytes, cipher), directory)
        kinds.append(asked.kind)
        if answer_bytes:
            answer = decode_stream(unwrap_stream(answer_bytes, cipher), directory)
            assert answer.kind == (m.PUSH_PULL if isinstance(asked, PushPull) else m.ACK)
    assert m.PUSH_PULL in kinds
    assert (m.PING in kinds) == (name == "busy")


@pytest.mark.parametrize("name", ["busy", "plain"])
def test_segments_without_data_are_as_long_as_they_were_counted(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(name)
    for part in run.captured.segments:
        if not part.payload and not part.blocks:
            assert part.length == (60 if part.flags & SYN else 52)


@pytest.mark.parametrize("name", ["plain", "keyed"])
def test_uncompressed_streams_are_as_long_as_they_were_counted(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(name)
    assert sum(part.length for part in run.captured.segments) == run.segments()[1]


def test_the_keys_of_the_scenario_decrypt_every_datagram_and_stream(keyed: Run) -> None:
    ring, label = Keyring(KEYS), LABEL.encode()
    directory = Directory()
    primaries = set()
    for part in keyed.captured.datagrams:
        assert DatagramReader(directory, ring, label).read(part.payload).troubles == []
        primaries |= {key for key in KEYS if can_open(Keyring([key]), part.payload, label)}
    assert primaries == set(KEYS)
    read = 0
    for _, asked, answer in whole_streams(keyed):
        assert decode_stream(unwrap_stream(asked, ring, label), directory).kind == m.PUSH_PULL
        plain = open_stream(ring, label, answer, True)  # without a label in front
        assert decode_stream(plain, directory).kind == m.PUSH_PULL
        read += 1
    assert read >= 3


def can_open(ring: Keyring, data: bytes, label: bytes) -> bool:
    try:
        ring.open(without_label(label, data), label)
    except WireError:
        return False
    return True


@pytest.mark.parametrize(
    ("reckoned", "real", "pieces"),
    [(250, 240, [100, 100, 40]), (250, 310, [104, 104, 102]), (201, 190, [64, 64, 62]), (1, 4, [4])],
)
def test_a_message_of_another_length_than_reckoned_is_cut_into_as_many_pieces(
    reckoned: int, real: int, pieces: list[int]
) -> None:
    side = Side(bytes(4), 7946, 0)
    side.write(bytes(i % 256 for i in range(real)), Transfer(reckoned, 100, 0.1, 0.2))
    spans = [side.span(segment) for segment in range(side.segments)]
    assert [end - start for start, end in spans] == pieces
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == real


def test_a_datagram_from_outside_is_captured_lost_or_not(tmp_path: Path) -> None:
    forge = {"forge": {"dead": "node-02"}, "from": "198.51.100.7", "to": ["node-01"], "at": "1s"}
    for kind, faults in {"passes": [forge], "lost": [{"block": "all", "nodes": ["node-01"]}, forge]}.items():
        (tmp_path / kind).mkdir()
        run = captured(tmp_path / kind, duration="2s", warm_up="1s", cluster={"nodes": 3}, faults=faults)
        outside = bytes((198, 51, 100, 7))
        (found,) = [part for part in run.captured.datagrams if part.source[0] == outside]
        assert (found.source[1], found.target) == (7946, (bytes((10, 0, 0, 2)), 7946))
        (message,) = DatagramReader(Directory()).read(found.payload).packets[0].broadcasts or ()
        assert message.kind == m.DEAD


# The file ----------------------------------------------------------------------------------------


def small(**record: str) -> Scenario:
    return Scenario(duration="2s", warm_up="1s", cluster={"nodes": 3}, record=record)


def test_a_result_folder_has_the_capture_and_gives_it_on(tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    simulation = Simulation(small(packets="pcap"), capture=unfinished)
    result = simulation.run(lambda fraction: None)
    assert unfinished.is_file()
    result.save(tmp_path / "first", figures=False)
    assert not unfinished.exists()
    first = (tmp_path / "first" / "capture.pcap").read_bytes()
    assert len(first) > 1000
    result.save(tmp_path / "second", figures=False)
    result.save(tmp_path / "second", figures=False)
    assert (tmp_path / "first" / "capture.pcap").read_bytes() == first
    assert (tmp_path / "second" / "capture.pcap").read_bytes() == first
    open_result(tmp_path / "first").save(tmp_path / "third", figures=False)
    assert (tmp_path / "third" / "capture.pcap").read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second", "third"]


def test_a_capture_that_nobody_keeps_leaves_nothing_behind(tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    result = Simulation(small(packets="pcap"), capture=unfinished).run(lambda fraction: None)
    assert unfinished.is_file()
    del result
    gc.collect()
    assert not unfinished.exists()


def test_without_the_wish_there_is_no_capture(tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    result = Simulation(small(), capture=unfinished).run(lambda fraction: None)
    result.save(tmp_path / "result", figures=False)
    assert not unfinished.exists()
    assert not (tmp_path / "result" / "capture.pcap").exists()


def test_an_interrupted_run_keeps_what_was_captured_before(tmp_path: Path) -> None:
    def press(fraction: float) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    scenario = small(packets="pcap").with_settings({"duration": "20s"})
    result = Simulation(scenario, capture=tmp_path / "unfinished").run(press)
    result.save(tmp_path / "result", figures=False)
    end = result.summary["interrupted_at_s"]
    captured = read(tmp_path / "result" / "capture.pcap")
    assert len(captured.datagrams) > 5
    assert captured.times[-1] <= EPOCH_NS + end * 1e9


def test_the_command_line_puts_the_capture_into_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seen.yaml").write_text(
        "name: seen\nduration: 2s\nwarm_up: 1s\ncluster: {nodes: 3}\nrecord: {packets: pcap}\n"
    )
    done = CliRunner().invoke(app, ["run", "seen.yaml", "--quiet"])
    assert done.exit_code == 0
    assert len(read(tmp_path / "results" / "seen" / "capture.pcap").datagrams) > 5
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["seen"]


def test_a_capture_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"unfinished: cannot be written: "):
        Simulation(small(packets="pcap"), capture=tmp_path / "file" / "unfinished")
