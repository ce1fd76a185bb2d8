"""Foundations that know nothing of Serf: errors, atomic files, English, progress, manifests, locks."""
