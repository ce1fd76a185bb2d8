"""The Serf agents of a run: start, join, stop and restart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from serfsim.engine.bearers import Bearers
from serfsim.engine.streams import stream
from serfsim.engine.trace import Trace
from serfsim.native import Random
from serfsim.network.network import Network
from serfsim.network.standstill import set_clock_rate
from serfsim.protocol.directory import Directory, NodeIdentity, ipv4_port
from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.parts import Parts
from serfsim.protocol.serf.bare import BareNode
from serfsim.protocol.serf.messages import GossipedItem
from serfsim.protocol.serf.node import SerfNode
from serfsim.protocol.serf.snapshot import SnapshotFile
from serfsim.protocol.serf.tags import LONGEST_META, TOO_LONG, as_go_ranges, encode_meta
from serfsim.protocol.versions import DELEGATE_MIN, PROTOCOL_MIN, features_of
from serfsim.scenario.controls import NewAddress
from serfsim.scenario.keys import decode_key
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.settings import Settings
from serfsim.simulation.application import RecordingApplication
from serfsim.simulation.configs import coordinate_config, memberlist_config, serf_config
from serfsim.simulation.kinds import MachineKind, SerfMachines
from serfsim.simulation.placement import Placement
from serfsim.simulation.truth import TruthKeeper

MOST_WITH_CACHES = 50


class Agents:
    """The agents of all members; `nodes[i]` is the machine of member i while its process runs, else None.

    Times in: engine times for the machines, the scenario's clock for the truth. `lives[i]` counts the
    processes of member i; each draws from its own streams. `answers` holds, by query name, the size in bytes
    of every member's response; other names get none. `files` are the snapshots of members that keep
    one, and `keyrings` their keys; both outlive the process like a disk. Machines are of `kind`; Serf's are
    instances of `node_class`, SerfNode or a variant of it, with the classes of `parts`. Names of all random
    streams begin with `prefix`.
    """

    def __init__(
        self,
        roster: Roster,
        network: Network,
        placement: Placement,
        trace: Trace,
        truth: TruthKeeper,
        seed: int,
        origin: float,
        node_class: type[SerfNode] = SerfNode,
        parts: Parts | None = None,
        prefix: str = "",
        kind: MachineKind | None = None,
    ) -> None:
        self.roster = roster
        self.network = network
        self.placement = placement
        self.trace = trace
        self.truth = truth
        self.seed = seed
        self.origin = origin
        self.node_class = node_class
        self.is_bare = issubclass(node_class, BareNode)
        self.parts = Parts() if parts is None else parts
        self.prefix = prefix
        self.kind = SerfMachines() if kind is None else kind
        self.rng = stream(seed, f"{prefix}starts")
        # A node's cache of the others' coordinates takes 170 bytes each, which leave the processor's cache.
        self.cache_coordinates = len(roster.members) <= MOST_WITH_CACHES
        self.directory = Directory()
        self.nodes: list[SerfNode | None] = [None] * len(roster.members)
        self.lives = [0] * len(roster.members)
        self.answers: dict[str, int] = {}
        self.files: dict[int, SnapshotFile] = {}
        self.started: Callable[[int], None] = lambda number: None  # called for each process
        self.deliver: Callable[[float, int, int, GossipedItem, int], None] = trace.deliver
        self.keyrings: dict[int, KeyRing] = {}
        # Creates each node's application; observers of a simulation may substitute another.
        self.application: Callable[[Agents, int], RecordingApplication] = RecordingApplication
        self.members = list(roster.members)  # the current ones: a member's release may change
        self.releases = [(-math.inf, member.index, member.version) for member in roster.members]
        self._settings: dict[tuple[int, str], tuple[Settings, Settings]] = {}
        self._changed: dict[tuple[int, int], tuple[Settings, dict[str, Any], Settings]] = {}
        self._records: dict[tuple[int, str, int, int], NodeIdentity] = {}
        self._map_orders: dict[int, Random] = {}
        self.tags = [member.tags for member in roster.members]  # as in each configuration
        self._configs: dict[tuple[int, str], tuple[object, ...]] = {}
        # The first member that bears each member's name, whose number the name has in the directory.
        self._bearers = list(range(len(roster.members)))
        for members in roster.shared.values():
            for number in members:
                self._bearers[number] = members[0]
        if roster.shared:
            trace.bearers = Bearers()
        for member in roster.members:
            self._announce(member.index)
            record = self._record(member)
            if record.node == member.index:
                self.directory.add_record(member.agent, record)
            else:  # nobody says this name
                self.directory.add(member.name, record.address)
            if member.config.snapshot:
                self.files[member.index] = SnapshotFile()

    @property
    def strangers(self) -> list[tuple[str, int]]:
        """Names and addresses of members that messages made up."""
        known, n = self.directory, len(self.members)
        return [
            (name, int(record.address)) for name, record in zip(known.names[n:], known.first[n:], strict=True)
        ]

    def start(self, number: int, now: float, *, converged: bool = False) -> None:
        """Start the process of a member, which knows no other, or all others if `converged`.

        A node that is no member has none. Raises SerfsimError where another runs at its address.
        """
        if number in self.roster.absent:
            return
        self.placement.take(number, now - self.origin)
        node = self.kind.create(self, number)
        self.nodes[number] = node
        self.lives[number] += 1
        host = self.network.hosts[number]
        host.read_cost = self.members[number].read_cost.packet
        host.start(node)
        rate = self.members[number].clock_rate
        if rate != 1.0 and host.clock is None:
            set_clock_rate(host, rate, now)
        self.truth.came_up(now - self.origin, number)
        self.started(number)
        file = self.files.get(number)
        if converged:
            node.start_converged(len(self.nodes), host.read_clock(now), file)
        else:
            node.start(host.read_clock(now), file)

    def serf_machine(self, number: int, own: Mapping[str, float]) -> SerfNode:
        """Return a new Serf node for a member's next process; `own` settings of its coordinate system."""
        member = self.members[number]
        settings = member.config
        # Members with equal settings share their configuration, which is never written.
        key = (id(settings), member.version)
        if key not in self._configs:
            features = features_of(member.version)
            self._configs[key] = (
                settings,
                memberlist_config(settings, features),
                serf_config(settings, features),
                coordinate_config(settings, features, own, len(self.members)),
            )
        _, memberlist, serf, coordinates = self._configs[key]
        life = self.life(number)
        application = self.application(self, number)
        node = self.node_class(
            memberlist,  # type: ignore[arg-type]
            serf,  # type: ignore[arg-type]
            coordinates,  # type: ignore[arg-type]
            self._record(member),
            self.directory,
            self.network.hosts[number],
            stream(self.seed, f"{life}/memberlist"),
            stream(self.seed, f"{life}/serf"),
            stream(self.seed, f"{life}/vivaldi"),
            application,
            self.parts,
            self.tags[number],
        )
        application.node = node
        keys, label = self._keys(member), member.label.encode()
        if keys is not None or label:
            node.memberlist.protect(keys, label)
        return node

    def _keys(self, member: Member) -> KeyRing | None:
        """Return the keys that a member's process starts with."""
        if member.keyring is None:
            key = member.config.encrypt_key
            return None if key is None else KeyRing([decode_key(key)])
        if member.keyring and member.index not in self.keyrings:
            self.keyrings[member.index] = KeyRing([decode_key(key) for key in member.keyring])
        return self.keyrings.get(member.index)

    def _record(self, member: Member) -> NodeIdentity:
        """Return the identity that a member's agent announces at start, the same object if possible."""
        number = member.index
        # Several tags change their order with each life.
        told = self.placement.told[number]
        key = (number, member.version, self.lives[number] if len(member.tags) > 1 else 0, told)
        if key not in self._records:
            features, settings, tags = features_of(member.version), member.config, member.tags
            if len(tags) > 1:
                self._map_orders.pop(number, None)
                order = self._map_order(number)
                # The agent copies them from one map to another and then encodes them.
                self.tags[number] = as_go_ranges(tags, order)
                tags = as_go_ranges(self.tags[number], order)
            delegate = (DELEGATE_MIN, features.delegate_max, settings.protocol_version)
            self._records[key] = NodeIdentity(
                self._bearers[number],
                told,
                len(member.agent.encode()),
                encode_meta(tags, settings.protocol_version) if tags or not self.is_bare else b"",
                (PROTOCOL_MIN, features.protocol_max, settings.memberlist_protocol_version),
                (0, 0, 0) if self.is_bare else delegate,
                port=ipv4_port(told),
            )
        return self._records[key]

    def _map_order(self, number: int) -> Random:
        """Return the random order of a process's tag maps."""
        if number not in self._map_orders:
            self._map_orders[number] = stream(self.seed, f"{self.life(number)}/tags")
        return self._map_orders[number]

    def life(self, number: int) -> str:
        """Return the name of a member's process for its random streams."""
        name = self.prefix + self.members[number].name
        return f"{name}/{self.lives[number]}" if self.lives[number] else name

    def install(self, number: int, version: str, now: float) -> None:
        """Set the release that a member's processes run from the next start on."""
        member = self.members[number]
        # Members that shared settings still share them.
        key = (id(member.config), version)
        if key not in self._settings:
            self._settings[key] = (member.config, member.at_release(version).config)
        self.members[number] = replace(member, version=version, config=self._settings[key][1])
        self.releases.append((now - self.origin, number, version))

    def reconfigure(
        self, number: int, config: dict[str, Any], keyring: tuple[str, ...] | None, label: str | None
    ) -> None:
        """Set the settings, keys and label of a member's processes from the next start on."""
        member = self.members[number]
        changed = member.configured(config, keyring, label)
        # Members that shared settings still share them.
        key = (id(member.config), id(config))
        if key not in self._changed:
            self._changed[key] = (member.config, config, changed.config)
        self.members[number] = replace(changed, config=self._changed[key][2])
        if keyring is not None or "encrypt_key" in config:
            self.keyrings.pop(number, None)

    def place(self, number: int, new: NewAddress) -> None:
        """Have a member's next processes bound to another address, or tell another."""
        self.placement.change(number, new)
        self._announce(number)

    def _announce(self, number: int) -> None:
        if self.trace.bearers is not None:
            self.trace.bearers.announce(self._bearers[number], self.placement.told[number], number)

    def configure(self, number: int, tags: dict[str, str] | None, snapshot: bytes | None) -> None:
        """Have a member's next processes start with other tags, its next with another snapshot's content."""
        if tags is not None:
            self.members[number] = replace(self.members[number], tags=tags)
            self.tags[number] = tags
            self._records = {key: record for key, record in self._records.items() if key[0] != number}
        if snapshot is not None and number in self.files:
            self.files[number].content = snapshot

    def join(self, number: int, now: float) -> None:
        """Have a member join the members that the scenario names; the seed member has none at first.

        A member with a snapshot also rejoins the members in it.
        """
        node = self.nodes[number]
        if node is not None:
            targets = self.placement.contacts(number, self.join_targets(number))
            if targets:
                local = self.network.hosts[number].read_clock(now)
                node.join(targets, local, not self.roster.members[number].config.replay_on_join)

    def join_targets(self, number: int) -> list[int]:
        word = self.roster.members[number].join
        if isinstance(word, tuple):
            return self.roster.in_order(word)
        present = self.roster.present
        if word == "none" or len(present) == 1:
            return []
        if word == "all":
            return [other for other in present if other != number]
        if word == "random":
            return [self._anybody_but(number)]
        contact = present[0] if word == "first" else self.roster.index.get(word, -1)
        if contact < 0:
            return self.roster.in_order([word])
        if contact != number:
            return [contact]
        # No member joins one that comes back, so it has to find the others itself.
        return [self._anybody_but(number)] if self.lives[number] > 1 else []

    def _anybody_but(self, number: int) -> int:
        present = self.roster.present
        other = self.rng.randrange(len(present) - 1)
        return present[other + 1 if present[other] >= number else other]

    def number_of(self, node: SerfNode) -> int:
        """Return the number of the member whose agent this is; several may bear one name."""
        number = int(node.me)
        sharing = self.roster.shared.get(self.roster.members[number].agent, ()) if self.roster.shared else ()
        return next((other for other in sharing if self.nodes[other] is node), number)

    def set_tags(self, number: int, tags: dict[str, str], delete: tuple[str, ...], now: float) -> str:
        """Update a member's tags, dropping those in `delete`, if its process runs.

        Returns "", or the library's message if the tags would be too long and stay unchanged.
        """
        node = self.nodes[number]
        local = self.network.hosts[number].read_clock(now)
        return TOO_LONG if node is not None and not self.update_tags(node, tags, delete, local) else ""

    def update_tags(self, node: SerfNode, tags: dict[str, str], delete: tuple[str, ...], now: float) -> int:
        """Update the tags at a member's machine; return the update's token, 0 if the tags are too long.

        `now` is by the member's clock.
        """
        number = self.number_of(node)
        known = node.record()
        order = self._map_order(number)
        kept = {key: value for key, value in as_go_ranges(node.tags, order).items() if key not in delete}
        wanted = {**kept, **as_go_ranges(tags, order)}
        meta = encode_meta(as_go_ranges(wanted, order), known.delegate_current)
        if len(meta) > LONGEST_META:
            return 0
        return node.update_tags(wanted, known.with_meta(meta), now)

    def end(self, number: int, now: float, *, host: bool = False) -> bool:
        """Kill a member's process, and with `host` its whole machine; return False if it has no process."""
        if self.nodes[number] is None:
            return False
        self.nodes[number] = None
        machine = self.network.hosts[number]
        if host:
            machine.unplug()
        else:
            machine.crash(now)
        self.truth.went_down(now - self.origin, number)
        return True
