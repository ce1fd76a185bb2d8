"""Pharos: Vivaldi on two levels, one for the whole network and one for each cluster of near nodes."""

from serfsim.rivals.pharos.client import PharosClient

__all__ = ["PharosClient"]
