"""Warnings about members that send packets as datagrams beside members that send them over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from serfsim.base.english import format_count, join_names
from serfsim.protocol.memberlist.config import TCP, UDP
from serfsim.scenario.faults.reconfigure import Reconfigure
from serfsim.scenario.faults.upgrade import Upgrade
from serfsim.scenario.problems import path_text
from serfsim.scenario.roster import Member
from serfsim.scenario.sections import Sections

WITHOUT: Final = "members of one kind understand nothing that those of the other send"


def transport_warnings(scenario: Sections) -> Iterator[str]:
    """Yield a warning for members of both kinds, and for each fault that makes members the other kind."""
    roster = scenario.roster()
    kinds: dict[str, list[Member]] = {UDP: [], TCP: []}
    for member in roster.members:
        kinds[member.config.packet_transport].append(member)
    if all(kinds.values()):
        fewer = min((UDP, TCP), key=lambda kind: len(kinds[kind]))
        most = TCP if fewer == UDP else UDP
        yield (
            f"cluster: {_some(kinds[fewer])} with packet_transport {fewer} beside"
            f" {format_count(len(kinds[most]), 'member')} with {most}: {WITHOUT}"
        )
    for section, entries in (("faults", scenario.faults), ("workload", scenario.workload)):
        for position, entry in enumerate(entries):
            changes = {
                (before, after)
                for member in (() if entry.pool else roster.members)
                if (before := member.config.packet_transport) != (after := _after(entry, member))
            }
            for before, after in sorted(changes):
                path = path_text((section, position, entry.verb))
                yield f"{path}: members go from packet_transport {before} to {after}: meanwhile {WITHOUT}"


def _after(entry: object, member: Member) -> str:
    """Return the transport that an entry gives a member it is about."""
    if isinstance(entry, Upgrade):
        return str(member.at_release(entry.release_after(member.version)).config.packet_transport)
    if isinstance(entry, Reconfigure):
        return str(entry.config.get("packet_transport", member.config.packet_transport))
    return str(member.config.packet_transport)


def _some(members: list[Member]) -> str:
    names = [member.name for member in members[:3]]
    return join_names(names) if len(members) <= 3 else f"{', '.join(names)} and {len(members) - 3} more"
