"""`forge`: a member or an outsider sends a message that the protocol would not send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from serfsim.native import Random
from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.memberlist.messages import Packet, StreamMessage
from serfsim.protocol.memberlist.seal import Seal
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.envelope import compressed_if_shorter, wrap_compressed
from serfsim.protocol.wire.streams import decode_stream
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Fault, Undo, nothing
from serfsim.scenario.forgery import ADDRESS_SCHEMA, Forged, ipv4_of
from serfsim.scenario.keys import decode_key, read_key
from serfsim.scenario.names import NAME_SCHEMA, read_name
from serfsim.scenario.phrases import describe_selector
from serfsim.scenario.problems import Path, Problem, found_expected, invalid, unknown_name
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Nodes, select, selector_problems
from serfsim.scenario.units import Kind

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode

TOKEN: Final = -3  # of a stream that the machine of its host knows nothing of


def _read_sender(value: object) -> object:
    if isinstance(value, str) and ipv4_of(value) is not None:
        return value
    if isinstance(value, str) and ":" in value:
        raise invalid("a node, or an address of nobody such as 198.51.100.7:7946", value)
    return read_name(value)


def _read_choice(value: object) -> object:
    return value if value in ("own", "none") else read_key(value)


Sender = Annotated[
    str,
    BeforeValidator(_read_sender),
    Kind("a node or an IPv4 address", {"anyOf": [NAME_SCHEMA, ADDRESS_SCHEMA]}),
]
KeyChoice = Annotated[
    str,
    BeforeValidator(_read_choice),
    Kind("own, none or a key in base64", {"type": "string", "minLength": 1}),
]


class Sides(NamedTuple):
    """The number of the member that sends, -1 for an outsider, and those of its targets."""

    sender: int
    targets: list[int]


class Forge(Fault):
    """Send a message that the protocol would not send, from a member's machine or from outside.

    Its bytes are decoded by each target as any others. An outsider has no key unless it is given one.
    """

    verb: ClassVar = "forge"
    example: ClassVar = "{forge: {dead: node-03, incarnation: 4294967295}, from: node-07, at: 30s}"

    forge: Forged = Field(description="the message")
    from_: Sender | None = Field(
        default=None,
        alias="from",
        description="the member whose machine sends it, or the address of somebody outside; the first node"
        " that it does not name unless given",
    )
    to: Nodes = Field(default="all", description="members that it is sent to, without its sender")
    key: KeyChoice = Field(
        default="own",
        description="key that encrypts it: `own`, its sender's, which an outsider lacks; `none`; or one in"
        " base64",
    )

    @model_validator(mode="after")
    def _sent_at_once(self) -> Forge:
        if self.for_ is not None:
            raise invalid("no `for`: a message is sent at once", found="`for`", inside=("for",))
        if self.forge.push_pull is not None and self._is_outsider:
            expected = "a member beside `push_pull`, whose machine can open the connection"
            raise invalid(expected, self.from_, inside=("from",))
        return self

    @property
    def _is_outsider(self) -> bool:
        return self.from_ is not None and ipv4_of(self.from_) is not None

    def needs_an_end(self) -> bool:
        return False

    def describe(self) -> str:
        sender = "a member" if self.from_ is None else self.from_
        return f"{sender} forges {self.forge.describe()}, to {describe_selector(self.to)}"

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from selector_problems(self.to, roster, (*path, "to"))
        if self.from_ is not None and not self._is_outsider and self.from_ not in roster.index:
            yield Problem((*path, "from"), unknown_name(self.from_, "a node", list(roster.index)))
        if self.forge.allow_unknown:
            return
        named: list[tuple[Path, str]] = [((key,), name) for key, name in self.forge.members.items()]
        named += [(("push_pull", name), name) for name in self.forge.push_pull or ()]
        expected = "a member, or anybody with `allow_unknown: true`"
        for key, name in named:
            if name not in roster.index:
                yield Problem((*path, "forge", *key), unknown_name(name, expected, list(roster.index)))
        if len(roster.members) < 2 and not self._is_outsider:
            yield Problem((*path, "to"), found_expected("a cluster of one member", "others to send it to"))

    def prepare(self, roster: Roster, random: Random) -> Sides:
        sender = -1
        if self.from_ is None:
            named = {*self.forge.members.values(), *(self.forge.push_pull or ())}
            strangers = [member.index for member in roster.members if member.name not in named]
            sender = strangers[0] if strangers else 0
        elif not self._is_outsider:
            sender = roster.index[self.from_]
        return Sides(sender, [node for node in select(self.to, roster, random) if node != sender])

    def begin(self, controls: Controls, prepared: Sides) -> Undo:
        for node in prepared.targets:
            target = controls.machines[node]
            if target is not None:
                self._send(controls, prepared.sender, node, target)
        return nothing

    def _send(self, controls: Controls, sender: int, node: int, target: SerfNode) -> None:
        own = controls.machines[sender] if sender >= 0 else None
        source: NodeIdentity | None = None
        if sender >= 0:
            source = target.directory.first[sender] if own is None else own.memberlist.core.record
        plain = self.forge.spelt_by(controls.roster).encode(target, source)
        seal = self._seal(own, target)
        host = controls.hosts[node]
        where = controls.contacts(sender, [node])[0] if sender >= 0 else node
        if self.forge.push_pull is not None:
            request = decode_stream(plain, target.directory)
            self._wrap(request, seal, len(wrap_compressed(plain)))
            timeout = float(target.memberlist.core.config.tcp_timeout)
            dialler = controls.hosts[sender]
            dialler.open_stream(where, request, TOKEN, timeout, 0.0, timeout, controls.now_at(sender))
            return
        size = len(compressed_if_shorter(plain))
        for packet in DatagramReader(target.directory).read(plain).packets:
            self._wrap(packet, seal, size)
            if sender >= 0:
                controls.hosts[sender].send_packet(where, packet, controls.now_at(sender))
            else:
                address = target.directory.address_number(*(ipv4_of(self.from_ or "") or (b"", 0)))
                host.network.from_outside(address, host, packet, controls.engine_now)

    def _seal(self, own: SerfNode | None, target: SerfNode) -> Any:
        """Return what is around the message: the sender's encryption and label, or what is chosen."""
        if self.key == "own":
            if own is not None:
                return own.memberlist.core.seal
            key = b""
        else:
            key = b"" if self.key == "none" else decode_key(self.key)
        gate = target.memberlist.gate
        label = b"" if gate is None else gate.label
        if not key and not label:
            return None
        return Seal(key, gate.version if gate is not None else 1, label)

    def _wrap(self, message: Packet | StreamMessage, seal: Seal | None, size: int) -> None:
        message.seal = seal
        if seal is None:
            message.size = size
        elif isinstance(message, Packet):
            message.size = seal.datagram_size(size)
        else:
            message.size = seal.stream_size(size)
