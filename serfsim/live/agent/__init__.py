"""The protocol on real sockets: a member of a real Serf cluster.

    sockets       the UDP socket, the TCP listener, and outgoing connections
    codec         encoding of packets and stream messages: compression, checksums, encryption
    runtime       the operations of `protocol.runtime` on these sockets and a monotonic clock
    live_agent    the agent, for programs and `serfsim agent`

Everything runs in one thread, in one asyncio loop: inputs are handled one after the other, each as soon as
it is read. The protocol cannot tell this from a simulation.
"""

from serfsim.live.agent.live_agent import Identity, LiveAgent, QueryAnswers
from serfsim.live.base_agent import AgentEvent
from serfsim.live.views import MemberView
from serfsim.protocol.serf.outgoing_queries import QueryParams

__all__ = ["AgentEvent", "Identity", "LiveAgent", "MemberView", "QueryAnswers", "QueryParams"]
