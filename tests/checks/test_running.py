"""A run with checks: the same run, with a list of what broke a rule."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim import Simulation
from serfsim.checks import CHECKERS, Violation
from serfsim.checks.rules import SOURCES
from serfsim.cli.app import app
from serfsim.engine.trace import Trace
from serfsim.network.journal import Journal
from serfsim.protocol.memberlist.messages import PING, Packet
from serfsim.protocol.runtime import Machine
from serfsim.protocol.vivaldi.client import Client
from serfsim.results.violations import from_json, to_json
from tests.checks.breaking import broken, engine_now, scenario

BUSY = {
    "network": {"loss": {"udp": "10%"}},
    "faults": [
        {"at": "3s", "crash": "node-02", "restart": "12s"},
        {"at": "4s", "pause": "node-03", "for": "3s"},
    ],
    "workload": [
        {"at": "6s", "event": "deploy", "from": "node-01"},
        {"at": "7s", "query": "uptime", "from": "node-00"},
    ],
}


def test_checks_change_no_digest() -> None:
    made = scenario(**BUSY)
    assert serfsim.run(made, check=True).summary["digest"] == serfsim.run(made, check=False).summary["digest"]


def test_checks_change_no_digest_of_a_pool() -> None:
    made = scenario(cluster={"pools": {"wan": {"members": ["node-00", "node-01", "node-02"]}}})
    with_checks, without = serfsim.run(made, check=True), serfsim.run(made, check=False)
    assert with_checks.pools["wan"].summary["digest"] == without.pools["wan"].summary["digest"]


def test_a_capture_is_the_same_with_checks(tmp_path: Path) -> None:
    made = scenario(nodes=3, duration="5s", record={"packets": "pcap"})
    contents = []
    for check in (True, False):
        serfsim.run(made, check=check).save(tmp_path / str(check), figures=False)
        contents.append((tmp_path / str(check) / "capture.pcap").read_bytes())
    assert contents[0] == contents[1]


def test_a_run_without_checks_has_no_taps() -> None:
    sim = Simulation(scenario(), check=False)
    assert type(sim.network.hosts[0].journal) is Trace
    assert sim.network.capture is None
    assert sim.checks is None


@pytest.mark.parametrize(("interface", "place"), [(Journal, "journal"), (Machine, "machine")])
def test_a_tap_hands_on_all_that_it_does_not_look_at(interface: type, place: str) -> None:
    sim = Simulation(scenario(), check=True)
    sim.env.run(until=1.0)
    tap = getattr(sim.network.hosts[0], place)
    verbs = {name for name in vars(interface) if not name.startswith("_")}
    assert verbs
    assert verbs <= {*vars(type(tap))}


@pytest.mark.parametrize("word", ["1", "0"])
def test_the_environment_asks_for_checks(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERFSIM_CHECK", word)
    assert (Simulation(scenario()).checks is not None) == (word == "1")


def test_a_healthy_run_violates_nothing() -> None:
    result = serfsim.run(scenario(**BUSY), check=True)
    assert result.is_checked
    assert result.violations == []
    assert result.summary["violations"] == {}


def test_each_rule_has_a_name_and_a_sentence() -> None:
    assert len(CHECKERS) >= 6
    for name, kind in CHECKERS.items():
        assert name == kind.name
        assert kind.rule[0].islower()


class Flat(Client):
    """Forgets that heights are positive."""

    def update(self, peer, other, rtt_ns):  # type: ignore[no-untyped-def]
        verdict = super().update(peer, other, rtt_ns)
        self.coordinate.height = 0.0
        return verdict


def test_violations_are_stored_with_the_result(tmp_path: Path) -> None:
    result = Simulation(scenario(), parts={"coordinates": Flat}, check=True).run()
    assert result.violations
    result.save(tmp_path / "broken", figures=False)
    opened = serfsim.open_result(tmp_path / "broken")
    assert opened.violations == result.violations
    stored = json.loads((tmp_path / "broken" / "violations.json").read_text())
    assert {row["rule"] for row in stored} == {"coordinates_valid"}
    assert {row["member"] for row in stored} <= {f"node-0{number}" for number in range(5)}


def test_a_result_without_checks_stores_no_violations(tmp_path: Path) -> None:
    serfsim.run(scenario(), check=False).save(tmp_path / "plain", figures=False)
    assert not (tmp_path / "plain" / "violations.json").exists()
    assert not serfsim.open_result(tmp_path / "plain").is_checked


def test_the_guide_lists_the_rules_that_exist() -> None:
    page = Path(serfsim.__file__).parents[1] / "docs" / "howto" / "checks.md"
    listed = re.findall(r"^\| `\w+` \|.*", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert listed == [f"| `{name}` | {kind.rule} | {SOURCES[name]} |" for name, kind in CHECKERS.items()]


def test_violations_survive_a_file() -> None:
    listed = [
        Violation("a", "node-00", 1.5, "ping 3", "said so"),
        Violation("b", "", 2.0, "", "x", "D4", "wan"),
    ]
    assert from_json(to_json(listed)) == listed


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"rule": "a"}]', "nothing"])
def test_a_file_that_holds_no_violations_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|Expecting"):
        from_json(text)


BREAKING = "from serfsim.protocol.vivaldi.client import Client\n\n" + inspect.getsource(Flat)


def test_the_command_prints_each_violation_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "flat.py").write_text(BREAKING)
    file = tmp_path / "flat.yaml"
    file.write_text("duration: 5s\ncluster: {nodes: 3}\ncode: {parts: {coordinates: 'flat:Flat'}}\n")
    common = ["run", str(file), "--quiet", "--allow-code", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, common).exit_code == 0
    ended = CliRunner().invoke(app, [*common, "--check"])
    assert ended.exit_code == 1
    assert "coordinates_valid: node-00 at" in ended.output


def test_the_command_is_content_where_nothing_is_violated(tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text("duration: 5s\ncluster: {nodes: 3}\n")
    ended = CliRunner().invoke(app, ["run", str(file), "--quiet", "--check", "--out", str(tmp_path / "out")])
    assert ended.exit_code == 0, ended.output


def test_a_violation_names_member_time_packet_and_rule() -> None:
    def act(sim: Simulation) -> None:
        sim.network.capture.datagram(engine_now(sim), engine_now(sim), 0, 1, Packet(PING, 7, 60))

    (violation,) = broken(act)
    assert (violation.rule, violation.member) == ("packets_conserved", "node-01")
    assert violation.packet == "ping 7 from node-00"
