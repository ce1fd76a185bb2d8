"""Figures of a recording: beliefs judged by the truth."""

__all__: list[str] = []
