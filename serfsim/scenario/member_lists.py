"""Lists of a real cluster's members, as JSON: what `serf` and Consul print.

Three forms are read: `serf members -format json`; Consul's `/v1/agent/members` (Nomad's too); Consul's
`/v1/catalog/nodes`, which knows data centres but neither tags nor protocol versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serfsim.base.english import format_count, printable
from serfsim.base.errors import ScenarioError
from serfsim.scenario.problems import found_expected, quoted

ALIVE: Final = "alive"
FAILED: Final = "failed"
LEAVING: Final = "leaving"
LEFT: Final = "left"
# Serf's MemberStatus by number, as Consul prints it.
STATUSES: Final = ("none", ALIVE, LEAVING, LEFT, FAILED)
DATACENTER_TAGS: Final = ("dc", "datacenter", "data_center", "region")
EXTERNAL: Final = "external-node"  # in the Meta of a catalog's node: it runs no agent
EXPECTED: Final = "`serf members -format json`, or Consul's /v1/agent/members or /v1/catalog/nodes"


@dataclass(frozen=True)
class ListedMember:
    """One member as a real cluster lists it.

    `datacenter` is '' where nothing says it. `spoken`: Serf's protocol version in use; `serf_max` and
    `memberlist_max`: the highest versions of Serf's and memberlist's protocols that the member knows.
    All three are None where the list does not say.
    """

    name: str
    status: str = ALIVE
    tags: Mapping[str, str] = field(default_factory=dict)
    datacenter: str = ""
    spoken: int | None = None
    serf_max: int | None = None
    memberlist_max: int | None = None


class _Protocol(BaseModel):
    max: int | None = None
    version: int | None = None


class _SerfMember(BaseModel):
    name: str
    status: str = ALIVE
    tags: dict[str, str] | None = None
    protocol: _Protocol = Field(default_factory=_Protocol)

    def listed(self) -> ListedMember:
        tags = self.tags or {}
        return ListedMember(
            self.name, self.status, tags, _datacenter(tags), self.protocol.version, self.protocol.max
        )


class _ConsulMember(BaseModel):
    model_config = ConfigDict(alias_generator=lambda name: "".join(part.title() for part in name.split("_")))

    name: str
    status: int | str = 1
    tags: dict[str, str] | None = None
    protocol_max: int | None = None
    delegate_max: int | None = None
    delegate_cur: int | None = None

    def listed(self) -> ListedMember:
        tags, status = self.tags or {}, self.status
        if isinstance(status, int):
            status = STATUSES[status] if 0 <= status < len(STATUSES) else str(status)
        return ListedMember(
            self.name,
            status,
            tags,
            _datacenter(tags),
            self.delegate_cur,
            self.delegate_max,
            self.protocol_max,
        )


class _CatalogNode(BaseModel):
    node: str = Field(alias="Node")
    datacenter: str = Field("", alias="Datacenter")
    meta: dict[str, str] | None = Field(None, alias="Meta")

    def listed(self) -> ListedMember:
        is_external = (self.meta or {}).get(EXTERNAL) == "true"
        return ListedMember(self.node, EXTERNAL if is_external else ALIVE, {}, self.datacenter)


def read_member_list(content: bytes, label: str) -> list[ListedMember]:
    """Return the members of a list, in its order. `label` stands for the file in messages.

    Raises:
        ScenarioError: it is no JSON, none of the three forms, or has nobody or a name twice.
    """
    try:
        data = json.loads(content)
    except json.JSONDecodeError as error:
        raise ScenarioError(
            f"{label}:{error.lineno}: not valid JSON: {error.msg}; expected {EXPECTED}"
        ) from None
    except (ValueError, RecursionError):  # other encodings, numbers of thousands of digits, deep nesting
        raise ScenarioError(f"{label}: not valid JSON; expected {EXPECTED}") from None
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ScenarioError(f"{label}: {found_expected('half a character', 'Unicode text')}") from None
    entries = _entries(data)
    if entries is None:
        raise ScenarioError(f"{label}: {found_expected(_found(data), EXPECTED)}")
    members = [_listed(entry, position, label) for position, entry in enumerate(entries)]
    if not members:
        raise ScenarioError(f"{label}: {found_expected('a list of nobody', 'at least one member')}")
    _check_names(members, label)
    return members


def _entries(data: Any) -> Sequence[Any] | None:
    """Return the list in `data`, None where it has no list of a known form."""
    if isinstance(data, Mapping):
        data = data.get("members", data.get("Members"))
    if not isinstance(data, list) or not all(_model(entry) for entry in data):
        return None
    return data


def _model(entry: Any) -> type[_SerfMember] | type[_ConsulMember] | type[_CatalogNode] | None:
    """Return the form of one entry."""
    if not isinstance(entry, Mapping):
        return None
    if "name" in entry:
        return _SerfMember
    if "Name" in entry:
        return _ConsulMember
    return _CatalogNode if "Node" in entry else None


def _listed(entry: Any, position: int, label: str) -> ListedMember:
    model = _model(entry)
    assert model is not None
    try:
        return model.model_validate(entry).listed()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = "".join(f".{part}" for part in first["loc"])
        expected = first["msg"].removeprefix("Input should be ")
        found = found_expected(quoted(first["input"]), expected)
        raise ScenarioError(f"{label}: member {position}{path}: {found}") from None


def _check_names(members: Iterable[ListedMember], label: str) -> None:
    seen = set()
    for member in members:
        if member.name in seen:
            found = f"two members named '{printable(member.name)}'"
            raise ScenarioError(f"{label}: {found_expected(found, 'each name once')}")
        seen.add(member.name)


def _datacenter(tags: Mapping[str, str]) -> str:
    return next((tags[key] for key in DATACENTER_TAGS if tags.get(key)), "")


def _found(data: Any) -> str:
    if isinstance(data, Mapping):
        keys = [printable(str(key)) for key in list(data)[:3]]
        return f"a mapping with the keys {', '.join(keys)}" if keys else "an empty mapping"
    if isinstance(data, list):
        return f"a list of {format_count(len(data), 'entry', 'entries')} that are no members"
    return quoted(data)
