"""Zone-aware routing: news cross between zones by bridges alone.

The rules of Grafana's dskit (PR#762, #800). A member chooses among those of its zone, a bridge also among the
bridges of other zones, one of which it prefers. Those without a zone are chosen by everybody. While a zone
that has members is without an alive bridge, everybody chooses among all (the failover).

Zone and role are announced: dskit has them in its metadata, and here they are the tags `zone` and `role`.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.members import STATE_ALIVE
from serfsim.protocol.memberlist.selection import NOBODY, NodeSelection
from serfsim.protocol.serf.tags import decode_tags

ZONE_TAG: Final = "zone"
ROLE_TAG: Final = "role"
BRIDGE: Final = "bridge"

BRIDGE_BIT: Final = 1
NO_ZONE: Final = -1


class ZoneRouting(NodeSelection):
    """The selection of one node, by what it knows of the others. `is_off`: while a zone has no bridge."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.is_off = False
        self._zones: dict[str, int] = {}
        self._places: dict[bytes, int] = {}  # by metadata: the number of the zone * 2, and 1 for a bridge
        if self._place(core.record.meta) & BRIDGE_BIT != 0:
            # The preferred one is a bridge elsewhere; the other may be anybody (dskit PR#798).
            self.push_pull_nodes = 2

    def _place(self, meta: bytes) -> i64:
        known = self._places.get(meta)
        if known is None:
            tags = decode_tags(meta)
            zone = tags.get(ZONE_TAG, "")
            known = NO_ZONE * 2
            if zone != "":
                known = self._zones.setdefault(zone, len(self._zones)) * 2
            if tags.get(ROLE_TAG, "") == BRIDGE:
                known += BRIDGE_BIT
            self._places[meta] = known
        return known

    def select(self, core: Core, now: float) -> list[int]:
        members = core.members
        own = self._place(core.record.meta)
        zone: i64 = own >> 1
        is_bridge = own & BRIDGE_BIT != 0
        self.preferred = NOBODY
        everybody: list[int] = []
        selected: list[int] = []
        bridges: list[int] = []  # of other zones
        with_members: dict[int, bool] = {}  # zones
        with_bridges: dict[int, bool] = {}
        i: i64 = 0
        while i < members.count:
            node = members.at(i)
            i += 1
            everybody.append(node)
            place = self._place(members.record(node).meta)
            there: i64 = place >> 1
            if there == NO_ZONE:
                selected.append(node)
            elif place & BRIDGE_BIT == 0:
                with_members[there] = True
                if there == zone:
                    selected.append(node)
            else:
                if members.key(node) & 3 == STATE_ALIVE:
                    with_bridges[there] = True
                if there == zone:
                    selected.append(node)
                elif is_bridge:
                    selected.append(node)
                    bridges.append(node)
        if zone == NO_ZONE:
            return everybody
        lacking = self._lacking(with_members, with_bridges) if core.config.zone_failover else NO_ZONE
        if self.is_off != (lacking != NO_ZONE):
            self.is_off = not self.is_off
            core.notify(now, events.ZONE_FAILOVER, core.me, 1 if self.is_off else 0)
            if self.is_off:
                core.log(now, log_lines.ZONE_WITHOUT_BRIDGE, -1, 0, 0, list(self._zones)[lacking])
        if self.is_off:
            return everybody
        if len(bridges) > 0:
            self.preferred = bridges[core.rng.randrange(len(bridges))]
        return selected

    def _lacking(self, with_members: dict[int, bool], with_bridges: dict[int, bool]) -> i64:
        """Return the first zone that has members and no alive bridge, or NO_ZONE."""
        for zone in with_members:
            if zone not in with_bridges:
                return zone
        return NO_ZONE
