"""Local health of a node (Lifeguard, arXiv 1707.00788 section IV-A; spec memberlist.md 5.5)."""

from __future__ import annotations

from serfsim.native import i64, mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Awareness:
    """The health score: 0 is healthy, `max_multiplier` - 1 the worst.

    As in memberlist, the score stretches only the whole probe round, not the wait for a direct
    ack: waiting longer for that is not expected to help.
    """

    def __init__(self, max_multiplier: i64) -> None:
        self.max_multiplier: i64 = max_multiplier
        self.score: i64 = 0

    def apply_delta(self, delta: i64) -> bool:
        """Add `delta`, clamped; True if the score changed."""
        before = self.score
        score = before + delta
        if score > self.max_multiplier - 1:
            score = self.max_multiplier - 1
        if score < 0:
            score = 0
        self.score = score
        return score != before

    def scale_timeout(self, timeout: float) -> float:
        return timeout * float(self.score + 1)
