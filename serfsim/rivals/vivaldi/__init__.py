"""Vivaldi as its paper has it, with the later additions as settings."""

from serfsim.rivals.vivaldi.client import VivaldiClient
from serfsim.rivals.vivaldi.space import Space, Spring

__all__ = ["Space", "Spring", "VivaldiClient"]
