"""Logs of agents as a replay: a run's against its events, and real agents' in their formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from serfsim import Result, SerfsimError
from serfsim.protocol.events import (
    FAILED,
    FAILED_PING,
    JOIN,
    NAMES,
    SUSPECT,
    SUSPICION_TIMEOUT,
    TCP_FALLBACK_OK,
)
from serfsim.replays import read_agent_logs, replay_logs
from serfsim.replays.likeness import likely_situation
from tests.replays.test_page import times, unpacked

RECORDED = Path(__file__).parents[1] / "agent_logs" / "recorded" / "killed.txt"
CONSUL = [
    "Nov 30 12:00:00 web consul[77]: 2026-11-30T12:00:00.100Z [INFO]  agent: Consul agent running!",
    "              Node name: 'web-1'",
    "2026-11-30T12:00:00.250Z [INFO]  agent.server.serf.lan: serf: EventMemberJoin: web-1 10.0.0.5",
    "2026-11-30T12:00:00.260Z [INFO]  agent.server.serf.wan: serf: EventMemberJoin: web-1.dc1 10.0.0.5",
    "2026-11-30T13:00:01.000+0100 [INFO]  agent.server.serf.lan: serf: EventMemberJoin: web-2 10.0.0.6",
    "2026-11-30T12:00:09.500Z [WARN]  agent.server.memberlist.lan: memberlist: Was able to connect to web-2"
    " over TCP but UDP probes failed, network may be misconfigured",
    "2026-11-30T12:00:11.500Z [INFO]  agent.server.memberlist.lan: memberlist: Suspect web-2 has failed, no"
    " acks received",
    "2026-11-30T12:00:12.000Z [INFO]  agent.server.memberlist.lan: memberlist: Marking web-2 as failed,"
    " suspect timeout reached (2 peer confirmations)",
    "2026-11-30T12:00:12.000Z [INFO]  agent.server.serf.lan: serf: EventMemberFailed: web-2 10.0.0.6",
    "2026-11-30T12:00:20.000Z [INFO]  agent.server.serf.lan: serf: EventMemberJoin: web-2 10.0.0.6",
]


def test_the_log_of_a_run_tells_its_events(folder: Path, stored: Result) -> None:
    logs = read_agent_logs([folder / "log.txt"])
    events = stored.member_events
    for kind in (JOIN, FAILED, SUSPECT, SUSPICION_TIMEOUT, FAILED_PING, TCP_FALLBACK_OK):
        of_kind = events[events.kind == NAMES[kind]]
        expected = [(round(one.t_s, 3), one.observer, one.subject) for one in of_kind.itertuples()]
        found = [
            (t, logs.members[observer], logs.members[subject])
            for t, observer, subject, what, _ in logs.events
            if what == kind
        ]
        assert sorted(found) == sorted(expected), NAMES[kind]
        assert found
    assert sorted(logs.members) == stored.truth.names
    assert logs.begins_with_start


def test_consuls_words_and_dates_are_read(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text("\n".join(CONSUL), encoding="utf-8")
    logs = read_agent_logs([tmp_path / "server.log"])
    assert logs.members == ["web-1", "web-2"]
    assert logs.observers == [0]
    told = [
        (round(t - logs.start, 2), NAMES[kind], subject, detail)
        for t, _, subject, kind, detail in logs.events
    ]
    assert told == [
        (0.15, "join", 0, 0),
        (0.9, "join", 1, 0),
        (9.4, "tcp_fallback", 1, 0),
        (11.4, "suspect", 1, 1),
        (11.9, "suspicion_timeout", 1, 2),
        (11.9, "failed", 1, 0),
        (19.9, "join", 1, 0),
    ]
    assert dict(logs.flaps()) == {("web-1", "web-2"): 1}
    assert logs.counts()["probes that only TCP saved"] == 1


def test_logs_of_three_real_agents_are_one_replay(tmp_path: Path) -> None:
    files: dict[str, list[str]] = {}
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            t, node, text = line.split(maxsplit=2)
            files.setdefault(node, []).append(f"    2026/11/30 12:00:{float(t):09.6f} {text}")
    assert len(files) >= 3
    paths = [tmp_path / f"{name}.log" for name in files]
    for path in paths:
        path.write_text("\n".join(files[path.stem]), encoding="utf-8")
    apart, together = read_agent_logs(paths), read_agent_logs([RECORDED])
    assert apart.members == together.members
    assert sorted(event[1:] for event in apart.events) == sorted(event[1:] for event in together.events)
    page = replay_logs(apart, tmp_path / "page.html")
    [(heading, tables)] = unpacked(page.read_text(encoding="utf-8"))
    assert heading["observers"] == apart.observers
    assert len(tables["packets"]) == 0
    assert times(tables["events"])[-1] == pytest.approx(together.events[-1][0] - together.start, abs=2e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found no event of a Serf or Consul agent"),
        ("2026/11/30 12:00:00 [INFO] nginx: started\n", "found no event of a Serf or Consul agent"),
        ("2026/99/30 12:00:00 [INFO] serf: EventMemberJoin: a 10.0.0.1", "found no event"),
        ("\x00\x01\xff" * 100, "found no event of a Serf or Consul agent"),
    ],
)
def test_what_is_no_agents_log_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.log").write_bytes(text.encode("latin-1"))
    with pytest.raises(SerfsimError, match=message):
        read_agent_logs([tmp_path / "x.log"])
    with pytest.raises(SerfsimError, match="found a folder"):
        read_agent_logs([tmp_path])
    with pytest.raises(SerfsimError, match="cannot be read: No such file"):
        read_agent_logs([tmp_path / "gone.log"])


def test_a_restart_within_a_log_begins_with_an_empty_view(tmp_path: Path) -> None:
    again = [
        line.replace("12:0", "13:0").replace("13:00:01.000+0100", "14:00:01.000+0100") for line in CONSUL
    ]
    (tmp_path / "server.log").write_text("\n".join([*CONSUL[:-1], *again[:5]]), encoding="utf-8")
    logs = read_agent_logs([tmp_path / "server.log"])
    assert logs.begins_with_start
    assert [(round(t - logs.start, 2), member) for t, member in logs.starts] == [(3600.0, 0)]
    assert logs.flaps() == {}  # the join after the restart is the new process's first sight of it
    page = replay_logs(logs, tmp_path / "page.html")
    [(heading, _)] = unpacked(page.read_text(encoding="utf-8"))
    [[begin, end]] = heading["down"][0]
    assert begin < end == pytest.approx(3600.0)
    assert heading["down"][1] == []


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Suspect web-2 has failed, no acks received", ()),
        ("memberlist: Failed UDP ping: web-2 (timeout reached)", ("single_link_dead",)),
        (
            "memberlist: Was able to connect to web-2 over TCP but UDP probes failed, network may be"
            " misconfigured",
            ("udp_blocked", "udp_blocked_direction"),
        ),
        ("memberlist: Conflicting address for web-2. Mine: 1 Theirs: 2 Old state: 2", ("new_address",)),
    ],
)
def test_a_log_looks_like_a_situation_or_clearly_like_none(
    tmp_path: Path, said: str, names: tuple[str, ...]
) -> None:
    lines = [f"2026/11/30 12:01:{number:02d} [WARN] {said}" for number in range(20)]
    (tmp_path / "web-1.log").write_text(
        "\n".join(["2026/11/30 12:00:00 [INFO] serf: EventMemberJoin: web-1 10.0.0.5", *lines]),
        encoding="utf-8",
    )
    assert likely_situation(read_agent_logs([tmp_path / "web-1.log"])).names == names
