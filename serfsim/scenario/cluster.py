"""The members of the cluster, their settings, and their start.

Nodes are a number, named node-00 and so on, or a list. Groups name some of them and may set them
differently. `roster.py` works out who is in which group with which settings.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field, Strict, TypeAdapter, model_validator

from serfsim.network.rules import MOST_POOLS
from serfsim.scenario import addresses
from serfsim.scenario.coordinate_rivals import CoordinatesName, coordinate_settings
from serfsim.scenario.cores import OWN_CORES, Cores
from serfsim.scenario.jitter import OneJitter
from serfsim.scenario.keys import KEYRING, LABEL, Keyring, Label
from serfsim.scenario.merge import Merge
from serfsim.scenario.names import (
    ANY_NAME_SCHEMA,
    MEMBER_SCHEMA,
    NAME_SCHEMA,
    NAMES_SCHEMA,
    Name,
    read_member_name,
    read_members,
    read_name,
)
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.rejoin import Rejoin
from serfsim.scenario.releases import (
    OwnMemberlist,
    OwnProduct,
    OwnSerf,
    OwnVersion,
    Software,
    Version,
    release_of,
)
from serfsim.scenario.rivals import ProtocolName, rival_settings
from serfsim.scenario.settings import Overrides, Profile, Settings, complete
from serfsim.scenario.start import Join, Start
from serfsim.scenario.units import (
    SHARE_TEXT,
    Bandwidth,
    ClockRate,
    Duration,
    Kind,
    SignedDuration,
    read_share,
    write_share,
)
from serfsim.scenario.zones import OWN_ROLE, OWN_ZONE, Role, Zone, Zones

MOST_NODES = 100_000
DEFAULT_POOL: Final = "default"  # the cluster's own agents, where an entry names its pool


Tags = dict[str, str]


def _read_pool_name(value: object) -> str:
    name = read_name(value)
    if name == DEFAULT_POOL or "." in name:
        raise invalid(f"a name without '.' other than {DEFAULT_POOL}", value)
    return name


def _read_pool_names(value: object) -> object:
    """Read the pattern of members' names, which tells the nodes apart."""
    rest = value
    for field in ("{node}", "{group}", "{pool}"):
        rest = rest.replace(field, "") if isinstance(rest, str) else rest
    if not isinstance(value, str) or "{node}" not in value or not re.fullmatch(r"[A-Za-z0-9._-]*", str(rest)):
        raise invalid("a pattern with {node} such as '{node}.{group}'", value)
    return value


PoolName = Annotated[str, BeforeValidator(_read_pool_name), Kind("a name without '.'", NAME_SCHEMA)]
PoolMembers = Annotated[
    Any,
    BeforeValidator(read_members),
    Kind("names of nodes or groups, or all", {"anyOf": [{"const": "all"}, *ANY_NAME_SCHEMA, NAMES_SCHEMA]}),
]
"""'all', or tuple[str, ...] of names and patterns."""
PoolNames = Annotated[
    str,
    BeforeValidator(_read_pool_names),
    Kind("a pattern with {node} such as '{node}.{group}'", {"type": "string", "pattern": r"\{node\}"}),
]

_OWN_TAGS: Final = "tags beside those of the cluster and the group; one of the same name takes their place"
_OWN_CONFIG: Final = "settings that differ from those of the cluster or the group"
_OWN_DELAY: Final = "time that it takes over each packet, instead of that of the group or the cluster"
_OWN_CLOCK: Final = "seconds that its clock shows in a second, instead of those of the group or the cluster"
_OWN_KEYRING: Final = f"its {KEYRING}, instead of those of the group or the cluster"
_OWN_LABEL: Final = f"its {LABEL}, instead of that of the group or the cluster"
_OWN_MERGE: Final = "its merge delegate, instead of that of the group or the cluster"
_OWN_JOIN: Final = "whom it joins, as in `start`, instead of those of the group or the cluster"
_OWN_PROFILE: Final = (
    "memberlist's defaults that its settings start from, instead of those of the group or the cluster; what a"
    " `config` gives still holds"
)
_OWN_BANDWIDTH: Final = (
    "rate at which its own link sends and receives, bits a second, instead of the network's; what waits for"
    " it is late and never dropped"
)
_OWN_JITTER: Final = (
    "time that each packet over its own link takes longer, at random, instead of the network's jitter;"
    " between two members with such a link both count"
)


class ReadCost(Part):
    """The processor time that a member's agent spends on what arrives by UDP. Without it none."""

    packet: Duration = Field(
        default=0.0,
        description="time that the listener takes over each packet, one at a time; others wait in the socket",
    )
    message: Duration = Field(
        default=0.0,
        description="time that the worker takes over each alive, suspect, dead or user message, one by one;"
        " others wait in the handoff queues, which hold `handoff_queue_depth` each and drop the rest",
    )


_OWN_COST: Final = "its processor time for packets and messages, instead of that of the group or the cluster"
_OWN_REJOIN: Final = "its periodic joins, instead of those of the group or the cluster"


class Node(Software):
    """One member, by name. What is not given comes from its group, then from the cluster."""

    shorthand: ClassVar = NAME_SCHEMA

    name: Name = Field(description="name of the node")
    group: Name | None = Field(default=None, description="name of the group that it belongs to")
    version: OwnVersion = None
    serf: OwnSerf = None
    memberlist: OwnMemberlist = None
    product: OwnProduct = None
    profile: Profile | None = Field(default=None, description=_OWN_PROFILE)
    tags: Tags = Field(default_factory=dict, description=_OWN_TAGS)
    config: Overrides = Field(default_factory=dict, description=_OWN_CONFIG)
    processing_delay: Duration | None = Field(default=None, description=_OWN_DELAY)
    clock_rate: ClockRate | None = Field(default=None, description=_OWN_CLOCK)
    merge: Merge | None = Field(default=None, description=_OWN_MERGE)
    join: Join | None = Field(default=None, description=_OWN_JOIN)
    bandwidth: Bandwidth | None = Field(default=None, description=_OWN_BANDWIDTH)
    jitter: OneJitter | None = Field(default=None, description=_OWN_JITTER)
    rejoin: Rejoin | None = Field(default=None, description=_OWN_REJOIN)
    keyring: Keyring | None = Field(default=None, description=_OWN_KEYRING)
    label: Label | None = Field(default=None, description=_OWN_LABEL)
    zone: Zone | None = Field(default=None, description=OWN_ZONE)
    role: Role | None = Field(default=None, description=OWN_ROLE)
    address: addresses.Address | None = Field(default=None, description=addresses.NODE_ADDRESS)
    advertise: addresses.Advertised | None = Field(default=None, description=addresses.NODE_ADVERTISE)
    start: SignedDuration | None = Field(default=None, description=addresses.NODE_START)
    read_cost: ReadCost | None = Field(default=None, description=_OWN_COST)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


def _read_membership(value: Any) -> Any:
    """Read a number of nodes, a share such as '20%', or names."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and value.strip().endswith("%"):
        return write_share(read_share(value))
    if isinstance(value, (list, tuple)) and value:
        return tuple(read_member_name(name) for name in value)
    raise invalid("how many nodes, a share such as '20%', or a list of names", value)


_MEMBERSHIP_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": rf"^\s*{SHARE_TEXT}\s*$"},
        {"type": "array", "items": MEMBER_SCHEMA, "minItems": 1},
        {"type": "null"},
    ]
}
Membership = Annotated[
    Any,
    BeforeValidator(_read_membership),
    Kind("how many nodes, a share such as 20%, or a list of names", _MEMBERSHIP_SCHEMA),
]
"""int, '20%' or tuple[str, ...]; None when the nodes themselves name their group."""


class Group(Software):
    """Some of the nodes, under one name, perhaps set differently."""

    nodes: Membership = Field(
        default=None,
        description="its nodes: so many or such a share of those without a group, in order of number, or"
        " their names; none where the nodes themselves name the group",
    )
    version: OwnVersion = None
    serf: OwnSerf = None
    memberlist: OwnMemberlist = None
    product: OwnProduct = None
    profile: Profile | None = Field(default=None, description=_OWN_PROFILE)
    tags: Tags = Field(default_factory=dict, description=_OWN_TAGS)
    config: Overrides = Field(default_factory=dict, description=_OWN_CONFIG)
    processing_delay: Duration | None = Field(default=None, description=_OWN_DELAY)
    clock_rate: ClockRate | None = Field(default=None, description=_OWN_CLOCK)
    merge: Merge | None = Field(default=None, description=_OWN_MERGE)
    join: Join | None = Field(default=None, description=_OWN_JOIN)
    bandwidth: Bandwidth | None = Field(default=None, description=_OWN_BANDWIDTH)
    jitter: OneJitter | None = Field(default=None, description=_OWN_JITTER)
    rejoin: Rejoin | None = Field(default=None, description=_OWN_REJOIN)
    keyring: Keyring | None = Field(default=None, description=_OWN_KEYRING)
    label: Label | None = Field(default=None, description=_OWN_LABEL)
    zone: Zone | None = Field(default=None, description=OWN_ZONE)
    role: Role | None = Field(default=None, description=OWN_ROLE)
    address: addresses.Addresses | None = Field(default=None, description=addresses.GROUP_ADDRESS)
    advertise: addresses.Advertised | None = Field(default=None, description=addresses.GROUP_ADVERTISE)
    nat: addresses.NatSettings | None = Field(default=None, description=addresses.GROUP_NAT)
    read_cost: ReadCost | None = Field(default=None, description=_OWN_COST)
    cores: Cores | None = Field(default=None, description=OWN_CORES)


class Pool(Part):
    """A second cluster of agents on some of the hosts, as the WAN pool of Consul's servers is.

    Each of its members is another agent of a node: with a port, settings and views of its own, on the same
    host and link, so that what befalls the host befalls both.
    """

    members: PoolMembers = Field(
        default="all", description="nodes that have an agent in it: names of nodes and groups, or all"
    )
    names: PoolNames = Field(
        default="{node}",
        description="names of its members, from {node}, {group} and {pool}: '{node}.{group}' is web.dc1",
    )
    profile: Profile = Field(
        default="lan", description="memberlist's defaults that the settings of its members start from"
    )
    tags: Tags = Field(default_factory=dict, description="tags of its members beside those of the node")
    config: Overrides = Field(
        default_factory=dict, description="settings of its members that differ from the profile's"
    )
    join: Join = Field(
        default="first", description="whom its members join when they start, as in `start`, among its members"
    )
    rejoin: Rejoin | None = Field(default=None, description="periodic joins of its members")


def _read_nodes(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MOST_NODES:
            raise invalid(f"between 1 and {MOST_NODES} nodes", value)
        return value
    if not isinstance(value, (list, tuple)):
        raise invalid("a whole number of nodes, or a list of nodes", value)
    if not 1 <= len(value) <= MOST_NODES:
        raise invalid(f"between 1 and {MOST_NODES} nodes", value)
    return _NODES.validate_python(value)


_NODES = TypeAdapter(tuple[Node, ...])


class Cluster(Software):
    """The members. `config` is complete once validated: the profile's settings and the given ones."""

    nodes: Annotated[
        Annotated[int, Strict(), Field(ge=1, le=MOST_NODES)]
        | Annotated[tuple[Node, ...], Field(min_length=1, max_length=MOST_NODES)],
        BeforeValidator(_read_nodes),
        Kind(f"a whole number from 1 to {MOST_NODES}, or a list of nodes"),
    ] = Field(
        default=30, description="how many nodes there are, named node-00 and so on, or a list of them by name"
    )
    protocol: ProtocolName = Field(
        default="serf",
        description="what members run: `serf`, `memberlist` alone, as programs with the library inside do,"
        " without intents, events, queries, coordinates and reconnects, or a rival of theirs",
    )
    rival: dict[str, Any] = Field(
        default_factory=dict, description="settings of the rival that `protocol` names, instead of `config`"
    )
    coordinates: CoordinatesName = Field(
        default="serf",
        description="coordinate system of Serf's members: Serf's own Vivaldi, or a rival of it that learns"
        " from the same probes",
    )
    coordinate_settings: dict[str, Any] = Field(
        default_factory=dict,
        description="settings of the rival that `coordinates` names; those of Serf's Vivaldi are in `config`",
    )
    profile: Profile = Field(
        default="lan", description="memberlist's defaults that the settings start from: LAN, WAN or Local"
    )
    version: Version | None = Field(
        default="0.9",
        description="release of Serf whose mechanisms and defaults hold, with the memberlist of its go.mod:"
        " in full such as 0.10.2 or short; `latest` is the newest of both. `serfsim versions` lists them",
    )
    serf: OwnSerf = None
    memberlist: OwnMemberlist = None
    product: OwnProduct = None
    tags: Tags = Field(default_factory=dict, description="tags of every member")
    config: Settings = Field(
        default_factory=Settings,
        description="settings of memberlist, Serf and its coordinates that differ from the profile's",
    )
    start: Start = Field(default_factory=Start, description="when members start, and whom they join")
    rejoin: Rejoin | None = Field(default=None, description="periodic joins of every member")
    keyring: Keyring | None = Field(default=None, description=KEYRING)
    label: Label | None = Field(default=None, description=LABEL)
    read_cost: ReadCost = Field(
        default_factory=ReadCost,
        description="processor time that an agent spends on each packet and on each message in it",
    )
    cores: Cores | None = Field(
        default=None, description="processor cores that members share; each has one of its own unless given"
    )
    processing_delay: Duration = Field(
        default=400e-6, description="time that a member takes over each packet that it receives"
    )
    clock_rate: ClockRate = Field(
        default=1.0,
        description="seconds that the members' clocks show in a second: their timers and the round trips that"
        " they measure change with it",
    )
    merge: Merge | None = Field(
        default=None,
        description="the merge delegate that an application gives its Serf: whom members refuse to join with,"
        " and to hear of; `serf agent` has none",
    )
    push_pull_time: Duration = Field(
        default=1.2e-3,
        description="time that a member serves a push/pull, one at a time; as of an agent on two cores; 0s is"
        " none",
    )
    push_pull_time_per_kb: Duration = Field(
        default=450e-6,
        description="time that it serves a push/pull besides, for 1000 bytes of the request",
    )
    groups: dict[Name, Group] = Field(
        default_factory=dict, description="some of the nodes under one name, perhaps set differently"
    )
    zones: Zones | None = Field(
        default=None,
        description="availability zones of the members, whose news cross by bridges (`zone_aware_routing`)",
    )
    members: PoolMembers = Field(
        default="all",
        description="nodes that have an agent of the cluster's own, names of nodes and groups, or all; the"
        " others are hosts of agents in `pools` alone",
    )
    pools: Annotated[
        dict[PoolName, Pool], Field(max_length=MOST_POOLS), Kind("a mapping of names to pools")
    ] = Field(
        default_factory=dict,
        description="further clusters of agents on the hosts of this one, such as Consul's WAN pool",
    )

    @model_validator(mode="after")
    def _complete_config(self) -> Cluster:
        if self.serf or self.product:
            object.__setattr__(self, "version", None)
        object.__setattr__(self, "rival", rival_settings(self.protocol, self.rival))
        own = coordinate_settings(self.coordinates, self.coordinate_settings)
        object.__setattr__(self, "coordinate_settings", own)
        object.__setattr__(self, "config", complete(self.profile, self.config, self.release))
        return self

    @property
    def release(self) -> str:
        """The name of the release that members run where neither group nor node says otherwise."""
        return release_of(self)
