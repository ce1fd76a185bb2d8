"""Live agents in real time, and agents of a finished run.

agent          a member of a real Serf cluster, on real sockets
rpc            the Serf agent's RPC protocol over a live simulation
views          members and statistics of a node, and how the real commands print them
finished_run   what a node of a finished run knew at a time
"""

__all__ = ["addresses", "agent", "base_agent", "finished_run", "rpc", "views"]
