"""Grafana's fork of memberlist, and the settings of dskit: product mimir-3 (spec releases.md section 4)."""

from __future__ import annotations

import pytest

from serfsim import Simulation
from serfsim.base.errors import ScenarioError
from serfsim.protocol.memberlist.core import MOST_PARTS
from serfsim.protocol.memberlist.gate import Gate
from serfsim.protocol.memberlist.messages import GOSSIP, PING, Packet, UserMessage
from serfsim.protocol.memberlist.seal import Seal
from serfsim.protocol.runtime import Runtime
from serfsim.protocol.versions import ReleaseFeatures, layers_of
from serfsim.scenario import Scenario, loads

ORIGINAL = ("0.10.2", "0.5.3", "0.5.4", "0.6.0")


def member(**cluster: object) -> object:
    """The memberlist of one of two members, at the end of a second."""
    words = {"nodes": 2, "start": {"converged": True}} | cluster
    sim = Simulation(Scenario(cluster=words, duration="1s", warm_up="1s"), 1)
    sim.run()
    return sim.nodes[0].memberlist


def test_mimir_runs_the_fork_under_the_settings_of_dskit() -> None:
    config = Scenario(cluster={"product": "mimir-3"}).cluster.config
    assert layers_of("mimir-3") == ("0.10.2", "0.5.3-grafana")
    assert (config.packet_transport, config.disable_tcp_pings) == ("tcp", True)
    assert (config.probe_interval, config.probe_timeout, config.tcp_timeout) == (5.0, 2.0, 2.0)
    assert (config.packet_dial_timeout, config.packet_write_timeout) == (0.5, 0.5)
    assert (config.max_concurrent_writes, config.acquire_writer_timeout) == (5, 1.0)
    assert config.udp_buffer_size == 10 * 1024 * 1024
    assert (config.gossip_interval, config.gossip_nodes, config.push_pull_interval) == (0.2, 3, 30.0)


def test_queue_ids_go_on_in_the_fork_alone() -> None:
    for version, ids in (("0.5.3-grafana", "continue"), ("0.5.3", "restart"), ("0.5.4", "restart")):
        words = {"serf": "0.10.2", "memberlist": version}
        assert Scenario(cluster=words).cluster.config.queue_ids == ids
    assert Scenario(cluster={"product": "mimir-3"}).cluster.config.queue_ids == "continue"


def test_no_release_of_the_original_has_a_rule_of_the_fork() -> None:
    assert ReleaseFeatures("mimir-3").splits_all
    assert ReleaseFeatures("mimir-3").ignores_labels
    for memberlist in ORIGINAL[1:]:
        features = ReleaseFeatures(f"0.10.2 with memberlist {memberlist}")
        assert not features.splits_all
        assert not features.ignores_labels
    assert not ReleaseFeatures("mimir-3").exhaustive_choice  # of 0.6.0


@pytest.mark.parametrize(("memberlist", "error"), [("0.5.3-grafana", ""), ("0.5.3", "unexpected double")])
def test_who_skips_the_check_of_labels_lets_any_in_with_the_fork_alone(memberlist: str, error: str) -> None:
    words = {"serf": "0.10.2", "memberlist": memberlist, "config": {"skip_inbound_label_check": True}}
    gate: Gate = member(**words, label="own").own_gate()  # type: ignore[attr-defined]
    packet = Packet(PING, 1, 50)
    for label in (b"", b"own", b"other"):
        packet.seal = Seal(b"", 1, label)
        assert gate.admits(packet, 1, 2.0) == (error == "" or label == b"")
        assert gate._label_error(packet.seal, "packet").startswith(error if label else "")


class Sent(Runtime):
    """A way out that keeps what is sent."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []

    def send_packet(self, address: int, packet: Packet, now: float) -> bool:
        self.packets.append(packet)
        return True


@pytest.mark.parametrize(("memberlist", "parts"), [("0.5.3-grafana", [254, 255, 91]), ("0.5.3", [600])])
def test_a_ping_with_more_messages_than_a_compound_counts_is_split(memberlist: str, parts: list[int]) -> None:
    config = {"packet_transport": "tcp", "udp_buffer_size": "1MiB", "enable_compression": False}
    core = member(serf="0.10.2", memberlist=memberlist, config=config).core  # type: ignore[attr-defined]
    core.sender = sent = Sent()
    for name in range(600):
        core.broadcasts.queue(UserMessage(0, 0, 100), name, 0)
    core.send(1, Packet(PING, 7, 50), 2.0)
    assert [packet.broadcast_count for packet in sent.packets] == parts
    assert [packet.kind for packet in sent.packets] == [PING, *[GOSSIP] * (len(parts) - 1)]
    sizes = [2 + 102 * count for count in parts]
    sizes[0] += 52  # the ping, and its length
    assert [packet.size for packet in sent.packets] == sizes
    assert max(parts) <= MOST_PARTS or memberlist == "0.5.3"


def test_packets_above_what_a_datagram_holds_need_tcp() -> None:
    with pytest.raises(ScenarioError, match=r"udp_buffer_size: .*packet_transport: tcp"):
        loads("cluster: {nodes: 3, config: {udp_buffer_size: 1MiB}}\nduration: 1m\n")
    assert loads(
        "cluster: {nodes: 3, config: {udp_buffer_size: 1MiB, packet_transport: tcp}}\nduration: 1m\n"
    )


def test_a_cluster_of_mimir_finds_a_dead_member_in_dskits_time() -> None:
    words = {"nodes": 10, "product": "mimir-3", "start": {"converged": True}}
    fault = {"crash": ["node-03"], "at": "5s"}
    result = Simulation(Scenario(cluster=words, duration="2m", warm_up="5s", faults=[fault]), 1).run()
    found = result.summary["detection"]
    assert found["missed"] == found["false_positives"] == 0
    assert 20.0 < found["first_s"]["max"] < 40.0
    pings = result.summary["traffic"]["by_type"]["tcp_ping"]
    assert pings["messages_per_node_s"] == pytest.approx(0.2, rel=0.2)
