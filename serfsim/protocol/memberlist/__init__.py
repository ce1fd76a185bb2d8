"""memberlist's failure detector, gossip and state."""

__all__: list[str] = []
