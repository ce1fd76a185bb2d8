"""All that serfsim reads of what others wrote, each with real inputs to change."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

import serfsim
from serfsim import open_result
from serfsim.base.errors import SerfsimError
from serfsim.live.rpc.messages import NOTHING, BadBody, BadFrame, Frames, Header, encode
from serfsim.logs.recognition import recognise
from serfsim.protocol.directory import Directory
from serfsim.protocol.serf.core import LamportClock
from serfsim.protocol.serf.members import SerfMembers
from serfsim.protocol.serf.snapshot import Snapshot, SnapshotFile
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.lzw import compress
from serfsim.protocol.wire.lzw_decoder import decompress
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.streams import decode_stream, unwrap_stream
from serfsim.scenario import Scenario, load
from serfsim.scenario.member_lists import read_member_list
from serfsim.study.sweeps.folder import open_sweep
from serfsim.topology.graph import load_graph
from serfsim.topology.matrix import load_matrix
from serfsim.wire_crypto import Keyring
from tests.hostile.fuzzing import Read, Target
from tests.vectors_of import vectors

ROOT = Path(__file__).resolve().parents[2]
INPUTS = Path(__file__).parent / "inputs"
RING = Keyring([b"0123456789abcdef0123456789abcdef"])
LARGEST_UNPACKED = 1 << 20
SPLIT = b"\0:"  # between the ending of a data file's name and its content


def refusal_of(read: Callable[[], object]) -> str:
    """Return the words of the project's own error, or ""."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read()
    except SerfsimError as error:
        return str(error) or "refused"
    return ""


# Scenarios -----------------------------------------------------------------------------------------


LARGE = "hundred_thousand"  # which takes seconds to read


def scenario_corpus() -> list[bytes]:
    shipped = sorted(file for file in (ROOT / "scenarios").rglob("*.yaml") if file.stem != LARGE)
    return [file.read_bytes() for file in sorted(INPUTS.glob("*.yaml")) + shipped]


def read_scenario(scratch: Path) -> Read:
    file = scratch / "scenario.yaml"

    def read(data: bytes) -> str:
        file.write_bytes(data)
        return refusal_of(lambda: load(file))

    return read


# Data files ----------------------------------------------------------------------------------------


def with_ending(content: bytes, ending: str) -> bytes:
    return ending.encode() + SPLIT + content


def matrix_corpus() -> list[bytes]:
    square = np.array([[0.0, 5.0, 9.5], [5.0, 0.0, 4.25], [9.5, 4.25, 0.0]])
    single, packed = io.BytesIO(), io.BytesIO()
    np.save(single, square)
    np.savez_compressed(packed, rtt_ms=square, names=np.array(["a", "b", "c"]))
    table = "\n".join([",a,b,c", "a,0,5,9.5", "b,5,0,4.25", "c,9.5,4.25,0"]).encode()
    pairs = b"from,to,rtt_ms\na,b,5\nb,c,4.25\na,c,9.5\n"
    rows = json.dumps({"a": {"b": 5, "c": 9.5}, "b": {"c": 4.25}}).encode()
    listed = b'{"src": "a", "dst": "b", "rtt": 5}\n{"src": "b", "dst": "a", "rtt": 5.5}\n'
    markdown = b"| | a | b |\n|---|---|---|\n| a | 0 | 5 |\n| b | 5 | 0 |\n"
    endings = ((table, "csv"), (pairs, "csv"), (rows, "json"), (listed, "jsonl"), (markdown, "md"))
    arrays = ((single.getvalue(), "npy"), (packed.getvalue(), "npz"))
    return [with_ending(*one) for one in (*endings, (b"a b c\n0 5 9\n5 0 4\n9 4 0\n", "txt"), *arrays)]


GML = b'graph [ node [ id 1 label "a" ] node [ id 2 label "b" ] edge [ source 1 target 2 latency 5 ] ]'
GRAPHML = (
    b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="l" for="edge" attr.name="latency"'
    b' attr.type="double"/><graph edgedefault="undirected"><node id="a"/><node id="b"/>'
    b'<edge source="a" target="b"><data key="l">5</data></edge></graph></graphml>'
)


def graph_corpus() -> list[bytes]:
    nodes = [{"id": "a"}, {"id": "b"}]
    linked = {"directed": False, "nodes": nodes, "links": [{"source": "a", "target": "b", "latency": "5ms"}]}
    return [
        with_ending(GML, "gml"),
        with_ending(GRAPHML, "graphml"),
        with_ending(b"a b 5ms\nb c 7\nc d {'latency': 3}\n", "txt"),
        with_ending(json.dumps(linked).encode(), "json"),
    ]


def read_data(load_file: Callable[[Path], object], endings: tuple[str, ...]) -> Callable[[Path], Read]:
    def reader(scratch: Path) -> Read:
        def read(data: bytes) -> str:
            ending, _, content = data.partition(SPLIT)
            name = ending.decode("ascii", "replace")
            file = scratch / f"data.{name if name in endings else endings[len(data) % len(endings)]}"
            file.write_bytes(content if name in endings else data)
            return refusal_of(lambda: load_file(file))

        return read

    return reader


# Results and sweeps --------------------------------------------------------------------------------

PLACES = (0, 10, 100, 1000, 5000)
PUT = b'{"a": 1e999, "b": ['


def alteration_corpus(*files: str) -> Callable[[], list[bytes]]:
    """Return changes of a folder: the name of a file, a place, and the bytes that are written there."""
    return lambda: [f"{file}\0{place}\0".encode() + PUT for file in files for place in PLACES]


def altering(folder: Path, use: Callable[[], object], manifest: str) -> Read:
    """Alter one file of a folder, every other time without its manifest, use the folder, and mend it."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    whole = {file: file.read_bytes() for file in files}
    by_name = {file.relative_to(folder).as_posix(): file for file in files}
    number = 0

    def read(data: bytes) -> str:
        nonlocal number
        number += 1
        name, _, rest = data.partition(b"\0")
        place, _, put = rest.partition(b"\0")
        file = by_name.get(name.decode("ascii", "replace"), files[number % len(files)])
        at = int(place) if place.isdigit() and len(place) < 8 else number
        before = whole[file]
        at %= max(len(before), 1)
        file.write_bytes(before[:at] + put + before[at + len(put) :])
        hashes = folder / manifest
        if number % 2 and file != hashes and hashes in whole:
            hashes.unlink()
        try:
            return refusal_of(use)
        finally:
            file.write_bytes(before)
            if hashes in whole:
                hashes.write_bytes(whole[hashes])

    return read


SMALL = {"cluster": {"nodes": 3}, "duration": "5s", "warm_up": "5s"}
RESULT_FILES = ("summary.json", "truth.json", "scenario.yaml", "probes.parquet", "manifest.json", "log.txt")


def read_result(scratch: Path) -> Read:
    folder = serfsim.run(Scenario(**SMALL), progress=lambda share: None).save(scratch / "r", figures=False)

    def use() -> None:
        result = open_result(folder)
        _ = result.probes, result.member_events, repr(result)

    return altering(folder, use, "manifest.json")


def read_sweep(scratch: Path) -> Read:
    folder = scratch / "sweep"
    serfsim.sweep(Scenario(**SMALL), seeds=[1, 2], workers=1, out=folder, progress=False)
    return altering(folder, lambda: repr(open_sweep(folder).table), "none")


# The wire ------------------------------------------------------------------------------------------


def captured(name: str, *path: str) -> list[bytes]:
    found = []
    for message in vectors(f"captures/{name}")["messages"]:
        inner = message
        for step in path:
            inner = inner[step]
        found.append(bytes.fromhex(inner["hex"]))
    return found


def datagram_corpus() -> list[bytes]:
    return captured("udp_plain") + captured("udp_default") + captured("udp_name_conflict")


def stream_corpus() -> list[bytes]:
    return captured("tcp_plain", "request") + captured("tcp_default", "request")


def read_datagram(scratch: Path) -> Read:
    settings = ({}, {"cipher": RING}, {"label": b"east"})
    number = 0

    def read(data: bytes) -> str:
        nonlocal number
        number += 1
        try:
            DatagramReader(Directory(), **settings[number % 8 if number % 8 < 3 else 0]).read(data)
        except WireError as error:
            return str(error) or "refused"
        return ""

    return read


def read_stream(scratch: Path) -> Read:
    def read(data: bytes) -> str:
        try:
            decode_stream(unwrap_stream(data), Directory())
        except WireError as error:
            return str(error) or "refused"
        return ""

    return read


def lzw_corpus() -> list[bytes]:
    return [compress(data) for data in (bytes(50_000), *datagram_corpus()[:10], *stream_corpus()[:5])]


def read_lzw(scratch: Path) -> Read:
    def read(data: bytes) -> str:
        try:
            unpacked = decompress(data, LARGEST_UNPACKED)
        except WireError as error:
            return str(error) or "refused"
        assert len(unpacked) <= LARGEST_UNPACKED
        return ""

    return read


# RPC -----------------------------------------------------------------------------------------------


def frames_corpus() -> list[bytes]:
    requests = [
        ({"Command": "handshake", "Seq": 1}, {"Version": 1}),
        ({"Command": "auth", "Seq": 2}, {"AuthKey": "secret"}),
        ({"Command": "event", "Seq": 3}, {"Name": "deploy", "Payload": b"abc", "Coalesce": True}),
        ({"Command": "query", "Seq": 4}, {"Name": "load", "FilterNodes": ["a"], "FilterTags": {"r": "web"}}),
        ({"Command": "join", "Seq": 5}, {"Existing": ["10.0.0.1:7946"], "Replay": False}),
        ({"Command": "tags", "Seq": 6}, {"Tags": {"a": "b"}, "DeleteTags": ["c"]}),
        ({"Command": "members-filtered", "Seq": 7}, {"Tags": {}, "Status": "alive", "Name": ".*"}),
    ]
    return [encode(head, body) for head, body in requests]


def read_frames(scratch: Path) -> Read:
    """Read all objects of what a client sent, each as a header."""

    def read(data: bytes) -> str:
        frames, header = Frames(), Header()
        try:
            frames.feed(data)
            while (found := frames.next()) is not NOTHING:
                with suppress(BadBody):
                    header.read(found)
        except BadFrame as error:
            return str(error)
        return ""

    return read


# Text ----------------------------------------------------------------------------------------------

SNAPSHOT = (
    b"alive: node-01 10.0.0.1:7946\nclock: 5\nevent-clock: 2\nquery-clock: 1\nnot-alive: node-01\n"
    b"# a comment\ncoordinate: {}\nleave\nalive: a b 1.2.3.4:5\n"
)


def read_snapshot(scratch: Path) -> Read:
    def read(data: bytes) -> str:
        file = SnapshotFile()
        file.content = data
        clock = LamportClock()
        snapshot = Snapshot(file, False, clock, SerfMembers(Directory()))
        snapshot.update_clock(1.0)
        snapshot.shut_down(2.0)
        return ""

    return read


def log_corpus() -> list[bytes]:
    logs = sorted((ROOT / "tests" / "agent_logs" / "recorded").rglob("*.txt"))
    lines = [line for log in logs[:4] for line in log.read_bytes().splitlines()[:40]]
    return lines or [b"2026/11/30 10:00:00 [INFO] serf: EventMemberJoin: node-01 10.0.0.1"]


def read_log(scratch: Path) -> Read:
    def read(data: bytes) -> str:
        found = recognise(data.decode("utf-8", "replace"))
        return "" if found else "not recognised"

    return read


def member_list_corpus() -> list[bytes]:
    return [file.read_bytes() for file in sorted((ROOT / "tests/scenario/member_lists").iterdir())]


def read_members(scratch: Path) -> Read:
    file = str(scratch / "members.json")

    def read(data: bytes) -> str:
        return refusal_of(lambda: read_member_list(data, file))

    return read


MATRICES = ("csv", "npz", "npy", "json", "jsonl", "txt", "md", "csv.gz")
GRAPHS = ("gml", "graphml", "txt", "json")

SWEEP_FILES = ("sweep.json", "scenario.yaml")

TARGETS: tuple[Target, ...] = (
    Target("scenario", "scenario files", 10, scenario_corpus, read_scenario, True, True),
    Target("matrix", "latency matrices", 14, matrix_corpus, read_data(load_matrix, MATRICES), True, True),
    Target("graph", "latency graphs", 12, graph_corpus, read_data(load_graph, GRAPHS), True, True),
    Target("result", "altered result folders", 2, alteration_corpus(*RESULT_FILES), read_result, True, True),
    Target("sweep", "altered sweep folders", 4, alteration_corpus(*SWEEP_FILES), read_sweep, True, True),
    Target("members", "lists of members", 14, member_list_corpus, read_members, True, True),
    Target("datagram", "datagrams, plain, encrypted and with labels", 400, datagram_corpus, read_datagram),
    Target("stream", "streams of memberlist", 220, stream_corpus, read_stream),
    Target("lzw", "compressed messages", 110, lzw_corpus, read_lzw),
    Target("frames", "RPC requests", 120, frames_corpus, read_frames),
    Target("snapshot", "Serf's snapshots", 64, lambda: [SNAPSHOT], read_snapshot, True),
    Target("log", "log lines", 30, log_corpus, read_log, True),
)
