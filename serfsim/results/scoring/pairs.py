"""A value for every pair (observer, subject) of n nodes, of which those about most subjects may be alike.

In a cluster that began converged, nobody ever reports most members: whoever runs has them in view. These
share one column, and only the other members have one of their own. 100,000 members of which a hundred fail
so need 10 MB instead of 10 GB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import Integers


def columns_of(own: Booleans) -> tuple[Integers, int]:
    """The column of each subject, (n,), and how many there are: those of `own` have one, the others share 0.

    Where that would save less than half, each has its own.
    """
    n, count = len(own), int(own.sum())
    if 2 * count >= n:
        return np.arange(n, dtype=np.int64), n
    column: Integers = np.zeros(n, dtype=np.int64)
    column[own] = 1 + np.arange(count)
    return column, 1 + count


class Pairs:
    """`values[observer, column[subject]]`, shape (n, m); see `columns_of`. Nobody is a pair with himself."""

    def __init__(self, values: NDArray[Any], column: Integers) -> None:
        self.values = values
        self.column = column
        n, m = values.shape
        self.shares = m < n
        # The subjects with a column of their own, in its order.
        self.own: Integers = np.flatnonzero(column).astype(np.int64) if self.shares else np.arange(n)

    @property
    def flat(self) -> NDArray[Any]:
        """`values` as one array, which `places` are about."""
        return self.values.reshape(-1)

    def places(self, observer: Integers, subject: Integers) -> Integers:
        """Where pairs are in `flat`."""
        found: Integers = observer.astype(np.int64) * self.values.shape[1] + self.column[subject]
        return found

    def copy(self) -> Pairs:
        return Pairs(self.values.copy(), self.column)

    def joined(self, kind: int) -> Pairs:
        """Which values are of a kind; False of each node with itself."""
        found = Pairs(self.values == kind, self.column)
        found.values[self.own, self.column[self.own]] = False
        return found

    def about(self, subject: int) -> Booleans:
        """Of bits: who has `subject` in view, (n,)."""
        found: Booleans = self.values[:, self.column[subject]].copy()
        found[subject] = False
        return found

    def of(self, observer: int) -> Booleans:
        """Of bits: whom `observer` has in view, (n,)."""
        found: Booleans = self.values[observer, self.column]
        found[observer] = False
        return found

    def differing(self, from_bits: Booleans) -> Integers:
        """Of bits: of how many subjects each observer has another than `from_bits`, (n,)."""
        bits = from_bits[self.own]
        differs = (self.values[:, 1:] if self.shares else self.values) != bits[None, :]
        differs[self.own, np.arange(len(self.own))] = False
        found: Integers = differs.sum(axis=1).astype(np.int64)
        if self.shares:
            alike = self.column == 0
            ups = int(from_bits[alike].sum())
            wanting, having = ups - (alike & from_bits), int(alike.sum()) - ups - (alike & ~from_bits)
            found += np.where(self.values[:, 0], having, wanting)
        return found

    def dense(self) -> NDArray[Any]:
        """All pairs, (n, n)."""
        return np.array([self.of(observer) for observer in range(len(self.column))])
