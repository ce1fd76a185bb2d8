"""The clock, the event queue, random streams and the trace."""

__all__: list[str] = []
