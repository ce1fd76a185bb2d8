"""Filters of events, as the agent's handlers and RPC streams have them: their words, and what they pass."""

from __future__ import annotations

from serfsim.live.base_agent import AgentEvent
from serfsim.live.rpc.subscriptions import read_filters
from tests.differential.replaying import Outcome, Replay, Vector, compare

KINDS = ("user", "query", "member-join", "member-leave", "member-failed", "member-update", "member-reap")


def play(vector: Vector, number: int) -> Outcome:
    filters = read_filters(vector["filter"])
    events = [AgentEvent(kind, name=vector["name"] if at < 2 else "") for at, kind in enumerate(KINDS)]
    simulated = {
        "found": [[one.kind, one.name, one.is_valid()] for one in filters],
        "passes": [any(one.wants(event) for one in filters) for event in events],
    }
    difference = compare({key: vector[key] for key in simulated}, simulated)
    return Outcome(1, f"{vector['filter']!r}: {difference}" if difference else "")


FILTERS = Replay("ef", "filters of events of the agent's handlers and streams", "filter", play)
