"""memberlist, Serf and Vivaldi as state machines."""

__all__: list[str] = []
