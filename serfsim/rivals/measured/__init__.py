"""The round trips that members measured themselves, without any coordinates."""

from serfsim.rivals.measured.client import MeasuredClient

__all__ = ["MeasuredClient"]
