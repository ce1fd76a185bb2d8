"""The formula of Serf's convergence simulator, a page of its website until it was removed.

It computed how far an update has spread after each gossip round, from the fan-out, the number of members, the
share of packets lost and the share of members that have failed. Source: _simulator.js in the history of
hashicorp/serf, as of the parent of commit 1e5befc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

MOST_ROUNDS: Final = 100
CONVERGED: Final = 0.9999
PACKET_BYTES: Final = 1400


def share_reached(n: int, rounds: int, *, fanout: int = 3, loss: float = 0.0, failed: float = 0.0) -> float:
    """Return the share of members that have the update after so many rounds.

    A logistic curve, with n + 1 where an epidemic that begins with one member has n - 1, and with half of the
    contacts: 1 / (n + 2) have the update before the first round.
    """
    contact = (fanout / n) * (1 - loss) * (1 - failed) * 0.5
    return 1 / (1 + (n + 1) * math.exp(-contact * n * rounds))


def curve(n: int, *, interval: float = 0.2, **conditions: float) -> Iterator[tuple[float, float]]:
    """Yield (seconds, share) round by round as the page drew them: up to 99.99 %, or 100 rounds."""
    for rounds in range(MOST_ROUNDS + 1):
        share = share_reached(n, rounds, **conditions)  # type: ignore[arg-type]
        yield rounds * interval, share
        if share >= CONVERGED:
            return


def seconds_to(share: float, n: int, *, interval: float = 0.2, **conditions: float) -> float:
    """Return the seconds until the share is reached, in whole rounds; infinite where 100 do not suffice."""
    for seconds, reached in curve(n, interval=interval, **conditions):
        if reached >= share:
            return seconds
    return math.inf


def bandwidth_kbps(fanout: int = 3, interval: float = 0.2) -> float:
    """Return the page's kbps per node: full packets to and from `fanout` others, every interval."""
    return PACKET_BYTES * fanout * (1 / interval) * 2 * 8 / 1024
