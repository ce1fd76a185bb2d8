"""A served page in a process of its own, and requests to it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the package starlette is not installed")
pytest.importorskip("uvicorn", reason="the package uvicorn is not installed")

LIMIT_S = 60.0
SCENARIO = """\
name: small
duration: 1m
warm_up: 5s
cluster: {nodes: 6}
network: {loss: {udp: 2%}}
faults:
  - {block: udp, nodes: [node-04], at: 2s}
  - {pause: 1, at: 3s, for: 1s, every: 20s}
workload: [{event: hello, at: 1s, every: 7s}]
claims: [detection.false_positives == 0]
"""


class Served:
    """A running `serfsim serve --web`."""

    def __init__(self, folder: Path, *options: str, scenario: str = SCENARIO) -> None:
        file = folder / "small.yaml"
        file.write_text(scenario, encoding="utf-8")
        self.folder = folder
        given = ["serve", str(file), "--rpc-addr", "127.0.0.1:0", "--web", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serfsim", *given],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        first, second = self.process.stdout.readline(), self.process.stdout.readline()
        found = re.search(r"on (127\.0\.0\.1:\d+) ", first)
        page = re.search(r"the page is (http://127\.0\.0\.1:(\d+)/\S*)", second)
        assert found is not None, self.process.communicate(timeout=LIMIT_S)
        assert page is not None, second
        self.rpc, self.url, self.port = found[1], page[1], int(page[2])

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask the server; return the status, and the answer as JSON if it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        given = {} if body is None else {"Content-Type": "application/json"}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, {**given, **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(data) if is_json else data.decode()

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        return self.request("POST", f"/api/{path}", body, headers)

    def documents(self, count: int) -> list[dict[str, Any]]:
        """Return the headings of the first documents of the run's stream."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        connection.request("GET", "/api/run")
        answer = connection.getresponse()
        found = []
        for _ in range(count):
            document = answer.read(int.from_bytes(answer.read(4), "little"))
            length = int.from_bytes(document[:4], "little")
            found.append(json.loads(document[4 : 4 + length]))
        connection.close()
        return found

    def end(self) -> tuple[str, str]:
        """Interrupt the server; return what it wrote."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    started = Served(tmp_path_factory.mktemp("served"), "--speed", "4")
    yield started
    _, errors = started.end()
    said = [line for line in errors.splitlines() if "running interpreted" not in line]
    assert said in ([], ["interrupted"])
