"""The Serf agent's RPC protocol over a live simulation, so that the real `serf` command can ask it.

    simulated_agent   the node that is asked, and what it reports while the simulation advances
    server            the listening socket, the clock, the end
    pacing            how fast simulated time may pass
    session           one connection: handshake, key, then commands one after the other
    messages          msgpack objects out of a stream of bytes, and what a request's body may hold
    info, membership, queries, keys, subscriptions    the commands, by theme

The simulation advances in short slices; between two of them requests are carried out at the present
simulated time. Everything runs in one thread, so nothing is ever seen half done.
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
