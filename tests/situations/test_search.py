"""`serfsim answer` finds the situation that a question, a thread or a log is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app
from serfsim.logs.recognition import messages, normal, recognise
from serfsim.scenario.shelf import Entry, situations
from serfsim.scenario.situation import Situation
from serfsim.study.situations.search import search, words_of

LIBRARY = situations()


WARNING = (
    "[WARN] memberlist: Was able to connect to {} over TCP but UDP probes failed,"
    " network may be misconfigured"
)


def entry(name: str, question: str, **more: Any) -> Entry:
    given = {"threads": ["a/b#1"], "answer": "Yes.", "figure": "health", **more}
    return Entry(name, "udp", Path(f"{name}.yaml"), question, Situation(**given))


OWN = [
    entry("blocked", "Is a member whose UDP is blocked ever declared failed?", log=["UDP probes failed"]),
    entry("paused", "Does a paused member accuse others?", threads=["a/b#2"], log=["no acks received"]),
    entry("queue", "How many events can a second bring?", threads=["c/d#2"], words=["throughput"]),
]


def answer(*arguments: str, given: bytes = b"") -> Any:
    return CliRunner().invoke(app, ["answer", *arguments], input=given)


@pytest.mark.parametrize("one", LIBRARY, ids=lambda one: one.name)
def test_every_situation_is_found_by_its_question_and_its_threads(one: Entry) -> None:
    assert one.situation is not None
    assert search(one.question).near[0].entry.name == one.name
    for thread in one.situation.threads:
        assert one.name in [near.entry.name for near in search(thread).near]
    for phrase in one.situation.log:
        assert any(normal(phrase) in message.plain for message in messages()), f"no agent writes {phrase!r}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "2023/04/05 06:07:08 [INFO] memberlist: Suspect ip-10-0-0-7 has failed, no acks received",
            "Suspect … has failed, no acks received",
        ),
        (
            "2024-01-02T03:04:05.678Z [INFO]  agent.server.memberlist.lan: memberlist: Marking web 3"
            " as failed, suspect timeout reached (2 peer confirmations)",
            "Marking … as failed, suspect timeout reached (… peer confirmations)",
        ),
        ("    2020/01/01 00:00:00 [WARN] serf: Intent queue depth: 5231", "… queue depth: …"),
        ("memberlist: Refuting a suspect message (from: db-1)", "Refuting a suspect message (from: …)"),
        (
            "[ERR] memberlist: Failed fallback ping: read tcp 10.1.2.3:7946: i/o timeout",
            "Failed fallback ping: …",
        ),
    ],
)
def test_a_message_is_recognised_under_any_prefix_and_with_any_names(line: str, message: str) -> None:
    found = recognise(line)
    assert found is not None
    assert found.shown == message


def test_lines_that_no_agent_writes_are_not_recognised() -> None:
    for line in ("", "GET /v1/agent/members 200", "from=10.0.0.1", "kernel: eth0: link is down"):
        assert recognise(line) is None


def test_a_log_is_about_the_situation_that_names_most_of_its_messages() -> None:
    log = "\n".join(
        [
            "[INFO] memberlist: Suspect a has failed, no acks received",
            "[INFO] memberlist: Suspect b has failed, no acks received",
            WARNING.format("c"),
            "something else",
        ]
    )
    found = search(log, OWN)
    assert [near.entry.name for near in found.near] == ["paused", "blocked"]  # twice, and once
    assert list(found.messages.values()) == [2, 1]
    assert search("[INFO] serf: EventMemberJoin: x 10.0.0.1", OWN).near == ()


def test_a_question_may_be_in_other_words_and_misspelt() -> None:
    for text, name in {
        "are nodes with blokced udp marked dead?": "blocked",
        "pausing agents": "paused",
        "event throughputt": "queue",
        "b#2": "paused",
        "https://github.com/c/d/issues/2": "queue",
    }.items():
        assert search(text, OWN).near[0].entry.name == name, text
    assert search("the price of bread in Rome", OWN).near == ()
    assert search("why is it so", OWN).near == ()  # no word that matters
    assert words_of("Flapping nodes flapped") == ["flap", "member", "flap"]


def test_the_answer_comes_with_its_thread_and_the_command_that_shows_it() -> None:
    done = answer("consul#19965")
    assert done.exit_code == 0
    for part in ("udp_blocked (udp)", "Never.", "hashicorp/consul#19965", "serfsim run udp_blocked"):
        assert part in done.stdout
    told = json.loads(answer("--json", "consul#19965").stdout)
    assert told["situations"][0]["command"] == "serfsim run udp_blocked"
    assert told["messages"] == []


def test_a_pasted_log_comes_from_standard_input_with_any_bytes() -> None:
    line = WARNING.format("X").encode().replace(b"X", b"\xff")
    done = answer("-", given=b"\n".join([line] * 3))
    assert (done.exit_code, done.stdout.startswith("3 lines: Was able to connect")) == (0, True)
    assert "udp_blocked" in done.stdout


def test_nothing_near_is_said_plainly() -> None:
    done = answer("the price of bread in Rome")
    assert (done.exit_code, "no situation is near" in done.stdout) == (1, True)
    assert answer("  ").exit_code == 2
    assert answer("-", given=b"").exit_code == 2
