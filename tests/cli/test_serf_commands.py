"""The commands that ask a finished run what its agents would have said, and how `serve` begins."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim import Result, Simulation, open_result
from serfsim.base import manifest
from serfsim.base.errors import SerfsimError
from serfsim.cli.app import app
from serfsim.live.finished_run import FinishedRun
from serfsim.live.views import member_views
from serfsim.native import vec
from serfsim.protocol.memberlist.members import UNKNOWN
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.scenario.loading import loads

FILE = """\
name: past
duration: 3m
warm_up: 20s
cluster:
  nodes: 8
  tags: {dc: east}
  config: {protocol_version: 4}
  groups: {old: {nodes: [node-06], version: "0.8", tags: {role: web}}}
faults:
  - {crash: [node-04], at: 10s, for: 60s}
  - {leave: [node-05], at: 30s}
  - {upgrade: [node-06], to: "0.9", at: 70s, restart: 30s}
  - {partition: [[node-00, node-01], [node-02, node-03]], at: 100s, for: 30s}
workload:
  - {tags: {role: db}, nodes: [node-05], at: 20s}
  - {tags: {y: "2"}, nodes: 25%, at: 35s, every: 30s, times: 3}
  - {tags: {x: "1"}, nodes: [node-02], delete: [dc], at: 60s}
  - {force_leave: [node-04], from: node-01, at: 40s}
  - {event: deploy, from: node-01, at: 50s}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of the run."""
    result: Result = Simulation(loads(FILE)).run()
    return result.save(tmp_path_factory.mktemp("asked") / "past", figures=False)


def asked(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: str | Path) -> str:
    done = asked(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return str(done.stdout)


def refusal(*arguments: str | Path) -> str:
    """The one message of what is refused."""
    done = asked(*arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert done.stderr.count("\n") == 1
    return str(done.stderr).rstrip("\n")


# Members -----------------------------------------------------------------------------------------


def test_members_are_printed_as_serf_does(folder: Path) -> None:
    assert printed("members", folder, "--at", "25s", "--as", "node-01", "--name", "node-0[3-6]") == (
        "node-03  10.0.0.4:7946  alive   dc=east\n"
        "node-04  10.0.0.5:7946  failed  dc=east\n"
        "node-05  10.0.0.6:7946  alive   dc=east,role=db\n"
        "node-06  10.0.0.7:7946  alive   dc=east,role=web\n"
    )


def test_a_members_status_is_what_the_node_believed_at_the_time(folder: Path) -> None:
    def status(member: str, at: str, node: str = "node-00") -> str:
        row = printed("members", folder, "--at", at, "--as", node, "--name", member)
        return row.split()[2] if row.strip() else "unknown"

    assert [status("node-04", at) for at in ("9s", "30s", "50s", "90s")] == [
        "alive",
        "failed",
        "left",
        "alive",
    ]
    assert [status("node-05", at) for at in ("29s", "60s")] == ["alive", "left"]
    # A process that has just begun knows nobody but itself.
    assert status("node-00", "70s", "node-04") == "unknown"
    assert status("node-04", "70s", "node-04") == "alive"


def test_versions_are_those_of_the_release_that_ran(folder: Path) -> None:
    rows = [
        printed("members", folder, "--detailed", "--name", "node-06", "--at", at) for at in ("60s", "170s")
    ]
    assert [re.sub(r".*role=web  ", "", row) for row in rows] == [
        "Protocol Version: 4  Available Protocol Range: [2, 4]\n",
        "Protocol Version: 4  Available Protocol Range: [2, 5]\n",
    ]


def test_filters_are_expressions_for_the_whole(folder: Path) -> None:
    assert printed("members", folder, "--status", "left").split()[0] == "node-05"
    assert printed("members", folder, "--tag", "role=w.*", "--tag", "dc=east").split()[0] == "node-06"
    assert printed("members", folder, "--name", "node") == "\n"


def test_members_as_json_are_those_of_serf(folder: Path) -> None:
    found = json.loads(printed("members", folder, "--format", "json", "--tag", "x=1"))
    assert found == {
        "members": [
            {
                "name": "node-02",
                "addr": "10.0.0.3:7946",
                "port": 7946,
                "tags": found["members"][0]["tags"],
                "status": "alive",
                "protocol": {"max": 5, "min": 2, "version": 4},
            }
        ]
    }
    assert "dc" not in found["members"][0]["tags"]
    assert printed("members", folder, "--format", "json", "--name", "x") == '{\n  "members": null\n}\n'


@pytest.mark.slow
def test_at_any_time_every_node_knew_what_the_live_one_knows(folder: Path) -> None:
    """The run again, looked at from within every few seconds: views of all nodes, to the last tag."""
    past, sim = FinishedRun(open_result(folder)), Simulation(loads(FILE))
    compared = 0
    for second in range(-19, 180, 4):
        t = second + 0.123
        sim.env.run(until=t)
        for number, node in enumerate(sim.nodes):
            if node is None:
                with pytest.raises(SerfsimError, match="did not run"):
                    past.members(number, t)
                continue
            told, live = past.members(number, t), member_views(node)
            assert [(view.name, view.status) for view in told] == [(view.name, view.status) for view in live]
            for own, other in zip(told, live, strict=True):
                # What memberlist has forgotten, Serf has not; new versions Serf learns only with a join.
                known = node.memberlist.core.members.key(past.number(own.name, ""))
                if known != UNKNOWN and own.name != "node-06":
                    assert own == other, (t, number)
                    compared += 1
    assert compared > 2000


def test_of_a_converged_start_everybody_is_known_from_the_beginning(tmp_path: Path) -> None:
    text = "{name: c, duration: 10s, warm_up: 0s, cluster: {nodes: 3, start: {converged: true}}}"
    place = Simulation(loads(text)).run().save(tmp_path / "c", figures=False)
    assert len(printed("members", place, "--at", "1s").splitlines()) == 3


# Round trips, log, stats -------------------------------------------------------------------------


def test_rtt_is_serfs_distance_between_the_last_samples(folder: Path) -> None:
    assert re.fullmatch(
        r"Estimated node-01 <-> node-02 rtt: \d+\.\d{3} ms\n", printed("rtt", folder, "node-01", "node-02")
    )
    past = FinishedRun(open_result(folder))
    a, b = (own_coordinate(past, node, 60.0) for node in (1, 2))
    shown = printed("rtt", folder, "node-01", "node-02", "--at", "60s")
    assert float(shown.split()[-2]) == pytest.approx(a.distance_to(b) / 1e6, abs=6e-4)
    assert "node-01 <-> node-00" in printed("rtt", folder, "node-01")
    assert "node-01 <-> node-03" in printed("rtt", folder, "node-01", "--as", "node-03")


def own_coordinate(past: FinishedRun, node: int, t: float) -> Coordinate:
    """A node's own coordinate as last sampled by `t`."""
    table = past.result.coordinates
    row = table[(table["node"].cat.codes == node) & (table["t_s"] <= t)].iloc[-1]
    position = [float(row[name]) for name in table.columns if name.startswith("vec_")]
    return Coordinate(
        vec[float](position), float(row["error"]), float(row["adjustment"]), float(row["height"])
    )


def test_without_a_coordinate_yet_rtt_fails_as_serf_does(tmp_path: Path) -> None:
    text = "{name: c, duration: 10s, warm_up: 5s, cluster: {nodes: 3}, record: {coordinates: none}}"
    place = Simulation(loads(text)).run().save(tmp_path / "c", figures=False)
    done = asked("rtt", place, "node-01", "node-02")
    assert (done.exit_code, done.stderr) == (1, 'Could not find a coordinate for node "node-01"\n')


def test_monitor_shows_a_nodes_lines_with_dates(folder: Path) -> None:
    lines = printed("monitor", folder, "--as", "node-01").splitlines()
    assert lines[0].endswith(" [INFO] agent: Serf agent starting")
    assert lines[1].endswith(" [INFO] serf: EventMemberJoin: node-01 10.0.0.2")
    assert lines[0].startswith("1999/12/31 23:59:")
    assert any(line.endswith("[INFO] serf: EventMemberFailed: node-04 10.0.0.5") for line in lines)
    assert not any("[DEBUG]" in line for line in lines)
    everything = printed("monitor", folder, "--as", "node-01", "--level", "debug").splitlines()
    assert len(everything) > len(lines)
    assert printed("monitor", folder, "--as", "node-01", "--level", "ERR").count("[WARN]") == 0


def test_info_is_what_the_agent_counted_then(folder: Path) -> None:
    text = printed("info", folder, "--as", "node-01", "--at", "60s")
    assert text.startswith("agent:\n\tname = node-01\nevent_handlers:\nruntime:\n")
    assert "\tevent_time = 2\n" in text
    assert "\tleft = 2\n" in text
    assert "\tmembers = 8\n" in text
    found = json.loads(printed("info", folder, "--format", "json", "--at", "5s"))
    assert (found["serf"]["left"], found["serf"]["event_time"]) == ("0", "1")


def test_info_of_a_run_that_cannot_be_made_again_is_refused(folder: Path, tmp_path: Path) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(folder, other)
    scenario = other / "scenario.yaml"
    scenario.write_text(
        scenario.read_text(encoding="utf-8").replace("seed: 1\n", "seed: 2\n"), encoding="utf-8"
    )
    assert "scenario.yaml is not as serfsim wrote it" in refusal("info", other, "--at", "60s")
    manifest.renew(other, "result", ["scenario.yaml"])
    assert "cannot be repeated exactly" in refusal("info", other, "--at", "60s")


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("members", "--as", "nod-3"),
            "--as: found 'nod-3'; expected the name of a node; did you mean node-03.",
        ),
        (("members", "--at", "5h"), r"--at: found '5h'; expected a time of the run, -2\d\..*s to 3m"),
        (("members", "--at", "12"), "--at: found '12'; expected a duration with a unit .*: write '12s'"),
        (("members", "--at", "20s", "--as", "node-04"), "node-04 did not run at 20s; expected .*"),
        (("members", "--name", "("), r"--name: found '\('; expected a regular expression"),
        (("members", "--tag", "x"), "--tag: found 'x'; expected KEY=REGEXP"),
        (("members", "--format", "xml"), "--format: found 'xml'; expected a format: text or json"),
        (("rtt", "node-9x"), "NODE: found 'node-9x'; expected the name of a node.*"),
        (
            ("monitor", "--level", "WARNING"),
            "--level: found 'WARNING'; expected a level: .*did you mean WARN.*",
        ),
        (("info", "--at", "soon"), "--at: found 'soon'; expected a duration such as .*"),
    ],
)
def test_a_mistake_is_one_message(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    command, *rest = arguments
    found = refusal(command, folder, *rest)
    assert re.fullmatch(message, found), found


@pytest.mark.parametrize("arguments", [("members",), ("rtt", "node-01"), ("monitor",), ("info",)])
def test_what_is_no_result_folder_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    assert "not a result folder" in refusal(command, tmp_path, *rest)
    assert "no such result folder" in refusal(command, tmp_path / "none", *rest)


SERVE_MISTAKES = [
    (("--as", "node-99"), "--as: found 'node-99'; expected the name of a node.*"),
    (("--rpc-addr", "7373"), "--rpc-addr: found '7373'; expected HOST:PORT, such as 127.0.0.1:7373"),
    (("--rpc-addr", "127.0.0.1:99999"), "--rpc-addr: found '127.0.0.1:99999'; expected HOST:PORT, .*"),
    (("--speed", "0"), "--speed: found 0; expected a number above 0, at most 1000000"),
    (("--speed", "nan"), "--speed: found nan; expected a number above 0, .*"),
    (("--speed", "2", "--fast"), "found --speed and --fast; expected one of --speed, --fast and --step"),
]


@pytest.mark.parametrize(("arguments", "message"), SERVE_MISTAKES)
def test_a_mistake_of_serve_is_one_message(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "s.yaml").write_text("{cluster: {nodes: 3}, duration: 10s, warm_up: 0s}", encoding="utf-8")
    found = refusal("serve", tmp_path / "s.yaml", *arguments)
    assert re.fullmatch(message, found), found


def test_a_port_in_use_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("{cluster: {nodes: 3}, duration: 10s, warm_up: 0s}", encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = refusal("serve", tmp_path / "s.yaml", "--rpc-addr", address)
        assert re.fullmatch(rf"--rpc-addr: cannot listen on {address}: .*in use", found), found


def test_an_open_door_without_a_key_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("{cluster: {nodes: 3}, duration: 10s, warm_up: 0s}", encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        address = f"0.0.0.0:{taken.getsockname()[1]}"
        for key, warned in ((), True), (("--rpc-auth", "s3cret"), False):
            done = asked("serve", tmp_path / "s.yaml", "--rpc-addr", address, *key)
            assert done.exit_code == 2
            assert ("--rpc-auth requires a key" in done.stderr) is warned
