"""The Serf agent's RPC protocol over a live simulation, so that the real `serf` command can ask it.

    frames     msgpack objects out of a stream of bytes, within limits
    bodies     what a request's body may hold, as Go would decode it
    session    one connection: handshake, key, then commands one after the other
    commands   what each command does, by theme
    streams    events, log lines and answers that go on after the reply
    agent      the node that is asked, and what it reports while the simulation advances
    pacing     how fast simulated time may pass
    server     the listening socket, the clock, the end
    texts      what the real commands print
    past       what a finished run's node knew at a time

The simulation advances in short slices; between two of them requests are carried out at the present
simulated time. Everything runs in one thread, so nothing is ever seen half done.
"""
