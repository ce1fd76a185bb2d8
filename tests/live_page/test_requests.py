"""The page's server over HTTP: what it does, and what it refuses."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim import load, run
from serfsim.cli.app import app
from tests.live_page.conftest import SCENARIO, Served

SERF = shutil.which("serf")


def test_a_crash_made_by_hand_is_saved_and_repeated(served: Served, tmp_path: Path) -> None:
    status, deed = served.post("act", {"entry": {"crash": ["node-03"]}})
    assert status == 200
    assert deed["what"] == "node-03 crashes"
    status, saved = served.post("save", {})
    assert status == 200
    assert saved["inexact"] == []
    file = tmp_path / "saved.yaml"
    file.write_text(saved["text"], encoding="utf-8")
    again = run(load(file), progress=lambda fraction: None)
    assert again.summary["digest"] == saved["digest"]
    assert again.truth.crashes == [(deed["at"], 3)]
    assert again.summary["duration_s"] == saved["end_s"]


def test_text_is_read_as_in_a_scenario_file(served: Served) -> None:
    status, deed = served.post("act", {"entry": "{block: tcp, nodes: [node-01], for: 2s}"})
    assert (status, deed["what"]) == (200, "TCP to and from node-01 is blocked")
    status, ended = served.post("end", {"position": deed["position"]})
    assert (status, ended["what"]) == (200, "end of: TCP to and from node-01 is blocked")


def test_the_run_is_sent_whole_and_then_as_it_grows(served: Served) -> None:
    first, *later = served.documents(3)
    assert first["members"][:2] == ["node-00", "node-01"]
    assert first["live"]["rpc"] == served.rpc
    assert set(first["tables"]) == {"packets", "events", "coordinates", "queues", "log"}
    assert all("members" not in one for one in later)
    assert first["end_s"] < later[0]["end_s"] < later[1]["end_s"]


def test_time_stands_still_while_paused_and_passes_in_steps(served: Served) -> None:
    assert served.post("pace", {"paused": True}) == (200, {"paused": True, "speed": 4.0})
    (before,) = served.documents(1)
    served.post("pace", {"step": "1500ms"})
    deadline = time.monotonic() + 30.0
    after = before
    while after["end_s"] == before["end_s"] and time.monotonic() < deadline:
        time.sleep(0.2)
        (after,) = served.documents(1)
    time.sleep(0.3)
    (after,) = served.documents(1)
    assert after["end_s"] == pytest.approx(before["end_s"] + 1.5)
    assert served.post("pace", {"speed": 4}) == (200, {"paused": True, "speed": 4.0})
    assert served.post("pace", {"paused": False}) == (200, {"paused": False, "speed": 4.0})


MISTAKES: list[tuple[str, Any, int, str]] = [
    ("act", {"entry": {"crash": ["node-99"]}}, 422, "crash[0]: found 'node-99'"),
    ("act", {"entry": {"crush": ["node-03"]}}, 422, "did you mean crash?"),
    ("act", {"entry": "{crash: [node-03"}, 422, "no YAML"),
    ("act", {"entry": 7}, 422, "found 7; expected `entry`"),
    ("act", [], 422, "found an empty list; expected a mapping"),
    ("act", "{", 400, "no JSON"),
    ("end", {"position": 99}, 409, "found fault 99"),
    ("end", {"position": True}, 422, "found true; expected `position`"),
    ("pace", {"speed": 0}, 422, "speed: found 0; expected a number above 0"),
    ("pace", {"step": "soon"}, 422, "step: found 'soon'"),
    ("pace", {"paused": 1}, 422, "expected one of `paused`, `speed` and `step`"),
    ("save", "x" * 70_000, 413, "more than 65536 bytes"),
    ("nothing", {}, 404, "POST /api/nothing: Not Found"),
]


@pytest.mark.parametrize(("path", "body", "status", "message"), MISTAKES)
def test_a_mistake_gets_a_sentence(served: Served, path: str, body: Any, status: int, message: str) -> None:
    found, answer = served.post(path, body)
    assert found == status
    assert message in answer["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "192.0.2.1:8080"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_are_refused(served: Served, headers: dict[str, str]) -> None:
    status, answer = served.post("pace", {"speed": 9}, **headers)
    assert status == 403
    assert answer["error"].startswith("found ")
    status, answer = served.post("pace", {"speed": 9}, **{"Content-Type": "text/plain"})
    assert (status, answer["error"]) == (
        415,
        "found the content type 'text/plain'; expected application/json",
    )


def test_the_page_s_own_requests_pass(served: Served) -> None:
    for host in (f"127.0.0.1:{served.port}", f"localhost:{served.port}", "localhost", f"[::1]:{served.port}"):
        headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert served.post("pace", {"paused": False}, **headers)[0] == 200
    status, page = served.request("GET", "/", headers={"Sec-Fetch-Site": "cross-site"})
    assert status == 200
    assert '<meta name="serfsim-live" content="open">' in page


@pytest.mark.skipif(SERF is None, reason="the serf command is not installed (Debian: apt install serf)")
def test_the_real_serf_command_works_beside_the_page(served: Served) -> None:
    assert SERF is not None
    done = subprocess.run(
        [SERF, "members", f"-rpc-addr={served.rpc}"], capture_output=True, text=True, timeout=30, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        f"node-0{number}" for number in range(6)
    ]
    _, saved = served.post("save", {})
    assert saved["inexact"] == []
    subprocess.run([SERF, "event", f"-rpc-addr={served.rpc}", "deploy"], timeout=30, check=True, stdout=-3)
    _, saved = served.post("save", {})
    assert saved["inexact"] == ["clients of the RPC port gave commands: event"]


def test_a_token_is_asked_for_by_all_but_the_bare_page(tmp_path: Path) -> None:
    token = "a-token-of-this-test"
    served = Served(tmp_path, "--web-token", token, "--step")
    try:
        assert served.url.endswith(f"/#token={token}")
        assert served.request("GET", "/")[0] == 200
        for headers in ({}, {"Authorization": "Bearer another-token-altogether"}):
            status, answer = served.post("pace", {"paused": True}, **headers)
            assert status == 401
            assert "expected the one that serfsim serve printed" in answer["error"]
        assert served.post("pace", {"paused": True}, Authorization=f"Bearer {token}")[0] == 200
    finally:
        served.end()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--web", "8080"], "--web: found '8080'; expected HOST:PORT"),
        (
            ["--web", "0.0.0.0:0"],
            "found 0.0.0.0, which others may reach; expected 127.0.0.1, or --allow",
        ),
        (["--web", "example.org:0"], "--web: found example.org, which others may reach"),
        (["--allow-remote"], "--allow-remote: found no --web"),
        (["--web", "127.0.0.1:0", "--fast"], "found --fast and --web; expected --speed"),
        (
            ["--web", "127.0.0.1:0", "--web-token", "short"],
            "--web-token: found another token",
        ),
        (["--web", "256.256.256.256:80", "--allow-remote"], "--web: cannot listen on 256.256.256.256:80"),
    ],
)
def test_a_mistake_at_the_command_line_gets_one_message(
    tmp_path: Path, options: list[str], message: str
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    done = CliRunner().invoke(app, ["serve", str(file), "--rpc-addr", "127.0.0.1:0", *options])
    assert done.exit_code == 2
    assert message in done.output


def test_a_port_in_use_gets_one_message(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = CliRunner().invoke(app, ["serve", str(file), "--rpc-addr", "127.0.0.1:0", "--web", where])
    assert done.exit_code == 2
    assert f"--web: cannot listen on {where}: Address already in use" in done.output
