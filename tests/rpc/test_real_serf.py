"""The real `serf` command against `serfsim serve`: what it prints, and that it is content.

The commands are run as they are, with time limits, against a server in a process of its own on a free
port of the loopback interface. Without the command these tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app
from serfsim.live.views import columns

SERF = shutil.which("serf")
LIMIT_S = 30.0
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SERF is None, reason="the serf command is not installed (Debian: apt install serf)"),
]

SCENARIO = """\
name: five
duration: 1h
warm_up: 20s
cluster:
  nodes: 5
  tags: {dc: east}
  config: {retransmit_mult: 30}   # in so small a cluster gossip else misses a node now and then
  groups: {web: {nodes: [node-03], tags: {role: web, "note": "a<b & c"}}}
faults: [{crash: [node-04], at: 0s}]
workload: [{query: uptime, from: node-01, at: 50m, response: 20B}]
record: {coordinates: 5s}
"""


class Live:
    """A server's process and the real command against it."""

    def __init__(self, folder: Path, *options: str, scenario: str = SCENARIO) -> None:
        self.file = folder / "five.yaml"
        self.file.write_text(scenario, encoding="utf-8")
        arguments = ["serve", str(self.file), "--rpc-addr", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serfsim", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        found = re.search(r"on (127\.0\.0\.1:\d+) ", self.line)
        assert found is not None, self.process.stderr.read() if self.process.stderr else ""
        self.address = found[1]

    def serf(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert SERF is not None
        given = [SERF, command, f"-rpc-addr={self.address}", *arguments]
        # Some builds of the command write errors to one stream, some to the other.
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(given, text=True, timeout=LIMIT_S, check=False, **both)  # type: ignore[call-overload,no-any-return]

    def out(self, command: str, *arguments: str) -> str:
        """What a command prints that succeeds."""
        done = self.serf(command, *arguments)
        assert done.returncode == 0, done
        return done.stdout

    def step(self, duration: str) -> None:
        """Let so much simulated time pass."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{duration}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().startswith("at ")

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return self.process.returncode


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Half a minute after the crash, in simulated seconds that pass five times as fast as ours."""
    served = Live(tmp_path_factory.mktemp("live"), "--speed", "5")
    try:
        deadline = time.monotonic() + LIMIT_S
        while "failed" not in served.out("members", "-name", "node-04"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield served
    finally:
        served.end()


def rows(text: str) -> list[list[str]]:
    """Cells of a table, the tags of each in order (the command has them in none)."""
    found = [re.split(r"  +", line) for line in text.splitlines()]
    return [[*row[:3], ",".join(sorted(row[3].split(","))), *row[4:]] for row in found]


def test_members(live: Live) -> None:
    assert rows(live.out("members", "-status", "alive|failed", "-name", "node-0[124]")) == [
        ["node-01", "10.0.0.2:7946", "alive", "dc=east"],
        ["node-02", "10.0.0.3:7946", "alive", "dc=east"],
        ["node-04", "10.0.0.5:7946", "failed", "dc=east"],
    ]


def test_members_detailed_by_tag(live: Live) -> None:
    (row,) = rows(live.out("members", "-detailed", "-tag", "role=w.b"))
    assert row[0] == "node-03"
    assert row[3] == "dc=east,note=a<b & c,role=web"
    assert row[4:] == ["Protocol Version: 5", "Available Protocol Range: [2, 5]"]


def test_members_as_json(live: Live) -> None:
    found: dict[str, Any] = json.loads(live.out("members", "-format", "json"))
    assert [member["status"] for member in found["members"]] == ["alive"] * 4 + ["failed"]
    assert found["members"][0]["protocol"] == {"max": 5, "min": 2, "version": 5}


def test_a_bad_expression_closes_the_connection(live: Live) -> None:
    done = live.serf("members", "-name", "(")
    assert (done.returncode, done.stdout) == (1, "Error retrieving members: client closed\n")


def test_rtt(live: Live) -> None:
    assert re.fullmatch(r"Estimated node-01 <-> node-00 rtt: \d+\.\d{3} ms\n", live.out("rtt", "node-01"))
    assert re.fullmatch(
        r"Estimated node-01 <-> node-02 rtt: \d+\.\d{3} ms\n", live.out("rtt", "node-01", "node-02")
    )
    done = live.serf("rtt", "ghost")
    assert (done.returncode, done.stdout) == (1, 'Could not find a coordinate for node "ghost"\n')


def test_info(live: Live) -> None:
    text = live.out("info")
    assert text.startswith("agent:\n\tname = node-00\nevent_handlers:\nruntime:\n")
    assert "\tfailed = 1\n" in text
    assert "\tmembers = 5\n" in text
    assert json.loads(live.out("info", "-format", "json"))["tags"] == {"dc": "east"}


def test_event(live: Live) -> None:
    assert live.out("event", "deploy", "v1") == "Event 'deploy' dispatched! Coalescing enabled: true\n"
    done = live.serf("event", "deploy", "x" * 600)
    limit = "user event exceeds configured limit of 512 bytes before encoding"
    assert (done.returncode, done.stdout) == (1, f"Error sending event: {limit}\n")


def test_query(live: Live) -> None:
    text = live.serf("query", "-format", "json", "uptime", "hello").stdout
    found = json.loads(text)
    alive = ["node-00", "node-01", "node-02", "node-03"]
    assert sorted(found["Acks"]) == alive
    assert sorted(found["Responses"]) == alive
    text = live.out("query", "-no-ack", "-node", "node-02", "-timeout", "1s", "other")
    assert text == "Query 'other' dispatched\nTotal Responses: 0\n"
    text = live.out("query", "-tag", "role=web", "-timeout", "1s", "other")
    assert text == "Query 'other' dispatched\nAck from 'node-03'\nTotal Acks: 1\nTotal Responses: 0\n"


def test_reachability(live: Live) -> None:
    text = live.out("reachability", "-verbose")
    assert text.startswith("Total members: 5, live members: 4\nStarting reachability test...\n")
    assert text.count("Ack from") == 4
    assert text.endswith("Successfully contacted all live nodes\n")


def test_join(live: Live) -> None:
    text = "Successfully joined cluster by contacting 2 nodes.\n"
    assert live.out("join", "10.0.0.2", "10.0.0.3:7946") == text
    done = live.serf("join", "10.0.0.5")
    assert done.returncode == 1
    assert "Failed to join 10.0.0.5: dial tcp 10.0.0.5:7946: connect: connection refused" in done.stdout


def test_tags(live: Live) -> None:
    assert live.out("tags", "-set", "role=db", "-delete", "dc") == "Successfully updated agent tags\n"
    assert rows(live.out("members", "-name", "node-00"))[0][3] == "role=db"
    assert live.out("tags", "-set", "dc=east", "-delete", "role") == "Successfully updated agent tags\n"


def test_keys(live: Live) -> None:
    done = live.serf("keys", "-list")
    assert done.returncode == 1
    assert done.stdout.startswith("==> Asking all members for installed keys...\n")
    assert done.stdout.count("Keyring is empty (encryption not enabled)") == 4
    assert done.stdout.endswith("Failed to gather member keys: 4/4 nodes reported failure\n")
    for option in ("-install", "-use", "-remove"):
        done = live.serf("keys", option, "QUJDREVGR0hJSktMTU5PUA==")
        assert done.returncode == 1
        assert done.stdout.count("No keyring to modify (encryption not enabled)") == 4


OLD, NEW = "AQEBAQEBAQEBAQEBAQEBAQ==", "AgICAgICAgICAgICAgICAg=="


def test_keys_are_rotated_by_the_real_command(tmp_path: Path) -> None:
    encrypted = SCENARIO.replace("cluster:\n", f"cluster:\n  keyring: ['{OLD}']\n")
    served = Live(tmp_path, "--speed", "20", scenario=encrypted)
    heading = "==> Asking all members for installed keys...\n==> Keys gathered, listing cluster keys...\n\n"
    try:
        deadline = time.monotonic() + LIMIT_S
        while "failed" not in served.out("members", "-name", "node-04"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "encrypted = true" in served.out("info")
        assert served.out("keys", "-list") == f"{heading}{OLD}  [4/4]\n"
        assert served.out("keys", "-install", NEW).endswith("==> Successfully installed key!\n")
        both = served.out("keys", "-list").removeprefix(heading).splitlines()
        assert sorted(both) == [f"{OLD}  [4/4]", f"{NEW}  [4/4]"]
        assert served.out("keys", "-use", NEW).endswith("==> Successfully changed primary key!\n")
        refused = served.serf("keys", "-remove", NEW)
        assert refused.returncode == 1
        assert refused.stdout.count("Removing the primary key is not allowed") == 4
        assert refused.stdout.endswith("Error removing key: 4/4 nodes reported failure\n")
        assert served.out("keys", "-remove", OLD).endswith("==> Successfully removed key!\n")
        assert served.out("keys", "-list") == f"{heading}{NEW}  [4/4]\n"
    finally:
        served.end()


def test_monitor(live: Live) -> None:
    assert SERF is not None
    monitor = subprocess.Popen(
        [SERF, "monitor", f"-rpc-addr={live.address}", "-log-level=debug"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        time.sleep(0.5)
        live.out("event", "-coalesce=false", "watched", "now")
        time.sleep(0.5)
    finally:
        monitor.send_signal(signal.SIGINT)
        text = monitor.communicate(timeout=LIMIT_S)[0]
    assert re.search(
        r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[INFO\] serf: EventMemberJoin: node-01 10\.0\.0\.2$", text, re.M
    )
    assert "[INFO] serf: EventMemberFailed: node-04 10.0.0.5\n" in text
    assert "[INFO] agent: Received event: user-event: watched\n" in text
    event = text[text.index("Event Info:") :]
    assert '\tName: "watched"\n' in event
    assert "\tPayload: []byte{0x6e, 0x6f, 0x77}\n" in event


def test_forced_leave_then_prune(live: Live) -> None:
    assert live.out("force-leave", "node-04") == ""
    assert rows(live.out("members", "-name", "node-04"))[0][2] == "left"
    assert live.out("force-leave", "-prune", "node-04") == ""
    assert live.out("members", "-name", "node-04") == "\n"
    assert live.out("force-leave", "ghost") == ""


def test_leave_ends_the_server(tmp_path: Path) -> None:
    served = Live(tmp_path, "--fast", "--as", "node-02")
    try:
        assert served.line == f"serving node-02 of five on {served.address} (Ctrl-C ends it)\n"
        assert served.out("leave") == "Graceful leave complete\n"
        assert served.process.wait(LIMIT_S) == 0
        done = served.serf("members")
        assert done.returncode == 1
        assert "connection refused" in done.stdout
    finally:
        served.end()


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    served = Live(tmp_path, "--step", "--rpc-auth", "s3cret")
    try:
        done = served.serf("members")
        assert done.returncode == 1
        assert "Authentication required" in done.stdout
        assert "Invalid authentication token" in served.serf("members", "-rpc-auth=wrong").stdout
        assert len(rows(served.out("members", "-rpc-auth=s3cret"))) == 5
    finally:
        assert served.end() == 130


def test_the_finished_run_is_told_in_the_same_bytes(tmp_path: Path) -> None:
    """The same scenario, run to its end, asked about the times at which the live one stands still."""
    served = Live(tmp_path, "--step", "--as", "node-01")

    def ours(*arguments: str) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        return done.stdout

    try:
        changes = ("--set", "duration=1m", "--set", "workload=[]", "--set", "seed=1")
        folder = str(tmp_path / "r")
        ours("run", str(served.file), *changes, "--out", folder, "--quiet")
        for at in ("0s", "30s"):
            if at != "0s":
                served.step(at)
            asked = (folder, "--as", "node-01", "--at", at)
            assert rows(ours("members", *asked, "--detailed")) == rows(served.out("members", "-detailed"))
            # Padding too: tags change places, but not their width.
            lengths = [len(line) for line in ours("members", *asked).split("\n")]
            assert lengths == [len(line) for line in served.out("members").split("\n")]
            assert ours("members", *asked, "--format", "json") == served.out("members", "-format", "json")
            assert ours("info", *asked) == served.out("info")
            assert ours("info", *asked, "--format", "json") == served.out("info", "-format", "json")
            own = ours("rtt", folder, "node-01", "--as", "node-01", "--at", at)
            assert own == served.out("rtt", "node-01")
    finally:
        served.end()


def test_columns_are_those_of_the_real_command() -> None:
    """Without a server: the last cell is not padded, an empty one keeps what separates it."""
    assert columns(["a|bb|c|", "aaa|b|cc|x=1"]) == "a    bb  c   \naaa  b   cc  x=1"
