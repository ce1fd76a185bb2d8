"""The figures of a recording: members' views judged by the truth."""

__all__: list[str] = []
