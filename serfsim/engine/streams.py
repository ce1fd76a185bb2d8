"""Named random streams: every use of randomness has its own, so that none shifts another.

A seed and a name give one stream, the same on every machine and in every Python release:
the name is hashed by BLAKE2b, not by `hash`. Within `branching` a run can go on from its state with
fresh streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from serfsim.native import Random


class Branching:
    """The streams begun so far, and the branch that streams begin in: "" is the run's own."""

    def __init__(self) -> None:
        self.branch = ""
        self._begun: list[tuple[int, str, Random]] = []

    def begin(self, seed: int, name: str) -> Random:
        """Return the stream at its start in this branch."""
        rng = Random(stream_seed(seed, self._name(name)))
        self._begun.append((seed, name, rng))
        return rng

    def take(self, branch: str) -> None:
        """Take a branch: from here on every stream, begun or yet to begin, is fresh."""
        self.branch = branch
        for seed, name, rng in self._begun:
            rng.seed(stream_seed(seed, self._name(name)))

    def _name(self, name: str) -> str:
        return f"{name}/{self.branch}" if self.branch else name


_branching: Branching | None = None


@contextmanager
def branching() -> Iterator[Branching]:
    """Follow every stream that begins within the block, so that the run can take a branch."""
    global _branching  # noqa: PLW0603 - a run's streams begin all over the simulation
    before, _branching = _branching, Branching()
    try:
        yield _branching
    finally:
        _branching = before


def stream_seed(seed: int, name: str) -> int:
    """Return 63 bits that depend on the run's seed and every character of the name."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def stream(seed: int, name: str) -> Random:
    """Return the stream `name` of a run, such as "host-17/loss", at its start."""
    return Random(stream_seed(seed, name)) if _branching is None else _branching.begin(seed, name)
