"""Serf's network coordinates."""

__all__: list[str] = []
