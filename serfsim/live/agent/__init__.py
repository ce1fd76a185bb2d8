"""The same machines on real sockets: a member of a real Serf cluster.

    sockets       the UDP socket and the TCP listener, and connections that are dialled
    codec         packets and stream messages to bytes and back, compressed, checked, encrypted
    runtime       the verbs of `protocol.runtime`, carried out on those with a monotonic clock
    key_queries   answers to queries about the keyring
    live_agent    all of it together, to be used from a program or by `serfsim agent`

Everything runs in one thread, in one asyncio loop: inputs are handled one after the other, each as soon as
it is read. The protocol cannot tell this from a simulation.
"""

from serfsim.live.agent.live_agent import Identity, LiveAgent, QueryAnswers
from serfsim.live.base_agent import AgentEvent
from serfsim.live.views import MemberView
from serfsim.protocol.serf.outgoing_queries import QueryParams

__all__ = ["AgentEvent", "Identity", "LiveAgent", "MemberView", "QueryAnswers", "QueryParams"]
