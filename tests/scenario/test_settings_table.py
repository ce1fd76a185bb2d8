"""One table of settings: all that is said of a setting elsewhere follows from its row."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.engine.queue import EventQueue
from serfsim.engine.trace import Trace
from serfsim.native import Random, vec
from serfsim.network.host import Host
from serfsim.network.latency import MatrixLatency
from serfsim.network.network import Network
from serfsim.protocol.memberlist.config import MEMBERLIST_SETTINGS, MemberlistConfig
from serfsim.protocol.serf.config import AGENT_SETTINGS, SERF_SETTINGS, SerfConfig
from serfsim.protocol.settings import MODELLED, NOT_MODELLED, PROFILES, Setting
from serfsim.protocol.versions import RELEASES, ReleaseFeatures
from serfsim.protocol.vivaldi.config import COORDINATE_SETTINGS, CoordinateConfig
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.network import Network as ScenarioNetwork
from serfsim.scenario.settings import SETTINGS, Settings, setting_rows
from serfsim.scenario.units import read_duration

PACKAGE = Path(serfsim.__file__).parent
CONFIGS = {
    "protocol/memberlist/config.py": (MEMBERLIST_SETTINGS, MemberlistConfig),
    "protocol/serf/config.py": (SERF_SETTINGS + AGENT_SETTINGS, SerfConfig),
    "protocol/vivaldi/config.py": (COORDINATE_SETTINGS, CoordinateConfig),
}
# Attributes of the configurations that are no settings: the release, and what is worked out.
NO_SETTINGS = {"features", "allowed_networks", "checks", "own", "members"}
# What a configuration is called where it is read.
OWNERS = {"config", "settings"}
SIMULATED = ("protocol/", "network/", "engine/", "simulation/", "results/", "scenario/faults/")
LIVE = ("live/agent/",)


def attributes_of(config: object) -> set[str]:
    """Its attributes; a compiled object has no dictionary to ask for them."""
    names = {name for name in dir(config) if not name.startswith("_")}
    return {name for name in names if not callable(getattr(config, name))} - NO_SETTINGS


def reads_in(folders: tuple[str, ...]) -> set[str]:
    """Every name that is read off something called config or settings in the sources of these folders.

    In the classes themselves it is `self` whose methods read.
    """
    found = set()
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).as_posix()
        if not name.startswith(folders):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                owner = node.value
                called = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if called.split("_")[-1] in ({"self"} if name in CONFIGS else OWNERS):
                    found.add(node.attr)
    return found


@pytest.mark.parametrize("file", CONFIGS)
def test_the_machines_have_exactly_the_attributes_of_the_table(file: str) -> None:
    rows, config = CONFIGS[file]
    assert {row.attribute for row in rows if row.attribute} == attributes_of(config())


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("profile", PROFILES)
def test_machines_and_scenarios_have_the_defaults_of_the_table(profile: str, release: str) -> None:
    features = ReleaseFeatures(release)
    settings = Cluster(profile=profile, version=release).config
    machines: list[tuple[tuple[Setting, ...], object]] = [
        (MEMBERLIST_SETTINGS, MemberlistConfig(features, profile)),
        (SERF_SETTINGS + AGENT_SETTINGS, SerfConfig(features)),
        (COORDINATE_SETTINGS, CoordinateConfig()),
    ]
    for rows, machine in machines:
        for row in rows:
            default = row.default_in(profile, release)
            assert getattr(settings, row.name) == default
            assert type(getattr(settings, row.name)) is type(default)
            if row.attribute:
                assert getattr(machine, row.attribute) == (-1 if default is None else default)


def test_no_two_settings_share_a_name() -> None:
    rows = (*MEMBERLIST_SETTINGS, *SERF_SETTINGS, *AGENT_SETTINGS, *COORDINATE_SETTINGS)
    assert len(SETTINGS) == len(rows)
    assert list(SETTINGS) == list(Settings.model_fields)


def test_what_is_modelled_is_read_in_a_simulation_and_nothing_else_is() -> None:
    simulated = reads_in(SIMULATED)
    live = reads_in(LIVE)
    for name, row in SETTINGS.items():
        read_as = row.name  # where the machines have another name, the simulation reads it by its own
        if row.modelled == MODELLED:
            assert read_as in simulated, f"{name}: nothing in a simulation reads it"
        else:
            assert read_as not in simulated, f"{name}: a simulation reads it"
            assert row.instead, f"{name}: what does its work in a simulation?"
            assert read_as not in live, name
    assert {row.modelled for row in SETTINGS.values()} == {MODELLED, NOT_MODELLED}


def test_every_setting_is_described_in_the_schema() -> None:
    properties = Settings.model_json_schema()["properties"]
    assert list(properties) == list(SETTINGS)
    for name, row in SETTINGS.items():
        description = properties[name]["description"]
        assert description.startswith(row.meaning)
        assert row.meaning.endswith(".")
        assert row.rule == "" or row.rule.endswith(".")
        assert ("Not modelled: " in description) == (row.modelled != MODELLED)


def test_the_rows_of_the_reference_say_the_defaults_as_a_file_has_them() -> None:
    rows = {row["name"]: row for row in setting_rows()}
    assert list(rows) == list(SETTINGS)
    assert rows["probe_timeout"]["defaults"] == {"lan": "500ms", "wan": "3s", "local": "200ms"}
    assert (rows["probe_timeout"]["type"], rows["probe_timeout"]["unit"]) == ("duration", "s")
    assert rows["gossip_nodes"]["unit"] == "members"
    assert rows["suspicion_mult"]["releases"] == {"before memberlist 0.1.1": "5"}
    assert rows["leave_continues"]["releases"] == {"from 0.9.7 on": "true"}
    assert rows["probe_interval"]["constraint"] == "100us to 365d, or 0s"
    assert rows["bind_port"]["constraint"] == "0 to 65535"
    assert rows["gravity_rho"]["constraint"] == "more than 0"
    assert rows["bind_port"]["modelled"] == NOT_MODELLED
    assert rows["encrypt_key"]["constraint"].startswith("a key of 16, 24 or 32 bytes in base64")
    for row in rows.values():
        assert all(row[key] for key in ("type", "defaults", "meaning", "constraint", "layer", "modelled"))
        for profile, text in row["defaults"].items():
            value: Any = text if row["type"] != "duration" else read_duration(text)
            default = SETTINGS[row["name"]].default_in(profile)
            assert value == default or row["type"] != "duration"


def test_every_default_lies_within_its_own_bounds() -> None:
    for profile in PROFILES:
        for release in RELEASES:
            for name, row in SETTINGS.items():
                value = row.default_in(profile, release)
                if row.kind.low is None or value is None or (row.kind.or_zero and value == 0):
                    continue
                assert isinstance(value, (int, float)), name
                assert row.kind.low <= value <= (math.inf if row.kind.high is None else row.kind.high), name


def test_the_network_and_a_scenario_have_the_same_defaults() -> None:
    """Parts of the network may be made without a scenario, and their package may not import it."""
    words = ScenarioNetwork()
    network = Network(EventQueue(), Trace(0.0, 1), MatrixLatency(1, vec[float]([0.0])), 1)
    host = Host(network, 0, *(Random(1) for _ in range(3)))
    assert network.mtu == words.mtu
    assert network.bandwidth == (words.bandwidth or 0.0)
    assert (network.tcp.mss, network.tcp.rto_min) == (words.tcp.mss, words.tcp.rto_min)
    assert network.tcp.linear_syn_retries == (words.tcp.syn_retries == "linear")
    assert host.buffer.size == words.socket_buffer
    assert host.listener.timeout == SETTINGS["tcp_timeout"].default
    assert host.listener.max_push_pulls == SETTINGS["max_push_pull_requests"].default
