"""Agents that answer in real time: a member on real sockets, and the RPC protocol over a simulation."""
