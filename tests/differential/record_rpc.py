"""Record RPC sessions of the real agent on random requests: `python -m tests.differential.record_rpc FOLDER`.

It needs the command `serf` 0.9.4. The agent is alone, on the loopback interface.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack

from tests.differential.replaying import ENDING

KEY = "s3cret"
NAME = "node-00"
LIMIT_S = 20.0


def bodies(rng: random.Random) -> dict[str, list[Any]]:
    """Return bodies for each command: good ones, bad ones, and some of another command."""
    text = "x" * rng.choice((1, 100, 500, 512, 600, 10_000))
    tags = {"role": "web"}
    tag = "y" * rng.choice((100, 600))  # the agent keeps its tags: no two sessions' exceed the limit together
    return {
        "handshake": [
            {"Version": 1},
            {"Version": 1},
            {"Version": 1},
            {"Version": 0},
            {"Version": 2},
            {"Version": "1"},
        ],
        "auth": [{"AuthKey": KEY}, {"AuthKey": KEY}, {"AuthKey": "wrong"}, {}, {"AuthKey": 5}],
        "event": [
            {"Name": "deploy", "Payload": text.encode(), "Coalesce": True},
            {"Name": text},
            {},
            {"Name": 5},
        ],
        "tags": [{"Tags": tags}, {"Tags": {"a": tag}}, {"DeleteTags": ["role"]}, {"Tags": [1]}],
        "members": [None],
        "members-filtered": [
            {"Status": "alive"},
            {"Name": "al.*"},
            {"Name": "("},
            {"Status": "["},
            {"Tags": {"role": "*"}},
            {"Tags": 5},
        ],
        "stats": [None],
        "get-coordinate": [{"Node": NAME}, {"Node": "nobody"}, {"Node": 1}],
        "force-leave": [{"Node": "nobody"}, {"Node": "nobody", "Prune": True}],
        "stream": [{"Type": "bogus"}, {"Type": "user:deploy,member"}, {"Type": 7}],
        "monitor": [{"LogLevel": "bogus"}, {"LogLevel": 7}],
        "stop": [{"Stop": 99}, {"Stop": "x"}],
        "respond": [{"ID": 7, "Payload": b"x"}],
        "reboot": [None],
        "": [None],
    }


def requests(rng: random.Random) -> bytes:
    """Return the requests of one session, mostly opened as it should be."""
    sent: list[Any] = []
    if rng.random() < 0.8:
        sent += [{"Command": "handshake", "Seq": 1}, {"Version": 1}]
        if rng.random() < 0.7:
            sent += [{"Command": "auth", "Seq": 2}, {"AuthKey": KEY}]
    for seq in range(3, 3 + rng.randrange(1, 9)):
        known = bodies(rng)
        command = rng.choice(list(known))
        body = rng.choice(known[command])
        sent.append({"Command": command, "Seq": seq})
        if body is not None:
            sent.append(body)
    return b"".join(msgpack.packb(one) for one in sent)


def headers_of(data: bytes) -> list[list[Any]]:
    """Return sequence number and error of each reply; bodies are left out."""
    unpacker = msgpack.Unpacker(raw=False, unicode_errors="replace", strict_map_key=False)
    unpacker.feed(data)
    return [
        [one["Seq"], one["Error"]]
        for one in unpacker
        if isinstance(one, dict) and set(one) == {"Seq", "Error"}
    ]


def talk(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
        received = b""
        with suppress(ConnectionError, OSError):  # the agent hangs up on what it cannot read
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    return received


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(key: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    command = [
        "serf",
        "agent",
        f"-node={NAME}",
        f"-bind=127.0.0.1:{free_port()}",
        f"-rpc-addr=127.0.0.1:{port}",
    ]
    if key:
        settings = folder / "agent.json"
        settings.write_text(json.dumps({"rpc_auth": key}))
        command.append(f"-config-file={settings}")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                process.kill()
                raise
            time.sleep(0.1)
        else:
            return process, port


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential.record_rpc", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args(arguments)
    if shutil.which("serf") is None:
        parser.error("the command serf is not installed")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        agents = {key: start(key, Path(scratch)) for key in ("", KEY)}
    try:
        with gzip.GzipFile(chosen.folder / f"rpc{ENDING}", "wb", mtime=0) as out:
            for seed in range(chosen.first, chosen.first + chosen.seeds):
                rng = random.Random(seed)
                key = rng.choice(list(agents))
                sent = requests(rng)
                replies = headers_of(talk(agents[key][1], sent))
                line = {"seed": seed, "key": key, "sent": sent.hex(), "replies": replies}
                out.write(json.dumps(line).encode() + b"\n")
    finally:
        for process, _ in agents.values():
            process.terminate()
            process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
