"""Foundations independent of Serf: errors, atomic files, English, progress, manifests, locks."""

__all__: list[str] = []
