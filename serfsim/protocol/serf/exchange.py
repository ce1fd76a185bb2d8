"""Serf's part of a push/pull: status times, who has left, clocks, user events (spec serf.md section 5)."""

from __future__ import annotations

from serfsim.native import append, i64, mypyc_attr, vec
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.members import STATUS_NONE
from serfsim.protocol.serf.messages import SerfState
from serfsim.protocol.wire.msgpack import header_size, unsigned_size
from serfsim.protocol.wire.serf_fields import STATE_FIELDS


@mypyc_attr(allow_interpreted_subclasses=True)
class StateExchange:
    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def local_state(self) -> SerfState:
        """Serf's part of a push/pull; its size follows spec wire.md section 5."""
        core = self.core
        members = core.members
        first = core.directory.first
        size = STATE_FIELDS.size + header_size(members.count) + header_size(len(members.left))
        base = members.told_base
        if base is not None:
            nodes, ltimes = base.numbers, base.ltimes
            size += base.ltimes_size
        else:
            nodes = members.known()
            ltimes = vec[i64](capacity=members.count)
            for node in nodes:
                ltime = members.status_ltime(node)
                ltimes = append(ltimes, ltime)
                size += first[node].name_size + unsigned_size(ltime)
        for left in members.left:
            size += first[left].name_size
        ltime = core.intents.clock.time()
        event_ltime = core.user_events.clock.time()
        query_ltime = core.queries.clock.time()
        size += unsigned_size(ltime) + unsigned_size(event_ltime) + unsigned_size(query_ltime)
        state = SerfState(
            ltime,
            event_ltime,
            query_ltime,
            nodes,
            ltimes,
            list(members.left),
            size,
        )
        state.base = base
        core.user_events.tell(state)
        return state

    def merge(self, state: SerfState, now: float) -> None:
        """Section 5: the left first, then all others as join intents; nothing is passed on.

        Whether this node has to refute its own leave, and with which clock, `Intents` knows afterwards.
        """
        core = self.core
        intents = core.intents
        if state.ltime > 0:
            intents.clock.witness(state.ltime - 1)
        if state.event_ltime > 0:
            core.user_events.clock.witness(state.event_ltime - 1)
        if state.query_ltime > 0:
            core.queries.clock.witness(state.query_ltime - 1)
        # Before Serf 0.8.2 a leave came at the time of the status, and so mostly was too old to count.
        later: i64 = 1 if core.config.features.left_are_newer else 0
        members = core.members
        base = state.base
        if base is not None and base is members.told_base:
            # Both hold of all members the times of the start: only who has left can be news.
            for one in state.left:
                intents.handle_leave(one, base.ltimes[one] + later, False, now)
            intents.clock.witness(base.last_ltime)
            return
        left: dict[int, int] = {}
        for node in state.left:
            left[node] = int(later)
        if len(left) > 0:
            i: i64 = 0
            while i < len(state.nodes):
                node = state.nodes[i]
                if node in left:
                    left[node] = int(state.ltimes[i] + later)
                i += 1
            for gone, ltime_left in left.items():
                intents.handle_leave(gone, ltime_left, False, now)
        i = 0
        while i < len(state.nodes):
            node = state.nodes[i]
            ltime = state.ltimes[i]
            i += 1
            if len(left) > 0 and node in left:
                continue
            if members.status(node) == STATUS_NONE or ltime > members.status_ltime(node):
                intents.handle_join(node, ltime, now)
            else:
                intents.clock.witness(ltime)
