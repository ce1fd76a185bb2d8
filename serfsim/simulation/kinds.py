"""The machines of members by kind, Serf's and a rival's, as the simulator uses them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from serfsim.engine.streams import stream
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.results.scoring.recording import QUEUES
from serfsim.rivals.coordinate_table import SERF, coordinate_system
from serfsim.rivals.rival import ALIVE, Rival
from serfsim.rivals.rival_table import rival_protocol
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.coordinate_rivals import client_settings
from serfsim.scenario.rivals import is_rival, machine_settings

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.core import Core
    from serfsim.protocol.serf.node import SerfNode
    from serfsim.scenario.roster import Member
    from serfsim.simulation.agents import Agents

NO_BOUND: Final = 1 << 60
NO_SETTINGS: Final[Mapping[str, float]] = MappingProxyType({})


class MachineKind(Protocol):
    """Machines of one protocol."""

    def create(self, agents: Agents, number: int) -> Any:
        """Create the machine of a member's next process, and set its host's server up."""

    def versions(self) -> dict[str, str]:
        """Return the entries of `versions` in summary.json that name the protocol, none for Serf's."""

    @property
    def system(self) -> str:
        """The name of the coordinate system."""

    def sample(self, node: Any) -> Coordinate | None:
        """Return a machine's sample of its coordinates, None without any."""

    def sample_width(self, agents: Agents) -> int:
        """Return how many numbers the vector of a sample has."""

    def parts(self) -> dict[str, type]:
        """Return the classes that take the place of parts of a Serf node, by part."""

    def depths(self, node: Any) -> tuple[int, ...]:
        """Return the number of messages in each of its QUEUES."""

    def knows(self, node: Any, members: int) -> bool:
        """Return whether it takes so many members, itself included, for alive and no other for known."""


class SerfMachines:
    """Serf's machines with the coordinates of `cluster.coordinates`, and those of memberlist alone."""

    def __init__(self, coordinates: str = SERF, settings: Mapping[str, float] = NO_SETTINGS) -> None:
        self.system = coordinates
        self.coordinates = coordinate_system(coordinates)
        self.settings = settings

    def create(self, agents: Agents, number: int) -> SerfNode:
        node = agents.serf_machine(number, self.settings)
        node.vivaldi.me = int(node.me)
        node.caches_coordinates = agents.cache_coordinates and node.vivaldi.is_told
        member, host = agents.members[number], agents.network.hosts[number]
        host.listener.timeout = node.memberlist.core.config.tcp_timeout
        host.listener.max_push_pulls = most_push_pulls(node.memberlist.core, member)
        node.memberlist.receiver.service_time = member.read_cost.message
        if node.memberlist.writer is not None:
            host.buffer.size = NO_BOUND  # its packets wait in their connections
        return node

    def versions(self) -> dict[str, str]:
        return {} if self.system == SERF else {"coordinates": self.system}

    def sample(self, node: SerfNode) -> Coordinate | None:
        return node.vivaldi.sample()

    def sample_width(self, agents: Agents) -> int:
        dimensionality = max(member.config.dimensionality for member in agents.members)
        return self.coordinates.width(
            {"dimensionality": dimensionality, **self.settings}, len(agents.members)
        )

    def parts(self) -> dict[str, type]:
        return {} if self.system == SERF else {"coordinates": self.coordinates.client}

    def depths(self, node: SerfNode) -> tuple[int, ...]:
        queues = node.queues
        memberlist = node.memberlist.core.broadcasts.depth
        handoff = int(node.memberlist.receiver.handoff.waiting())
        return memberlist, queues.intents.depth, queues.queries.depth, queues.user_events.depth, handoff

    def knows(self, node: SerfNode, members: int) -> bool:
        view = node.members
        return view.count == members and not len(view.failed) and not len(view.left)


class RivalMachines:
    """The machines of a rival, with the settings of `cluster.rival`."""

    def __init__(self, cluster: Cluster) -> None:
        self.protocol = rival_protocol(cluster.protocol)
        self.settings = machine_settings(cluster.protocol, cluster.rival)

    def create(self, agents: Agents, number: int) -> Rival:
        return self.protocol.member(
            number,
            agents.directory,
            agents.network.hosts[number],
            stream(agents.seed, f"{agents.life(number)}/{self.protocol.name}"),
            self.settings,
        )

    def versions(self) -> dict[str, str]:
        return {"protocol": self.protocol.name}

    @property
    def system(self) -> str:
        return SERF

    def sample(self, node: Rival) -> Coordinate | None:
        return node.coordinate()

    def sample_width(self, agents: Agents) -> int:
        return CoordinateConfig().dimensionality

    def parts(self) -> dict[str, type]:
        return {}

    def depths(self, node: Rival) -> tuple[int, ...]:
        return (int(node.waiting()), *[0] * (len(QUEUES) - 1))

    def knows(self, node: Rival, members: int) -> bool:
        return len(node.status) == members - 1 and all(status == ALIVE for status in node.status.values())


def most_push_pulls(core: Core, member: Member) -> int:
    """Return the push/pulls at a time that a member refuses; releases without the limit have one if given."""
    is_limited = core.features.caps_push_pulls or "max_push_pull_requests" in member.given
    return int(core.config.max_push_pull_requests) if is_limited else NO_BOUND


def kind_of(cluster: Cluster) -> MachineKind:
    """Return the kind of a cluster's machines."""
    if is_rival(cluster):
        return RivalMachines(cluster)
    return SerfMachines(cluster.coordinates, client_settings(cluster))
