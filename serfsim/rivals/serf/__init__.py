"""Serf's own network coordinates, as one coordinate system among others."""

__all__: list[str] = []
