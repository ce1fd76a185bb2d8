"""Named random streams: every use of randomness has its own, so that none shifts another.

A seed and a name give one stream, the same on every machine and in every Python release:
the name is hashed by BLAKE2b, not by `hash`.
"""

from __future__ import annotations

import hashlib

from serfsim.native import Random


def stream_seed(seed: int, name: str) -> int:
    """Return 63 bits that depend on the run's seed and every character of the name."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def stream(seed: int, name: str) -> Random:
    """Return the stream `name` of a run, such as "host-17/loss", at its start."""
    return Random(stream_seed(seed, name))
