"""The members of the cluster, their settings, and their start.

Nodes are a number, named node-00 and so on, or a list. Groups name some of them and may set them
differently. `roster.py` works out who is in which group with which settings.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, TypeAdapter, model_validator

from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.settings import Overrides, Profile, Settings, complete
from serfsim.scenario.units import Duration, SignedDuration, Switch, read_share, write_share

MOST_NODES = 100_000
RESERVED = ("all", "rest", "first", "random")  # words of the file that cannot name a node or a group

_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")


def read_name(value: object) -> str:
    """A name of a node or a group."""
    if not isinstance(value, str):
        raise invalid("a name (put it in quotes)", value)
    if not _NAME.fullmatch(value):
        raise invalid("a name of letters, digits, '-', '.' and '_'", value)
    if value in RESERVED:
        raise invalid(f"a name other than the words {', '.join(RESERVED)}", value)
    return value


def _read_version(value: object) -> object:
    """0.9 without quotes is a number to YAML."""
    return str(value) if isinstance(value, float) else value


Name = Annotated[str, BeforeValidator(read_name)]
Version = Annotated[
    Literal["0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest"], BeforeValidator(_read_version)
]
"""A release of Serf, or the first of some that are alike: 0.8.2 to 0.8.5, 0.9.1 to 0.9.5."""
Tags = dict[str, str]


class Node(Part):
    """One member, by name. What is not given comes from its group, then from the cluster."""

    name: Name
    group: Name | None = None
    version: Version | None = None
    tags: Tags = Field(default_factory=dict)
    config: Overrides = Field(default_factory=dict)
    processing_delay: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


def _read_membership(value: Any) -> Any:
    """A number of nodes, a share such as '20%', or names."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    if isinstance(value, str) and value.strip().endswith("%"):
        return write_share(read_share(value))
    if isinstance(value, (list, tuple)) and value:
        return tuple(read_name(name) for name in value)
    raise invalid("how many nodes, a share such as '20%', or a list of names", value)


Membership = Annotated[Any, BeforeValidator(_read_membership)]
"""int, '20%' or tuple[str, ...]; None when the nodes themselves name their group."""


class Group(Part):
    """Some of the nodes, under one name, perhaps set differently."""

    nodes: Membership = None
    version: Version | None = None
    tags: Tags = Field(default_factory=dict)
    config: Overrides = Field(default_factory=dict)
    processing_delay: Duration | None = None


class Start(Part):
    """The start of the members and their first join. Time 0 of this part is the moment of the join.

    Each node starts at random within `spread` before the join, or at its own time in `at` (negative:
    before the join; later: it joins when it starts). `join` is whom they join: `first`, `all` (each
    joins every other), `random` (each joins another at random), or a node's name. `converged`
    begins with complete views instead; nobody joins.
    """

    spread: Duration = 1.0
    join: str = "first"
    at: tuple[SignedDuration, ...] | None = None
    converged: Switch = False


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


class Cluster(Part):
    """The members. `config` is complete once validated: the profile's settings and the given ones."""

    nodes: Annotated[Annotated[int, Strict()] | tuple[Node, ...], BeforeValidator(_read_nodes)] = 30
    profile: Profile = "lan"
    version: Version = "0.9"
    tags: Tags = Field(default_factory=dict)
    config: Settings = Field(default_factory=Settings)
    start: Start = Field(default_factory=Start)
    processing_delay: Duration = 400e-6
    push_pull_time: Duration = 1.2e-3
    """Time that a member serves a push/pull, one at a time; as of an agent on two cores. 0s is none."""
    push_pull_time_per_kb: Duration = 450e-6
    """And for each 1000 bytes of the request besides."""
    groups: dict[Name, Group] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete_config(self) -> Cluster:
        object.__setattr__(self, "config", complete(self.profile, self.config, self.version))
        return self
