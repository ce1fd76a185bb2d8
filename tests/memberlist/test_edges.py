"""First members, equal bounds, and the lengths of states at which memberlist warns and refuses."""

from __future__ import annotations

import pytest

from serfsim.base.errors import SerfsimError
from serfsim.native import i32, i64, vec
from serfsim.protocol import log_lines
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.messages import GOSSIP, Packet
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.memberlist.seal import STREAM_FRAME
from serfsim.protocol.serf.config import AGENT_SETTINGS
from serfsim.protocol.versions import ReleaseFeatures
from serfsim.protocol.wire.envelope import CRC_HEADER
from serfsim.scenario import Scenario
from tests.memberlist.harness import Hand

MIB = 1024 * 1024


def test_versions_at_their_own_bounds_are_consistent() -> None:
    assert NodeIdentity(0, 0, 1, protocol=(2, 2, 2), delegate=(5, 5, 5)).is_consistent()
    assert not NodeIdentity(0, 0, 1, delegate=(2, 4, 5)).is_consistent()
    assert not NodeIdentity(0, 0, 1, protocol=(3, 5, 2)).is_consistent()


def test_the_first_member_is_found_at_its_address() -> None:
    directory = Directory()
    directory.add("a", 0)
    assert [directory.at_address(address) for address in (0, 1, -1)] == [0, -1, -1]


def test_addresses_of_other_kinds_have_numbers_of_their_own() -> None:
    directory = Directory()
    asked = [(b"\x20\x01" + bytes(14), 7946), (b"\x20\x02" + bytes(14), 7946), (b"\x20\x01" + bytes(14), 1)]
    numbers = [directory.address_number(*one) for one in asked]
    assert len(set(numbers)) == 3
    assert [directory.address_number(*one) for one in asked] == numbers


@pytest.mark.parametrize(
    ("size", "accepted", "warned"),
    [
        (12 * MIB, True, False),
        (12 * MIB + 1, True, True),
        (20 * MIB, True, True),
        (20 * MIB + 1, False, False),
    ],
)
def test_an_encrypted_state_is_warned_of_above_12_mib_and_refused_above_20(
    size: int, accepted: bool, warned: bool
) -> None:
    config = MemberlistConfig(ReleaseFeatures("latest"))
    config.encryption_overhead = 29
    hand = Hand(config=config).start()
    remote = PushPull(False, None)
    remote.size = size + STREAM_FRAME
    assert hand.node.merger.merge(remote, False, 0.0) == accepted
    assert (log_lines.LARGE_STATE in [line for _, line, _ in hand.runtime.lines]) == warned


def test_a_refused_state_names_the_version_and_the_bounds_of_its_first_misfit() -> None:
    hand = Hand().start()
    remote = PushPull(False, None)
    remote.nodes = vec[i32]([i32(1), i32(2)])
    remote.keys = vec[i64]([i64(4), i64(4)])
    strange = NodeIdentity(2, 2, 2, protocol=(1, 5, 9))
    remote.records = {2: strange}
    assert not hand.node.merger.merge(remote, False, 0.0)
    assert hand.node.merger.error == "Node 'p0' protocol version (9) is incompatible: [1, 5]"


@pytest.mark.parametrize(("release", "longer"), [("0.7.0", 0), ("0.9.4", CRC_HEADER)])
def test_a_checksum_is_sent_by_who_can_to_who_can_read_it(release: str, longer: int) -> None:
    config = MemberlistConfig(ReleaseFeatures(release))
    config.enable_compression = False
    hand = Hand(config=config).start()
    new = hand.directory.first[1]
    old = NodeIdentity(2, 2, 2, protocol=(1, 4, 2))
    for target, more in ((new, longer), (old, 0)):
        hand.runtime.sent.clear()
        hand.node.core.send_raw(target, Packet(GOSSIP, 0, 100), 0.0)
        ((_, packet),) = hand.runtime.sent
        assert packet.size == 100 + more


def test_checks_of_labels_and_snapshots_are_as_in_an_agent_without_configuration() -> None:
    config = MemberlistConfig()
    assert not config.skip_inbound_label_check
    assert config.gossip_verify_incoming
    assert config.gossip_verify_outgoing
    (snapshot,) = [row for row in AGENT_SETTINGS if row.name == "snapshot"]
    assert snapshot.default is False


def test_gravity_that_pulls_at_no_distance_is_refused() -> None:
    with pytest.raises(SerfsimError, match="gravity_rho"):
        Scenario(cluster={"nodes": 2, "config": {"gravity_rho": 0}}, duration="5s")
