"""Figures, pages and cards of results."""

__all__: list[str] = []
