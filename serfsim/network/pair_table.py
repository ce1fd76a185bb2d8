"""A table of numbers for ordered pairs of hosts: the place of each pair's model in a list of few models."""

from __future__ import annotations

from typing import Final

from serfsim.native import i16, i64, vec

MOST_MODELS: Final = 32767


class PairTable:
    """Numbers of `n` * `n` ordered pairs, 0 at first. `what` names the models in the error about too many."""

    def __init__(self, n: i64, what: str) -> None:
        self.n: i64 = n
        self.what = what
        self.which = vec[i16]([0] * (n * n))

    def check_room(self, models: i64) -> None:
        """Raise ValueError if `models` models, the default included, are too many for another one."""
        if models > MOST_MODELS:
            raise ValueError(f"more than {MOST_MODELS} {self.what} models")

    def assign(self, sources: list[int], targets: list[int], number: i64) -> None:
        """Give the pairs from `sources` to `targets` a number."""
        for source in sources:
            for target in targets:
                self.which[i64(source) * self.n + i64(target)] = i16(number)

    def number(self, source: i64, target: i64) -> i64:
        """Return the number of a pair."""
        return i64(self.which[source * self.n + target])
