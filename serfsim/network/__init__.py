"""Packets between hosts: latency, jitter, loss, rules, TCP."""

__all__: list[str] = []
