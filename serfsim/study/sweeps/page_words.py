"""The answer of a sweep: the settings at which its claims hold, and the figures that vary.

As for a single run, the verdict is about the claims; without claims, it reports observations only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from serfsim.base.english import format_count
from serfsim.report.answer import Answer, meaning
from serfsim.report.tables import format_number
from serfsim.scenario.claims import COMPARISONS, Claim
from serfsim.scenario.figures import unit_of
from serfsim.study.sweeps.grid import as_text
from serfsim.study.sweeps.overview import by_point, short_titles
from serfsim.study.sweeps.worker import DONE

if TYPE_CHECKING:
    import pandas as pd

MOST_TOLD: Final = 3  # figures whose range is reported
MOST_NAMED: Final = 6  # settings named


class Held(NamedTuple):
    """The number of finished runs in which all claims hold, at one point of the grid."""

    setting: str
    holds: int
    done: int

    @property
    def always(self) -> bool:
        return self.done > 0 and self.holds == self.done


def count_held(table: pd.DataFrame, parameters: Sequence[str]) -> list[Held]:
    """Count for each point of the tidy table."""
    found = []
    for point, runs in by_point(table):
        done = runs[runs["status"] == DONE]
        found.append(Held(setting(point, parameters), int((done["claims_failed"] == 0).sum()), len(done)))
    return found


class HeldClaim(NamedTuple):
    """One claim over all finished runs; a figure without a value does not satisfy it."""

    text: str
    meaning: str
    holds: int
    done: int


def count_held_claims(table: pd.DataFrame, claims: Sequence[Claim]) -> list[HeldClaim]:
    """Count for each claim the finished runs in which it holds."""
    done = table[table["status"] == DONE]
    found = []
    for claim in claims:
        compare, values = COMPARISONS[claim.comparison], done.get(claim.figure, ())
        holds = sum(not math.isnan(value) and compare(value, claim.threshold) for value in values)
        found.append(HeldClaim(claim.text, meaning(claim.figure), holds, len(done)))
    return found


def setting(point: Mapping[Any, Any], parameters: Sequence[str]) -> str:
    """Format a setting: 'suspicion_mult 4, udp 5%'; 'the scenario' without a grid."""
    titles = short_titles(parameters)
    return ", ".join(f"{titles[path]} {as_text(point[path])}" for path in parameters) or "the scenario"


def sweep_answer(
    table: pd.DataFrame,
    points: Sequence[Mapping[Any, Any]],
    figures: Sequence[str],
    parameters: Sequence[str],
    claims: int,
    runs: int,
) -> Answer:
    """Return the answer of a sweep.

    `points`: rows of `sweeps.overview.summary`. `runs`: their number when all are done.
    """
    found = count_held(table, parameters)
    always = [one for one in found if one.always]
    if not claims or not found:
        state = "seen"
    else:
        state = "holds" if len(always) == len(found) else "seen" if always else "fails"
    sentences = list(of_claims(found, always, claims)) if claims else []
    if len(points) > 1:
        sentences += [text for name in figures[:MOST_TOLD] if (text := range_of(points, name, parameters))]
    told = verdict(claims, len(always), len(found))
    if claims and len(table) < runs:
        told = f"So far: {told[0].lower()}{told[1:]}"
    return Answer(state, told, sentences, unfinished_text(table, runs))


def verdict(claims: int, always: int, settings: int) -> str:
    if not claims or not settings:
        return "No claims to check."
    hold = "The claim holds" if claims == 1 else f"All {claims} claims hold"
    if always == settings:
        return f"{hold} in every run" + (" at every setting." if settings > 1 else ".")
    if always:
        return f"{hold} in every run at {always} of {settings} settings."
    where = "At no setting" if settings > 1 else "Not in every run"
    end = " in every run." if settings > 1 else "."
    return where + (" does the claim hold" if claims == 1 else f" do all {claims} claims hold") + end


def of_claims(found: Sequence[Held], always: Sequence[Held], claims: int) -> Iterator[str]:
    """Yield the settings at which all claims hold, and the one at which they hold least often."""
    if always and len(always) < len(found):
        names = [one.setting for one in always]
        if len(names) > MOST_NAMED:
            names = [*names[: MOST_NAMED - 1], f"and {len(names) - MOST_NAMED + 1} others"]
        yield f"{'This is' if len(always) == 1 else 'These are'} {'; '.join(names)}."
    tried = [one for one in found if one.done]
    if tried and len(always) < len(found):
        worst = min(tried, key=lambda one: one.holds / one.done)
        where = f", with {worst.setting}" if len(found) > 1 else ""
        hold = "It holds" if claims == 1 else "They all hold"
        yield f"{hold} least often{where}: in {worst.holds} of {format_count(worst.done, 'run')}."


def range_of(points: Sequence[Mapping[Any, Any]], figure: str, parameters: Sequence[str]) -> str:
    """Describe the range of a figure's mean; '' where it does not vary."""
    known = [point for point in points if not math.isnan(point[figure])]
    if len(known) < 2:
        return ""
    least, most = (pick(known, key=lambda point: float(point[figure])) for pick in (min, max))
    low, high = (
        f"{format_number(float(point[figure]))} {unit_of(figure)}".rstrip() for point in (least, most)
    )
    if low == high:
        return ""
    return (
        f"The mean of {figure} goes from {low} with {setting(least, parameters)} to {high} with "
        f"{setting(most, parameters)}."
    )


def unfinished_text(table: pd.DataFrame, runs: int) -> str:
    """Describe unfinished and failed runs; '' where there are none."""
    told = []
    if len(table) < runs:
        told.append(f"{runs - len(table)} of {format_count(runs, 'run')} are not done yet")
    failed = table[table["status"] != DONE]
    if len(failed):
        told.append(f"{format_count(len(failed), 'run')} failed, the first with: {failed['error'].iloc[0]}")
    return f"{'; '.join(told)}." if told else ""
