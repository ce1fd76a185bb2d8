"""The commands join, leave, force-leave and tags. Each answers once the node has completed it."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from serfsim.live.rpc.messages import Count, read_bool, read_string, read_string_map, read_strings
from serfsim.live.rpc.session import Answer, Command, Session
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.logs import live_words
from serfsim.logs.words import format_words
from serfsim.protocol import log_lines
from serfsim.protocol.directory import DEFAULT_PORT
from serfsim.protocol.serf.intents import GONE, INTENT_UNTOLD, LEAVE_UNTOLD, STAYING
from serfsim.protocol.serf.tags import LONGEST_META, TOO_LONG, encode_meta


def contact_of(agent: SimulatedAgent, text: str) -> int | str:
    """Resolve '10.0.0.3', '10.0.0.3:7946' or the name of a node, which the simulated DNS knows.

    Returns the directory's number of the address, or the error.
    """
    host, colon, port = text.rpartition("/")[2].rpartition(":")
    if not colon:
        host, port = port, str(DEFAULT_PORT)
    if not port.isdecimal() or int(port) > 65535:
        return f"Failed to resolve {text}: invalid port"
    directory, roster = agent.directory, agent.sim.roster
    number = roster.index.get(host, next(iter(roster.shared.get(host, ())), None))
    if number is not None:
        (contact,) = agent.sim.agents.placement.contacts(agent.number, [number])
        if not colon:
            return contact
        packed = directory.address_bytes(contact, 4)
    else:
        try:
            packed = ipaddress.ip_address(host.strip("[]")).packed
        except ValueError:
            return f"Failed to resolve {text}: lookup {host}: no such host"
    return int(directory.address_number(packed, int(port)))


async def join(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Join through one address after another; succeed if one of them answered."""
    agent, given = session.agent, body["Existing"]
    with agent.waiting():
        contacts = [contact_of(agent, text) for text in given]
        count, error = await agent.join_through(given, contacts, body["Replay"])
    return Answer(error, {"Num": Count(count)})


async def force_leave(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Make a member leave.

    An unknown name is broadcast too: others keep the intent until it joins.
    """
    agent, name = session.agent, body["Node"]
    kind = "node (prune)" if body["Prune"] else "node"
    agent.say(format_words(log_lines.PRUNING if body["Prune"] else log_lines.REMOVING, subject=name))
    node, directory = agent.node, agent.sim.agents.directory
    number = directory.find(name)
    if number < 0:
        number = directory.add(name, len(directory)).node
    with agent.waiting():
        in_time = await agent.completion(lambda: node.force_leave(number, body["Prune"], agent.now))
    if in_time:
        return Answer()
    error = "timed out broadcasting node removal"
    agent.say(live_words.REMOVAL_FAILED.format(kind=kind, error=error))
    return Answer(error)


LEAVE_TROUBLE: Final = {
    INTENT_UNTOLD: "timeout while waiting for graceful leave",
    LEAVE_UNTOLD: "timeout waiting for leave broadcast",
}


async def leave(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Leave, answer, and end the process."""
    agent = session.agent
    agent.say(live_words.LEAVE_TRIGGERED)
    agent.say(format_words(log_lines.LEAVING))
    node = agent.node
    phase = node.leave_phase
    error = ""
    if phase == STAYING:
        with agent.waiting():
            error = LEAVE_TROUBLE.get(await agent.completion(lambda: node.leave(agent.now)), "")
    elif phase != GONE:
        error = "Leave already in progress"
    if error:
        agent.say(live_words.LEAVE_FAILED.format(error=error))
    return Answer(error, then=lambda: _shut_down(agent))


def _shut_down(agent: SimulatedAgent) -> None:
    agent.say(format_words(log_lines.SHUTTING_DOWN))
    agent.end_process()
    agent.say(format_words(log_lines.SHUT_DOWN))
    agent.has_left = True


async def tags(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    agent, node = session.agent, session.agent.node
    version = node.record().delegate_current
    kept = {key: value for key, value in node.tags.items() if key not in body["DeleteTags"]}
    wanted = {**kept, **body["Tags"]}
    plain = sum(len(key.encode()) + len(value.encode()) for key, value in wanted.items())
    if plain > LONGEST_META or len(encode_meta(wanted, version)) > LONGEST_META:
        return Answer(TOO_LONG)
    delete = tuple(body["DeleteTags"])
    with agent.waiting():
        in_time = await agent.completion(
            lambda: agent.sim.agents.update_tags(node, body["Tags"], delete, agent.now)
        )
    return Answer("" if in_time else "timeout waiting for update broadcast")


COMMANDS: Final = {
    "join": Command(join, {"Existing": read_strings, "Replay": read_bool}),
    "force-leave": Command(force_leave, {"Node": read_string, "Prune": read_bool}),
    "leave": Command(leave),
    "tags": Command(tags, {"Tags": read_string_map, "DeleteTags": read_strings}),
}
