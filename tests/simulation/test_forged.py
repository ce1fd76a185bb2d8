"""Forged messages: what members believe, with and without keys."""

from __future__ import annotations

from typing import Any

import pytest

import serfsim
from serfsim.base.errors import ScenarioError
from serfsim.results.agent_log import log_lines, log_names
from serfsim.scenario import loads
from tests.simulation.cluster import Run, run

HIGHEST = 4294967295
OUTSIDE = "198.51.100.7"
KEY, OTHER = "AQEBAQEBAQEBAQEBAQEBAQ==", "AgICAgICAgICAgICAgICAg=="


def forged(message: dict[str, Any], duration: str = "20s", **more: Any) -> Run:
    parts = {key: more.pop(key) for key in ("config", "faults") if key in more}
    fault = {"forge": message, "from": "node-07", "to": ["node-01"], "at": "2s", **more}
    return run(9, duration, config=parts.get("config", {}), faults=[*parts.get("faults", ()), fault])


PINGED = ("node-01 [WARN] memberlist: Got ping for unexpected node 'node-03'", OUTSIDE)


def run_forged_ping(**parts: Any) -> Run:
    """A run just long enough for an outsider's ping to arrive."""
    fault = {"forge": {"ping": "node-03"}, "from": OUTSIDE, "to": ["node-01"], "at": "10ms"}
    parts["faults"] = [*parts.get("faults", ()), fault]
    return run(9, "20ms", warm_up="1s", **parts)


def since(ran: Run, kind: str) -> int:
    return len(ran.times(kind, since=2.0))


def lines(ran: Run, *words: str) -> list[str]:
    kept = ran.recording
    text = log_lines(kept.events, log_names(kept), "0.9", kept.releases, kept.log)
    return [line for line in text if all(word in line for word in words)]


def test_one_dead_message_of_the_highest_incarnation_evicts_a_member() -> None:
    """Its refutation wraps to 0, so that nobody believes it, in any release (memberlist#358).

    Five real agents of 0.9.4 had the victim failed after two minutes still, and it had refuted as here: five
    times in the first second, and once more after an exchange of state.
    """
    for version in ("0.9", "latest"):
        ran = run(
            9,
            "60s",
            version=version,
            faults=[{"forge": {"dead": "node-03", "incarnation": HIGHEST}, "to": ["node-01"], "at": "2s"}],
        )
        assert {int(ran.events.observer[row]) for row in ran.rows("failed", subject=3).nonzero()[0]} == {
            *range(9)
        } - {3}
        assert ran.times("join", subject=3, since=2.0) == []
        assert ran.summary["detection"]["false_positives"] == 8
        assert ran.summary["convergence"]["views_disagreeing"] == 8


def test_a_dead_message_of_the_current_incarnation_is_refuted() -> None:
    ran = forged({"dead": "node-03"}, "7s")
    assert since(ran, "refute_dead") == 1
    assert {int(ran.events.observer[row]) for row in ran.rows("failed", subject=3).nonzero()[0]} == {
        int(ran.events.observer[row]) for row in ran.rows("join", subject=3, since=2.0).nonzero()[0]
    }
    assert lines(ran, "node-03 [WARN] memberlist: Refuting a dead message (from: node-07)")


EFFECTS: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "a suspicion": ({"suspect": "node-03"}, {"suspect_heard": 8, "refute_suspect": 1, "failed": 0}),
    "a leave in another's name": (
        {"dead": "node-03", "from": "node-03"},
        {"member_left": 7, "refute_dead": 1},
    ),
    "another address": (
        {"alive": "node-03", "incarnation": "next", "address": "10.0.9.9:7946"},
        {"conflict": 1, "join": 0},
    ),
    "other tags": (
        {"alive": "node-03", "incarnation": 9, "tags": {"role": "db"}},
        {"update": 16, "refute_alive": 1},
    ),
    "a state of left": ({"push_pull": {"node-03": "left"}}, {"member_left": 7, "refute_dead": 1}),
    "a leave intent": ({"leave": "node-03"}, {"leaving": 8}),
    "an old join intent": ({"join": "node-03", "ltime": 1}, {"status": 0}),
    "bytes of no message": ({"user": "100B"}, {"failed": 0}),
    "an unexpected ack": ({"ack": 77}, {"failed": 0}),
    "an unexpected nack": ({"nack": 77}, {"failed": 0}),
    "a member that nobody knows": ({"dead": "ghost", "allow_unknown": True}, {"failed": 0}),
    "a member made up": (
        {"alive": "ghost", "address": "10.0.0.99", "allow_unknown": True},
        {"join": 9, "failed": 9},
    ),
    "a made-up entry": ({"push_pull": {"ghost": "alive"}, "allow_unknown": True, "joins": True}, {"join": 9}),
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_forged_message_has_the_effect_of_a_real_one(effect: str) -> None:
    message, counts = EFFECTS[effect]
    ran = forged(message, "20s" if counts.get("failed") else "7s")
    assert {kind: since(ran, kind) for kind in counts} == counts


def test_the_log_names_a_member_that_was_made_up() -> None:
    message = {"alive": "ghost", "address": "10.0.0.99", "allow_unknown": True}
    assert lines(forged(message, "4s"), "node-05 [INFO] serf: EventMemberJoin: ghost 10.0.0.99")


def test_a_member_that_moved_is_sent_to_where_it_is() -> None:
    move = {"move": ["node-01"], "address": "10.0.9.9", "at": "0s", "restart": "1s"}
    ran = forged({"ping": "node-03"}, "3s", faults=[move])
    assert lines(ran, "node-01 [WARN] memberlist: Got ping for unexpected node 'node-03'")


def test_a_member_may_be_named_with_fewer_digits_than_it_has() -> None:
    scenario = serfsim.Scenario(
        cluster={"nodes": 101, "start": {"converged": True}},
        warm_up="1s",
        duration="10s",
        faults=[{"forge": {"dead": "node-01", "incarnation": 4294967295}, "from": "node-02", "at": "1s"}],
    )
    failed = serfsim.run(scenario).member_events
    assert set(failed[failed["kind"] == "failed"]["subject"]) == {"node-001"}


def test_a_forged_event_is_delivered_to_everybody() -> None:
    ran = forged({"event": "deploy", "payload": "10B"}, "5s")
    kept = ran.recording.deliveries
    assert [item.name for item in kept.items] == ["deploy"]
    assert len({int(node) for node in kept.node}) == 9


def test_a_ping_for_somebody_else_is_logged() -> None:
    ran = forged({"ping": "node-03"}, "3s")
    assert lines(ran, "node-01 [WARN] memberlist: Got ping for unexpected node 'node-03' from=10.0.0.8:7946")


@pytest.mark.parametrize(
    ("sender", "key", "gets_through"),
    [
        ("node-07", "own", True),
        ("node-07", "none", False),
        ("node-07", KEY, True),
        (OUTSIDE, "own", False),
        (OUTSIDE, OTHER, False),
        (OUTSIDE, KEY, True),
    ],
)
def test_an_encrypted_cluster_believes_whoever_has_its_key(sender: str, key: str, gets_through: bool) -> None:
    message = {"dead": "node-03", "incarnation": HIGHEST}
    ran = forged(message, "3s", config={"encrypt_key": KEY}, key=key, **{"from": sender})
    assert (since(ran, "failed") > 0) == gets_through
    address = "10.0.0.8:7946" if sender == "node-07" else f"{OUTSIDE}:7946"
    words = ("node-01 [ERR] memberlist: Decrypt packet failed: ", f" from={address}")
    assert bool(lines(ran, *words)) != gets_through


def test_an_exchange_without_the_key_is_refused() -> None:
    message = {"push_pull": {"node-03": "left"}}
    assert since(forged(message, "4s", config={"encrypt_key": KEY}), "member_left") > 0
    refused = forged(message, "4s", config={"encrypt_key": KEY}, key="none")
    assert since(refused, "member_left") == 0
    assert lines(refused, "node-01 [ERR] memberlist: failed to receive: ")


BLOCK: dict[str, Any] = {"block": "udp", "nodes": ["node-01"]}
STOPPED: dict[str, tuple[dict[str, Any], bool]] = {
    "a block around the target": (BLOCK, True),
    "one of what comes in": (BLOCK | {"direction": "in"}, True),
    "one of what goes out": (BLOCK | {"direction": "out"}, False),
    "one of another transport": (BLOCK | {"block": "tcp"}, False),
    "one around another": (BLOCK | {"nodes": ["node-02"]}, False),
    "one between the target and another": ({"block": "udp", "between": [["node-01", "node-02"]]}, False),
    "all loss": ({"loss": "100%", "nodes": ["node-01"]}, True),
    "a partition": ({"partition": [["node-01", "node-02"], ["node-00", "node-03"]]}, True),
    "a partition of others": ({"partition": [["node-04"], ["node-05"]]}, False),
}


@pytest.mark.parametrize("kind", STOPPED)
def test_faults_around_the_target_and_partitions_stop_an_outsider(kind: str) -> None:
    fault, is_stopped = STOPPED[kind]
    assert bool(lines(run_forged_ping(faults=[fault]), *PINGED)) != is_stopped


def test_the_networks_loss_and_the_targets_nat_stop_an_outsider() -> None:
    assert lines(run_forged_ping(), *PINGED)
    assert not lines(run_forged_ping(network={"loss": {"udp": "100%"}}), *PINGED)
    for forward in (True, False):
        inside = {"nodes": ["node-01"], "nat": {"forward": forward}, "advertise": "outside"}
        assert bool(lines(run_forged_ping(groups={"inside": inside}), *PINGED)) == forward


def test_an_outsider_is_kept_out_by_the_allowed_networks() -> None:
    message = {"alive": "node-03", "incarnation": 9, "tags": {"a": "b"}}
    config = {"cidrs_allowed": ["10.0.0.0/8"]}
    assert since(forged(message, "4s", config=config, **{"from": OUTSIDE}), "update") == 0
    assert since(forged(message, "4s", config=config), "update") > 0


def test_an_alive_message_brings_a_dead_member_back_until_it_fails_again() -> None:
    ran = forged(
        {"alive": "node-03", "incarnation": "next"}, "90s", faults=[{"crash": ["node-03"]}], at="30s"
    )
    found = ran.summary["detection"]
    assert found["revivals"] == 8
    assert 4.0 < found["revived_s"]["mean"] < 25.0


def test_a_forged_message_is_sent_each_time_and_by_random_choice_of_its_targets() -> None:
    fault = {"forge": {"suspect": "node-03"}, "to": 3, "at": "2s", "every": "2s", "times": 3}
    runs = [run(9, "12s", 5, faults=[fault]) for _ in range(2)]
    assert runs[0].summary["digest"] == runs[1].summary["digest"]
    assert since(runs[0], "refute_suspect") == 3


MISTAKES = {
    "about nobody": ("dead: ghost", "dead: found 'ghost'; ", "allow_unknown: true"),
    "by nobody": ("dead: node-01, from: ghost", "from: found 'ghost'; ", "allow_unknown: true"),
    "a state of nobody": (
        "push_pull: {ghost: dead}",
        "push_pull.ghost: found 'ghost'; ",
        "allow_unknown: true",
    ),
    "a kind that does not exist": ("deed: node-01", "deed: found an unknown key; ", "did you mean dead?"),
    "two kinds": ("dead: node-01, alive: node-01", ": found dead and alive; ", "one of dead"),
    "no kind": ("incarnation: 4", ": found none of them; ", "one of dead"),
    "an incarnation too high": (
        "dead: node-01, incarnation: 4294967296",
        "incarnation: found 4294967296; ",
        "from 0 to 4294967295, current or next",
    ),
    "an incarnation below 0": ("dead: node-01, incarnation: -1", "incarnation: found -1; ", "from 0"),
    "a state that does not exist": (
        "push_pull: {node-01: gone}",
        "push_pull.node-01: found 'gone'; ",
        "dead or left",
    ),
    "a key of another kind": (
        "dead: node-01, tags: {a: b}",
        "tags: found `tags`; ",
        "of from or incarnation",
    ),
    "no address": ("alive: node-01, address: nowhere", "address: found 'nowhere'; ", "10.0.9.9"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_forged_message_says_where_it_is_and_what_helps(mistake: str) -> None:
    given, found, expected = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 3}}\nfaults:\n- forge: {{{given}}}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3: faults[0].forge")
    assert found in message
    assert expected in message


@pytest.mark.parametrize(
    ("given", "found", "expected"),
    [
        ("from: nobody", "from: found 'nobody'; ", "a node"),
        ("from: '300.1.1.1:7946'", "from: found '300.1.1.1:7946'; ", "198.51.100.7:7946"),
        ("to: [ghost]", "to[0]: found 'ghost'; ", "a node or a group"),
        ("key: abc", "key: found ", "base64"),
        ("for: 5s", "for: found `for`; ", "no `for`"),
    ],
)
def test_a_mistake_beside_a_forged_message_says_where_it_is(given: str, found: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 3}}\nfaults:\n- {{forge: {{dead: node-01}}, {given}}}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith(f"f.yaml:3: faults[0].{found}")
    assert expected in message


def test_an_outsider_opens_no_connection() -> None:
    with pytest.raises(ScenarioError, match=r"faults\[0\]\.from: found '198.51.100.7'; expected a member"):
        loads("faults:\n- {forge: {push_pull: {node-01: dead}}, from: 198.51.100.7}\n", "f.yaml")
