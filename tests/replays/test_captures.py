"""Captures as a replay: a run's against its own packets, real agents' against their logs, broken files."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serfsim import Result, SerfsimError
from serfsim.capture.pcap import FORMATS
from serfsim.cli.app import app
from serfsim.protocol.events import FAILED, NAMES, SUSPICION_TIMEOUT, TCP_FALLBACK_OK
from serfsim.replays import Capture, read_capture, replay_capture
from tests.capture.reading import ip_packets
from tests.replays.conftest import recorded
from tests.replays.test_page import unpacked

REAL = Path(__file__).parents[1] / "capture" / "real.pcapng"
REAL_PORTS = frozenset((27946, 27947, 27948))
KEY = b"k" * 32


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """A run with losses, a UDP block and a crash, with its packets in a table and in a capture."""
    result = recorded(duration="30s", record={"replay": True, "packets": "pcap"})
    folder = result.save(tmp_path_factory.mktemp("captured") / "run", figures=False)
    return result, folder


@pytest.fixture(scope="module")
def capture(run: tuple[Result, Path]) -> Capture:
    return read_capture([run[1] / "capture.pcap"])


def test_the_capture_of_a_run_has_its_packets_by_kind_and_pair(
    run: tuple[Result, Path], capture: Capture
) -> None:
    table = run[0].table("packets")
    segments = table.segment.astype(object).fillna("")
    own = Counter(zip(table.kind, segments, table.source, table.target, strict=True))
    named = capture.members
    found = Counter((row.kind, row.segment, named[row.source], named[row.target]) for row in capture.packets)
    assert found == own
    assert {"ping", "indirect_ping", "ack", "nack", "gossip", "tcp_fallback", "push_pull"} <= {
        row.kind for row in capture.packets
    }


def test_the_packets_of_a_capture_are_joined_into_the_probes_of_the_run(
    run: tuple[Result, Path], capture: Capture
) -> None:
    table = run[0].table("packets")
    probes = table[table.probe.notna()]
    sizes = Counter(probes.groupby("probe").size())
    found = Counter(Counter(row.probe for row in capture.packets if row.probe).values())
    assert (found & sizes).total() >= 0.95 * sizes.total() > 100


def test_the_events_of_a_capture_are_those_of_the_run(run: tuple[Result, Path], capture: Capture) -> None:
    events = run[0].member_events
    for kind in (FAILED, TCP_FALLBACK_OK, SUSPICION_TIMEOUT):
        of_kind = events[events.kind == NAMES[kind]]
        own = Counter(zip(of_kind.observer, of_kind.subject, strict=True))
        names = capture.members
        found = Counter((names[a], names[b]) for _, a, b, what, _ in capture.events if what == kind)
        if kind == TCP_FALLBACK_OK:
            # A relayed ack that is lost behind the sniffer looks as if it had arrived.
            assert found <= own
            assert found.total() > 0.7 * own.total()
        else:
            assert found == own
        assert found


def test_a_capture_of_real_agents_tells_what_they_logged(tmp_path: Path) -> None:
    found = read_capture([REAL], ports=REAL_PORTS)
    assert found.members[:3] == ["web-1", "web-2", "web-3"]
    told = [
        (NAMES[kind], found.members[a], found.members[b])
        for _, a, b, kind, _ in found.events
        if kind in (FAILED, SUSPICION_TIMEOUT)
    ]
    assert sorted(told) == [
        ("failed", "web-1", "web-3"),
        ("failed", "web-2", "web-3"),
        ("suspicion_timeout", "web-1", "web-3"),
    ]
    assert found.counts()["probes that asked helpers"] == 6
    assert found.begins_with_start
    page = replay_capture(found, tmp_path / "page.html")
    [(heading, tables)] = unpacked(page.read_text(encoding="utf-8"))
    assert heading["observers"] == found.observers
    assert len(tables["packets"]) == len(found.packets) > 100


# Formats -----------------------------------------------------------------------------------------


def ethernet(packet: bytes) -> bytes:
    return bytes(12) + b"\x81\x00\x00\x07\x08\x00" + packet


def cooked(packet: bytes) -> bytes:
    return bytes(14) + b"\x08\x00" + packet


def cooked_2(packet: bytes) -> bytes:
    return b"\x08\x00" + bytes(18) + packet


LINKS = {1: ethernet, 113: cooked, 276: cooked_2, 0: lambda packet: b"\2\0\0\0" + packet}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(("order", "magic", "unit"), [("<", 0xA1B2C3D4, 1000), (">", 0xA1B23C4D, 1)])
def test_every_link_layer_order_and_precision_gives_the_same_packets(
    run: tuple[Result, Path], tmp_path: Path, link: int, order: str, magic: int, unit: int
) -> None:
    path = tmp_path / "other.pcap"
    with path.open("wb") as stream:
        stream.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link))
        for packet, raw in zip(ip_packets(run[1] / "capture.pcap"), raw_packets(run[1]), strict=True):
            data = LINKS[link](raw)
            seconds, ns = divmod(packet.ns, 10**9)
            stream.write(struct.pack(order + "IIII", seconds, ns // unit, len(data), len(data)) + data)
            if seconds > 1_577_836_800 + 3:
                break
    whole = read_capture([run[1] / "capture.pcap"])
    part = read_capture([path])
    assert [row[2:6] for row in part.packets if row.kind != "push_pull"][:200] == [
        row[2:6] for row in whole.packets if row.kind != "push_pull"
    ][:200]


def raw_packets(folder: Path) -> list[bytes]:
    data, at, found = (folder / "capture.pcap").read_bytes(), 24, []
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16 : at + 16 + size])
        at += 16 + size
    return found


def as_ipv6(raw: bytes) -> bytes:
    """Return a packet of IPv4 as one of IPv6, with options behind its header."""
    header = (raw[0] & 15) * 4
    body = raw[header : struct.unpack_from(">H", raw, 2)[0]]
    options = bytes([raw[9], 0, 1, 4, 0, 0, 0, 0])
    ends = b"".join(b"\xfd" + bytes(11) + raw[at : at + 4] for at in (12, 16))
    return struct.pack(">IHBB", 6 << 28, len(options) + len(body), 0, 64) + ends + options + body


def test_a_capture_of_ipv6_has_the_packets_of_one_of_ipv4(
    run: tuple[Result, Path], capture: Capture, tmp_path: Path
) -> None:
    path = tmp_path / "six.pcap"
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101))
        for packet, raw in zip(ip_packets(run[1] / "capture.pcap"), raw_packets(run[1]), strict=True):
            data = as_ipv6(raw)
            stream.write(struct.pack("<IIII", *divmod(packet.ns, 10**9), len(data), len(data)) + data)
    found = read_capture([path])
    assert found.members == capture.members
    assert [(row.kind, row.source, row.target) for row in found.packets] == [
        (row.kind, row.source, row.target) for row in capture.packets
    ]


def test_both_formats_of_a_run_and_two_ends_of_a_path_give_the_packets_once(
    run: tuple[Result, Path], capture: Capture, tmp_path: Path
) -> None:
    with_names = FORMATS["pcapng"](tmp_path / "again.pcapng")
    for packet, raw in zip(ip_packets(run[1] / "capture.pcap"), raw_packets(run[1]), strict=True):
        with_names.write(packet.ns + 2_000_000, raw)
    with_names.close()
    kept = (tmp_path / "again.pcapng").read_bytes()
    (tmp_path / "kept.pcapng").write_bytes(kept)
    both = read_capture([run[1] / "capture.pcap", tmp_path / "kept.pcapng"])
    assert len(both.packets) == len(capture.packets)
    assert {round(row.flight or 0.0, 6) for row in both.packets} == {0.002}


def test_keys_and_labels_are_taken_off(tmp_path: Path) -> None:
    cluster = {"nodes": 4, "keyring": [b64encode(KEY).decode()], "label": "east", "version": "latest"}
    result = recorded(
        duration="6s", warm_up="3s", cluster=cluster, network={}, faults=[], record={"packets": "pcap"}
    )
    path = result.save(tmp_path / "sealed", figures=False) / "capture.pcap"
    found = read_capture([path], [KEY])
    assert found.warnings == []
    assert found.members == [f"node-0{number}" for number in range(4)]
    for keys, message in (
        ([], "look encrypted, and no key; expected"),
        ([b"x" * 16], "none of the keys opens"),
    ):
        with pytest.raises(SerfsimError, match=message):
            read_capture([path], keys)


def test_a_cut_capture_is_read_with_a_warning(run: tuple[Result, Path], tmp_path: Path) -> None:
    for path in (run[1] / "capture.pcap", REAL):
        cut = tmp_path / path.name
        cut.write_bytes(path.read_bytes()[:-7])
        ports = REAL_PORTS if path == REAL else frozenset((7946,))
        assert [warning.rpartition(": ")[2] for warning in read_capture([cut], ports=ports).warnings] == [
            "ends within a packet, which is left out"
        ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found an empty file; expected a capture"),
        (b"2026/11/30 12:00:00 [INFO] serf", "expected a capture in the format pcap or pcapng"),
        (
            struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101),
            "found nothing on port 7946 but no UDP",
        ),
        (struct.pack("<IHHiIII4I", 0xA1B2C3D4, 2, 4, 0, 0, 9, 101, 1, 1, 1 << 31, 9), "broken at byte 24"),
        (b"\n\r\r\n\x05\0\0\0" + bytes(20), "broken at byte 0: found a block of"),
        (
            struct.pack("<IHHiIII4I", 0xA1B2C3D4, 2, 4, 0, 0, 9, 147, 1, 1, 1, 1) + b"x",
            "found link type 147; expected one of",
        ),
    ],
)
def test_what_is_no_capture_is_said_in_one_message(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(data)
    done = CliRunner().invoke(app, ["replay", "--pcap", str(path), "--out", str(tmp_path / "page.html")])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--log", "a.log"], "found --log and --pcap; expected either"),
        (["--key", "short"], "--key: found no key in base64"),
        ([], "found nothing on port 7946 but UDP on 27946"),
        (["--with", "other"], "--with: found a result beside --pcap"),
    ],
)
def test_options_that_do_not_fit_a_capture_are_said(options: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["replay", "--pcap", str(REAL), *options])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
