"""Nodes of any release in a test's hand."""

from __future__ import annotations

from dataclasses import dataclass

from serfsim.native import Random
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.versions import RELEASES, ReleaseFeatures
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.settings import Settings
from serfsim.simulation.configs import coordinate_config, memberlist_config, serf_config
from tests.memberlist.harness import Hand
from tests.serf.harness import SerfHand


def settings_of(release: str) -> Settings:
    """The defaults of a release, with another memberlist where the name says so."""
    serf, _, memberlist = release.partition(" with memberlist ")
    return Cluster(version=serf, memberlist=memberlist or None).config


def config_of(release: str) -> MemberlistConfig:
    return memberlist_config(settings_of(release), ReleaseFeatures(release))


def serf_config_of(release: str) -> SerfConfig:
    return serf_config(settings_of(release), ReleaseFeatures(release))


def coordinates_of(release: str) -> CoordinateConfig:
    return coordinate_config(settings_of(release), ReleaseFeatures(release), {}, 2)


def record_of(node: int, name: str, release: str) -> NodeIdentity:
    """What a node of a release says of itself."""
    features = ReleaseFeatures(release)
    return NodeIdentity(
        node,
        node,
        len(name),
        protocol=(1, features.protocol_max, 2),
        delegate=(2, features.delegate_max, settings_of(release).protocol_version),
    )


def since(first: str) -> list[bool]:
    """Which releases are no older than `first`, in order."""
    return [RELEASES.index(release) >= RELEASES.index(first) for release in RELEASES]


@dataclass
class ReleaseHand(Hand):
    """A node of `release` among `others` of the release `peers`, its own unless given."""

    release: str = "0.9"
    peers: str = ""

    def __post_init__(self) -> None:
        self.config = config_of(self.release)
        self.directory = Directory()
        names = ["me", "peer", *(f"p{i}" for i in range(self.others - 1))]
        for node, name in enumerate(names):
            release = self.release if node == 0 else self.peers or self.release
            self.directory.add_record(name, record_of(node, name, release))
        self.me = self.directory.first[0]
        self.node = Memberlist(
            self.config, self.me, self.directory, self.runtime, self.delegate, Random(self.seed)
        )


def serf_hand(release: str, others: int = 4, knowing: int = 0) -> SerfHand:
    """A Serf node of `release`; what it says of itself is not of that release."""
    return SerfHand(
        others=others,
        knowing=knowing,
        config=serf_config_of(release),
        memberlist_config=config_of(release),
    )
