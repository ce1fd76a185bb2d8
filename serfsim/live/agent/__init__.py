"""The same machines on real sockets: a member of a real Serf cluster.

    sockets       addresses; the UDP socket and the TCP listener, and connections that are dialled
    codec         packets and stream messages to bytes and back, compressed, checked, encrypted
    runtime       the verbs of `protocol.runtime`, carried out on those with a monotonic clock
    application   what stands above the node: it tells of events and answers queries
    key_queries   answers to queries about the keyring
    live_agent    all of it together, to be used from a program or by `serfsim agent`

Everything runs in one thread, in one asyncio loop: inputs are handled one after the other, each as soon as
it is read. The protocol is not told that it is not in a simulation, and cannot tell.
"""

from serfsim.live.agent.live_agent import Answers as Answers
from serfsim.live.agent.live_agent import Happening as Happening
from serfsim.live.agent.live_agent import Identity as Identity
from serfsim.live.agent.live_agent import LiveAgent as LiveAgent
