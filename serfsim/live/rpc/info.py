"""The commands about the agent's knowledge: members, stats, coordinates."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from serfsim.base.expressions import is_full_match
from serfsim.live.rpc.messages import read_string, read_string_map
from serfsim.live.rpc.session import Answer, Closed, Command, Session
from serfsim.live.views import is_wanted, stats_of
from serfsim.protocol.vivaldi.client import Client

TURN_S: Final = 0.01  # seconds of real time, after which other clients get their turn


async def members(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """List all members."""
    return Answer(body={"Members": [view.record() for view in session.agent.members()]})


async def members_filtered(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """List the members that match; an invalid expression closes the connection, as in the real agent."""
    found = []
    began = time.monotonic()
    try:
        for expression in (body["Status"], body["Name"], *body["Tags"].values()):
            is_full_match(expression, "")
        for view in session.agent.members():
            if is_wanted(view, body["Tags"], body["Status"], body["Name"]):
                found.append(view.record())
            if time.monotonic() - began > TURN_S:
                await asyncio.sleep(0)
                began = time.monotonic()
    except ValueError as error:
        raise Closed(f"Failed to compile regex: {error}") from None
    return Answer(body={"Members": found})


async def stats(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """List the agent's statistics."""
    return Answer(body=dict(stats_of(session.agent.node)))


async def get_coordinate(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Look up a coordinate: the agent's own, or that of a member it has probed."""
    node = session.agent.node
    if not isinstance(node.vivaldi, Client):
        return Answer("coordinates are not Serf's Vivaldi here: a cluster with `coordinates: serf` has these")
    number = node.directory.find(body["Node"])
    found = None
    if node.has_coordinates():
        found = node.vivaldi.coordinate if number == node.me else node.coordinates.get(number)
    if found is None:
        empty = {"Adjustment": 0.0, "Error": 0.0, "Height": 0.0, "Vec": None}
        return Answer(body={"Coord": empty, "Ok": False})
    coordinate = {
        "Adjustment": float(found.adjustment),
        "Error": float(found.error),
        "Height": float(found.height),
        "Vec": [float(x) for x in found.vec],
    }
    return Answer(body={"Coord": coordinate, "Ok": True})


COMMANDS: Final = {
    "members": Command(members),
    "members-filtered": Command(
        members_filtered, {"Tags": read_string_map, "Status": read_string, "Name": read_string}
    ),
    "stats": Command(stats),
    "get-coordinate": Command(get_coordinate, {"Node": read_string}),
}
