"""The commands join, leave, force-leave and tags. Each answers once the node has done it."""

from __future__ import annotations

import ipaddress
from typing import Any, Final, NamedTuple

from serfsim.live.addresses import shown
from serfsim.live.rpc.messages import read_bool, read_string, read_string_map, read_strings
from serfsim.live.rpc.session import Answer, Command, Session
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.logs import live_words
from serfsim.logs.words import spelled
from serfsim.protocol import log_lines
from serfsim.protocol.directory import DEFAULT_PORT
from serfsim.protocol.memberlist.errors import gathered
from serfsim.protocol.serf.intents import GONE, INTENT_UNTOLD, LEAVE_UNTOLD, STAYING
from serfsim.protocol.serf.tags import LONGEST_META, TOO_LONG, encode_meta


class Contact(NamedTuple):
    """A member to join: an address as text, a port, and the number of both; or the error, with number -1."""

    address: str
    port: int
    number: int
    error: str = ""


def contact_of(agent: SimulatedAgent, text: str) -> Contact:
    """Resolve '10.0.0.3', '10.0.0.3:7946', or the name of a node, which the cluster's own DNS knows."""
    host, colon, port_text = text.rpartition("/")[2].rpartition(":")
    if not colon:
        host, port_text = port_text, str(DEFAULT_PORT)
    if not port_text.isdecimal() or int(port_text) > 65535:
        return Contact(text, 0, -1, f"Failed to resolve {text}: invalid port")
    directory, number = agent.sim.agents.directory, agent.sim.roster.index.get(host)
    if number is not None:
        packed = directory.address_bytes(directory.first[number].address, 4)
    else:
        try:
            packed = ipaddress.ip_address(host.strip("[]")).packed
        except ValueError:
            return Contact(text, 0, -1, f"Failed to resolve {text}: lookup {host}: no such host")
    address = str(ipaddress.ip_address(packed))
    return Contact(address, int(port_text), int(directory.address_number(packed, int(port_text))))


def refusal_of(agent: SimulatedAgent, contact: Contact) -> str:
    """The error of a join that failed, inferred from the state of the host."""
    network = agent.sim.network
    error = "i/o timeout"
    if network.is_host(contact.number):
        host = network.hosts[contact.number]
        if host.plugged and not host.running:
            error = "connect: connection refused"
    return f"Failed to join {contact.address}: dial tcp {shown((contact.address, contact.port))}: {error}"


async def join(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Join through one address after the other; succeeds if one of them answered."""
    agent = session.agent
    replay = "true" if body["Replay"] else "false"
    agent.say(spelled(log_lines.JOINING, text=" ".join(body["Existing"]), a=replay))
    async with agent.turn("join"):
        if agent.node.leave_phase != STAYING:
            return Answer("Serf can't Join after Leave or Shutdown", {"Num": 0})
        agent.node.user_events.ignores_old = not body["Replay"]
        count, errors = 0, []
        for text in body["Existing"]:
            contact = contact_of(agent, text)
            failure = contact.error
            if not failure and not await _contacted(agent, contact):
                failure = refusal_of(agent, contact)
            if failure:
                errors.append(failure)
            else:
                count += 1
        node = agent.node
        node.user_events.ignores_old = False
        if count > 0:
            node.intents.broadcast_join(agent.now)
    if count > 0:
        agent.say(spelled(log_lines.JOINED, a=count))
        return Answer(body={"Num": count})
    error = gathered(errors)
    if error:
        agent.say(spelled(log_lines.JOIN_ERROR, text=error))
    return Answer(error, {"Num": 0})


async def _contacted(agent: SimulatedAgent, contact: Contact) -> bool:
    """Push/pull with a member; returns whether it succeeded."""
    node = agent.node

    def begin() -> int:
        token = node.core.new_token()
        node.memberlist.join([contact.number], token, agent.now)
        return token

    with agent.waiting():
        return await agent.completion(begin) > 0


async def force_leave(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    """Have a member leave. An unknown name is broadcast too: others keep the intent until it joins."""
    agent, name = session.agent, body["Node"]
    kind = "node (prune)" if body["Prune"] else "node"
    agent.say(spelled(log_lines.PRUNING if body["Prune"] else log_lines.REMOVING, subject=name))
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
    agent.say(spelled(log_lines.LEAVING))
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
    agent.say(spelled(log_lines.SHUTTING_DOWN))
    agent.end_process()
    agent.say(spelled(log_lines.SHUT_DOWN))
    agent.has_left = True


async def tags(session: Session, seq: int, body: dict[str, Any]) -> Answer:
    agent, node = session.agent, session.agent.node
    version = node.core.record().delegate_current
    kept = {key: value for key, value in node.core.tags.items() if key not in body["DeleteTags"]}
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
