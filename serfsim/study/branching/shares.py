"""The share of branches in which a claim holds, at each time, and when its outcome became inevitable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serfsim.scenario.claims import Claim
from serfsim.study.statistics import Interval
from serfsim.study.statistics.intervals import share
from serfsim.study.sweeps.worker import DONE, Outcome

AT = "at"


@dataclass(frozen=True)
class Share:
    """A claim at one time: `held`, the share of fresh branches in which it holds, with its interval.

    `in_run`: whether it holds in the run itself.
    """

    claim: str
    at: float
    held: Interval
    in_run: bool

    @property
    def as_in_run(self) -> bool:
        """True if every branch ends as the run does."""
        return self.held.n > 0 and self.held.estimate == float(self.in_run)


def shares_of(outcomes: Iterable[Outcome], claims: Sequence[Claim], confidence: float = 0.95) -> list[Share]:
    """Return the share of each claim at each time, by claim, then by time.

    Branch 0, the run itself, is not counted: its outcome is why it was chosen.
    """
    done = [outcome for outcome in outcomes if outcome.status == DONE]
    times = sorted({float(outcome.job.parameters[AT]) for outcome in done})
    found = []
    for claim in claims:
        in_run = any(claim.check(outcome.row).holds for outcome in done if outcome.job.seed == 0)
        for at in times:
            fresh = [
                claim.check(outcome.row).holds
                for outcome in done
                if outcome.job.seed and outcome.job.parameters[AT] == at
            ]
            found.append(Share(claim.text, at, share(sum(fresh), len(fresh), confidence), in_run))
    return found


def inevitable_from(shares: Iterable[Share], claim: str) -> float | None:
    """Return the first time from which on every branch ends as the run does; None if there is none."""
    since = None
    for one in sorted((one for one in shares if one.claim == claim), key=lambda one: one.at):
        since = (one.at if since is None else since) if one.as_in_run else None
    return since


def conclusion(shares: Sequence[Share], claim: str) -> str:
    """Say in a sentence when the claim's outcome was settled."""
    own = [one for one in shares if one.claim == claim]
    outcome = "holds" if own[0].in_run else "fails"
    since = inevitable_from(own, claim)
    fresh = min(one.held.n for one in own)
    level = 1.0 - own[-1].held.confidence
    # With every one of n branches alike, a share of exceptions up to this is not excluded.
    missed = 1.0 - (level / 2.0) ** (1.0 / fresh) if fresh else 1.0
    if since is None:
        return f"'{claim}' {outcome} in the run; at {own[-1].at:g} s the other outcome was still possible"
    if since == own[0].at:
        return f"'{claim}' {outcome} in the run and in every branch, from {since:g} s on"
    return (
        f"'{claim}' {outcome} in the run; from {since:g} s on it does so in every branch"
        f" (of {fresh} each: exceptions under {missed:.1%} are not excluded)"
    )
