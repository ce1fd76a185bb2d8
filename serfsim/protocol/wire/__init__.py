"""The bytes of messages: sizes, encoders, decoders."""

__all__: list[str] = []
