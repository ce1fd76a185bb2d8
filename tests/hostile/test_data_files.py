"""Files of latencies that ask for more than a machine has, or are no such thing: one message, and soon."""

from __future__ import annotations

import gzip
import io
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app

LONGEST_S = 20.0  # on a machine that does much else
MEMORY = 3 << 30


def npz(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def npy(array: object) -> bytes:
    content = io.BytesIO()
    np.save(content, np.array(array))
    return content.getvalue()


def header(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        member.write(header("(17000, 17000)"))
        for _ in range(17):
            member.write(bytes(1 << 20))


def gzipped(path: Path) -> None:
    with gzip.open(path, "wb") as file:
        for _ in range(300):
            file.write(b"1 2 3\n" * 180_000)


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, encoding="utf-8")


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
MATRICES: dict[str, Callable[[Path], object]] = {
    "bomb.npz": bomb,
    "shape.npy": lambda path: path.write_bytes(header("(99999999999, 99999999999)")),
    "negative.npy": lambda path: path.write_bytes(header("(-3, -3)")),
    "token.npy": lambda path: path.write_bytes(header("(3, 3") + b"\n"),
    "kind.npy": lambda path: path.write_bytes(header("(3, 3)", "no kind") + bytes(72)),
    "short.npy": lambda path: path.write_bytes(header("(3, 3)") + bytes(10)),
    "objects.npy": lambda path: path.write_bytes(header("(2, 2)", "|O")),
    "nothing.npy": lambda path: path.write_bytes(b""),
    "labels.npz": lambda path: npz(
        path, **{"a.npy": npy(np.ones((2, 2))), "labels.npy": header("(9999999999,)", "<U99")}
    ),
    "no_npy.npz": lambda path: npz(path, **{"a.npy": b"no array", "b.txt": b"nor this"}),
    "many.npz": lambda path: npz(path, **{f"{i}.npy": b"" for i in range(2000)}),
    "pairs.txt": text("".join(f"{i} {i + 1} 5\n" for i in range(30_000))),
    "names.txt": text("".join(f"a{i} a{i + 1} 5\n" for i in range(30_000))),
    "digits.txt": text(f"{'9' * 5001} b 5\nb {'8' * 5001} x\n"),
    "row.csv": text("," + ",".join(f"a{i}" for i in range(15_000)) + "\nb," + ",".join("5" * 15_000) + "\n"),
    "cell.csv": text(f"0,{'9' * 5001}\n5,0\n"),
    "word.csv": text(f"0,{'x' * 5001}\n5,0\n"),
    "wide.json": lambda path: path.write_text(
        "{" + ",".join(f'"a{i}": {{"b{i}": 5}}' for i in range(8000)) + "}", encoding="utf-8"
    ),
    "records.json": lambda path: path.write_text(
        "[" + ",".join(f'{{"source": "a{i}", "target": "b{i}", "rtt_ms": 5}}' for i in range(8000)) + "]",
        encoding="utf-8",
    ),
    "digits.json": text(f'[{{"source": "{"9" * 5001}", "target": "b", "rtt_ms": {"9" * 5001}}}]'),
    "brackets.json": text("[" * 100_000),
    "bomb.csv.gz": gzipped,
    "broken.csv.gz": lambda path: path.write_bytes(b"\x1f\x8b\x08\x00broken"),
}  # fmt: skip
GRAPHS: dict[str, Callable[[Path], object]] = {
    "node.gml": text("graph [ node 5 ]"),
    "edges.gml": text("graph [ node [ id 1 ] edge 7 ]"),
    "digits.gml": text(f"graph [ node [ id {'9' * 5001} ] ]"),
    "deep.gml": text("graph [ " * 5000),
    "key.txt": text("a b {[]: 5}"),
    "number.txt": text(f"a b {{'latency': 0x{'f' * 6000}}}"),
    "long.txt": text(f"a b {'9' * 5001}"),
    "deep.txt": text("a b {'latency': " + "[" * 10_000),
    "laughs.graphml": text(f"<!DOCTYPE g [<!ENTITY e0 'ha'>{ENTITIES}]><graphml>&e11;</graphml>"),
    "outside.graphml": text('<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml>&x;</graphml>'),
    "empty.graphml": text("<graphml/>"),
    "links.json": text('{"nodes": 5, "links": 7}'),
    "ids.json": text('{"nodes": [{"id": []}], "links": [{"source": {}, "target": [1]}]}'),
}


@pytest.mark.parametrize("name", [*MATRICES, *GRAPHS])
def test_each_is_one_message_that_names_the_file(name: str, tmp_path: Path) -> None:
    """In a process of its own, which has not the memory for any of them."""
    model, make = ("matrix", MATRICES[name]) if name in MATRICES else ("graph", GRAPHS[name])
    make(tmp_path / name)
    (tmp_path / "s.yaml").write_text(
        f"cluster: {{nodes: 2}}\nnetwork: {{topology: {{model: {model}, file: {name}}}}}\n", encoding="utf-8"
    )
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "serfsim", "validate", "s.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 2, done.stdout
    told = [line for line in done.stderr.splitlines() if not line.startswith("serfsim: sources changed")]
    assert len(told) == 1
    assert name in told[0]
    assert "internal error" not in told[0]
    assert "not enough memory" not in told[0]
    assert len(told[0]) < 600
    assert time.perf_counter() - begun < LONGEST_S


def test_an_array_whose_labels_lie_beside_it_is_read_as_before(tmp_path: Path) -> None:
    np.savez_compressed(
        tmp_path / "a.npz", rtt=np.asfortranarray([[0.0, 5.0], [7.0, 0.0]]), labels=["x", "y"]
    )
    (tmp_path / "s.yaml").write_text(
        "cluster: {nodes: 2}\nnetwork: {topology: {model: matrix, file: a.npz}}\n", encoding="utf-8"
    )
    assert CliRunner().invoke(app, ["validate", str(tmp_path / "s.yaml")]).exit_code == 0
