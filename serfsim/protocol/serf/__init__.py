"""Serf's membership, events and queries."""

__all__: list[str] = []
