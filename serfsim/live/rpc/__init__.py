"""The Serf agent's RPC protocol over a live simulation, for the real `serf` command.

    simulated_agent   the served node and its reports while the simulation advances
    server            the listening socket, the clock, the end
    pacing            the pace of simulated time
    session           one connection: handshake, key, then commands one after the other
    messages          msgpack framing and the decoding of request bodies
    info, membership, queries, keys, subscriptions    the commands, by theme

The simulation advances in short slices; between two of them requests are carried out at the present
simulated time. Everything runs in one thread, so clients see only complete states.
"""

__all__ = [
    "info",
    "keys",
    "membership",
    "messages",
    "pacing",
    "queries",
    "server",
    "session",
    "simulated_agent",
    "subscriptions",
]
