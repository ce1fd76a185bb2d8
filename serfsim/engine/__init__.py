"""Clock, event queue, random streams and trace."""

__all__: list[str] = []
