"""Forged messages: what one says, and the bytes that a target's own decoder reads."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, Strict, model_validator

from serfsim.protocol.directory import DEFAULT_PORT, Directory, NodeIdentity
from serfsim.protocol.memberlist.datagram import encode_ack
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT, STATE_SUSPECT, UNKNOWN
from serfsim.protocol.serf.messages import UserEvent
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.tags import encode_tags
from serfsim.protocol.settings import LARGEST_DATAGRAM
from serfsim.protocol.wire import memberlist_fields as wire
from serfsim.protocol.wire import serf_fields as serf
from serfsim.protocol.wire.msgpack import BYTES, filler
from serfsim.protocol.wire.reader import LARGEST_LTIME, LARGEST_U32
from serfsim.scenario.cluster import Tags
from serfsim.scenario.names import Name
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid, listed
from serfsim.scenario.units import Kind, Size, Switch
from serfsim.scenario.workload.work import Title

if TYPE_CHECKING:
    from serfsim.scenario.roster import Roster

STATES: Final = {"alive": STATE_ALIVE, "suspect": STATE_SUSPECT, "dead": STATE_DEAD, "left": STATE_LEFT}
NOBODY: Final = -1

# The keys that may stand beside each kind.
DETAILS: Final[dict[str, frozenset[str]]] = {
    "dead": frozenset(("incarnation", "from")),
    "suspect": frozenset(("incarnation", "from")),
    "alive": frozenset(("incarnation", "address", "tags")),
    "ping": frozenset(("seq",)),
    "ack": frozenset(),
    "nack": frozenset(),
    "user": frozenset(),
    "push_pull": frozenset(("incarnation", "joins")),
    "leave": frozenset(("ltime", "prune")),
    "join": frozenset(("ltime",)),
    "event": frozenset(("ltime", "payload", "coalesce")),
}


def _read_incarnation(value: object) -> object:
    if value in ("current", "next"):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_U32:
        raise invalid(f"a whole number from 0 to {LARGEST_U32}, current or next", value)
    return value


def _read_address(value: object) -> object:
    if not isinstance(value, str) or ipv4_of(value) is None:
        raise invalid("an IPv4 address such as 10.0.9.9 or 10.0.9.9:7946", value)
    return value


def _read_states(value: object) -> object:
    expected = "members and what they are said to be, such as {node-03: dead}"
    if not isinstance(value, dict) or not value:
        raise invalid(expected, value)
    for name, state in value.items():
        if state not in STATES:
            raise invalid(listed(STATES), state, inside=(name,))
    return value


def ipv4_of(text: str) -> tuple[bytes, int] | None:
    """Return the bytes and the port of an IPv4 address, None for other texts."""
    host, colon, port = text.partition(":")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 0xFFFF):
        return None
    try:
        return ipaddress.IPv4Address(host).packed, int(port) if colon else DEFAULT_PORT
    except ValueError:
        return None


ADDRESS_SCHEMA: Final = {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?$"}
Incarnation = Annotated[
    Any,
    BeforeValidator(_read_incarnation),
    Kind(
        "a whole number, current or next",
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": LARGEST_U32}, {"enum": ["current", "next"]}]},
    ),
]
"""int, "current" or "next"."""
Address = Annotated[str, BeforeValidator(_read_address), Kind("an IPv4 address", ADDRESS_SCHEMA)]
States = Annotated[
    dict[Name, str],
    BeforeValidator(_read_states),
    Kind(
        "members and their states",
        {"type": "object", "additionalProperties": {"enum": list(STATES)}, "minProperties": 1},
    ),
]
Sequence = Annotated[int, Strict(), Field(ge=0, le=LARGEST_U32)]
LTime = Annotated[int, Strict(), Field(ge=0, le=LARGEST_LTIME)]


class Forged(Part):
    """One message; the first keys are its kinds, of which it has one."""

    dead: Name | None = Field(default=None, description="memberlist's dead message about this member")
    suspect: Name | None = Field(default=None, description="memberlist's suspect message about this member")
    alive: Name | None = Field(default=None, description="memberlist's alive message about this member")
    ping: Name | None = Field(default=None, description="a ping for this member, whoever receives it")
    ack: Sequence | None = Field(default=None, description="an ack with this sequence number")
    nack: Sequence | None = Field(default=None, description="a nack with this sequence number")
    user: Annotated[Size, Field(le=LARGEST_DATAGRAM)] | None = Field(
        default=None, description="a user message of so many random bytes, which is none of Serf's"
    )
    push_pull: States | None = Field(
        default=None, description="an exchange of state over TCP: members, and what they are said to be"
    )
    leave: Name | None = Field(default=None, description="Serf's leave intent of this member")
    join: Name | None = Field(default=None, description="Serf's join intent of this member")
    event: Title | None = Field(default=None, description="a user event of this name")
    incarnation: Incarnation = Field(
        default="current",
        description="incarnation that it claims; `current` is the one its receiver knows, `next` one more",
    )
    from_: Name | None = Field(
        default=None, alias="from", description="member that it names as its origin; its sender unless given"
    )
    address: Address | None = Field(
        default=None, description="address of the member that is alive; its own unless given"
    )
    tags: Tags | None = Field(
        default=None, description="tags of the member that is alive; its own unless given"
    )
    seq: Sequence = Field(default=1, description="sequence number of the ping")
    joins: Switch = Field(default=False, description="whether the exchange says that it is a join")
    ltime: LTime | None = Field(
        default=None, description="Lamport time; one more than its receiver has seen unless given"
    )
    prune: Switch = Field(default=False, description="whether the member is to be forgotten at once")
    payload: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = Field(
        default=0, description="size of the event's content"
    )
    coalesce: Switch = Field(default=True, description="whether agents hold the event back a little")
    allow_unknown: Switch = Field(
        default=False, description="whether it may name members that the cluster does not have"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Forged:
        kinds = [kind for kind in DETAILS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise invalid(f"one of {listed(DETAILS)}", found=" and ".join(kinds) or "none of them")
        allowed = DETAILS[kinds[0]]
        for key, field in type(self).model_fields.items():
            name = key.rstrip("_")
            is_given = getattr(self, key) != field.default
            if is_given and name not in DETAILS and name != "allow_unknown" and name not in allowed:
                also = f"of {listed(sorted(allowed))}" if allowed else "no other key"
                raise invalid(f"{also} beside `{kinds[0]}`", found=f"`{name}`", inside=(name,))
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in DETAILS if getattr(self, kind) is not None)

    @property
    def members(self) -> dict[str, str]:
        """The members that it names, by the key that names them."""
        kind = self.kind
        found = {"from": self.from_} if self.from_ is not None else {}
        if kind in ("dead", "suspect", "alive", "ping", "leave", "join"):
            found[kind] = getattr(self, kind)
        return found

    def spelt_by(self, roster: Roster) -> Forged:
        """Return the message with the names that members have: node-01 of a hundred members is node-001."""

        def spelt(name: str) -> str:
            return roster.members[roster.index[name]].name if name in roster.index else name

        fields: dict[str, Any] = {key: spelt(name) for key, name in self.members.items()}
        if "from" in fields:
            fields["from_"] = fields.pop("from")
        if self.push_pull is not None:
            fields["push_pull"] = {spelt(name): state for name, state in self.push_pull.items()}
        return self.model_copy(update=fields)

    def describe(self) -> str:
        """Describe it in a few words: 'node-03 is dead, incarnation 4294967295'."""
        kind = self.kind
        about = getattr(self, kind)
        at = f", incarnation {self.incarnation}" if "incarnation" in DETAILS[kind] else ""
        if kind in ("dead", "suspect", "alive"):
            return f"that {about} is {kind}{at}"
        if kind == "push_pull":
            told = ", ".join(f"{name} {state}" for name, state in about.items())
            return f"the state {told}{at}"
        if kind in ("leave", "join"):
            return f"that {about} {kind}s"
        if kind == "event":
            return f"the user event {about}"
        return {"ping": f"a ping for {about}", "user": f"a user message of {about} bytes"}.get(
            kind, f"the {kind} {about}"
        )

    # Bytes -----------------------------------------------------------------------------------------

    def encode(self, target: SerfNode, sender: NodeIdentity | None) -> bytes:
        """Encode it for a target, whose view decides what is `current`; `sender` None for an outsider."""
        kind, directory = self.kind, target.directory
        about = getattr(self, kind)
        if kind in ("dead", "suspect"):
            fields = wire.DEAD_FIELDS if kind == "dead" else wire.SUSPECT_FIELDS
            source = self.from_ or (directory.names[sender.node] if sender is not None else about)
            return fields.encode([source, self._incarnation(target, about), about])
        if kind == "alive":
            return self._alive(target, about)
        if kind == "ping":
            return wire.PING_FIELDS.encode([about, self.seq, *_source(sender, directory)])
        if kind in ("ack", "nack"):
            return encode_ack(about, None) if kind == "ack" else wire.NACK_FIELDS.encode([about])
        if kind == "user":
            return BYTES[wire.USER] + filler(about, about)
        if kind == "push_pull":
            return self._push_pull(target, about)
        if kind == "event":
            ltime = self._ltime(target.user_events.clock.time())
            event = UserEvent(NOBODY, ltime, about, filler(self.payload, 0), self.coalesce)
            return event.encode(directory)
        ltime = self._ltime(target.intents.clock.time())
        if kind == "join":
            return serf.JOIN_FIELDS.encode([ltime, about])
        return serf.LEAVE_FIELDS.encode([ltime, about, self.prune])

    def _ltime(self, seen: int) -> int:
        return self.ltime if self.ltime is not None else int(seen) + 1

    def _incarnation(self, target: SerfNode, name: str) -> int:
        if isinstance(self.incarnation, int):
            return self.incarnation
        members = target.memberlist.core.members
        node = target.directory.find(name)
        known = node >= 0 and int(members.key(node)) != UNKNOWN
        current = int(members.incarnation(node)) if known else 1
        return current + int(self.incarnation == "next") & int(LARGEST_U32)

    def _alive(self, target: SerfNode, name: str) -> bytes:
        address, meta, port, versions = self._identity(target, name)
        incarnation = self._incarnation(target, name)
        return wire.ALIVE_FIELDS.encode([address, incarnation, meta, name, port, versions])

    def _push_pull(self, target: SerfNode, states: dict[str, str]) -> bytes:
        parts = [wire.PUSH_PULL_FIELDS.encode([self.joins, len(states), 0])]
        for name, state in states.items():
            address, meta, port, versions = self._identity(target, name)
            incarnation = self._incarnation(target, name)
            entry: list[object] = [address, incarnation, meta, name, port, STATES[state], versions]
            parts.append(wire.ENTRY_FIELDS.encode(entry))
        return b"".join(parts)

    def _identity(self, target: SerfNode, name: str) -> tuple[bytes, bytes, int, bytes]:
        """Return address, metadata, port and versions of a member: as the target knows it, or as given."""
        directory = target.directory
        node = directory.find(name)
        record = target.memberlist.core.record if node < 0 else directory.first[node]
        if node >= 0 and int(target.memberlist.core.members.key(node)) != UNKNOWN:
            record = target.memberlist.core.members.record(node)
        address, port = directory.address_of(record), int(record.port)
        if self.address is not None:
            address, port = ipv4_of(self.address) or (address, port)
        meta = record.meta if self.tags is None else encode_tags(self.tags)
        return address, meta, port, record.versions()


def _source(sender: NodeIdentity | None, directory: Directory) -> list[object]:
    """Return the fields of a ping that say where the answer goes; absent from an outsider's."""
    if sender is None:
        return [None, None, None]
    return [directory.address_of(sender), directory.names[sender.node], sender.port]
