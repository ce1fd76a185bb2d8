"""Foundations that know nothing of Serf: errors, atomic files, English, progress, manifests, locks."""

__all__: list[str] = []
