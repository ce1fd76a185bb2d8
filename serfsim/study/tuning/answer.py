"""The answer of a tuning in one sentence: the setting, its figures with units, the confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from serfsim.base.english import join_names
from serfsim.study.tuning.describe import amount, format_confidence, measured_text, statistic_text
from serfsim.study.tuning.judging import Judgement
from serfsim.study.tuning.settings import AS_IT_IS

if TYPE_CHECKING:
    from serfsim.study.tuning.tuning import Judged, Tuning


MOST_TOLD: Final = 3  # near ties listed


def sentence_of(tuning: Tuning) -> str:
    """Return the finding of a tuning."""
    if tuning.chosen is not None:
        return _found(tuning, tuning.chosen)
    passed = [one for one in tuning.settings if one.verdict == "satisfied"]
    if passed:
        return _without_objective(tuning, passed)
    if tuning.status == "undecided":
        return _undecided_text(tuning)
    return _none_text(tuning)


def _found(tuning: Tuning, chosen: Judged) -> str:
    way = "lowest" if tuning.objective.better == "lower" else "highest"
    goal, name = tuning.objective, chosen.setting.name
    told = f"{measured_text(goal, chosen.objective)}, {statistic_text(goal, chosen.setting.seeds)}"
    if len(tuning.settings) == 1:
        keeps = f" keeps {_all(tuning)} ({_evidence(tuning, chosen)}) and" if tuning.constraints else ""
        return f"{_capitalize(name)}{keeps} has a {goal.figure} of {told}."
    kept = ""
    if tuning.constraints:
        kept = f" of the settings that keep {_all(tuning)} ({_evidence(tuning, chosen)})"
    elif len(tuning.settings) > 1:
        kept = " of the settings tried"
    rest = _ties(tuning) + _promising(tuning, chosen)
    return f"{name} has the {way} {goal.figure}{kept}: {told}{rest}."


def _capitalize(name: str) -> str:
    """Capitalise a setting's name that is a phrase, for the start of a sentence."""
    return f"T{name[1:]}" if name == AS_IT_IS else name


def _evidence(tuning: Tuning, one: Judged) -> str:
    """Format the evidence: 'p95 over 60 seeds = 0, 95 % confident'."""
    found = [
        f"{_statistic_of(each, one)} = {amount(each.estimate, each.constraint.unit)}"
        for each in one.judgements
    ]
    surely = f"{format_confidence(tuning.confidence)} confident"
    if len(tuning.settings) > 1 and tuning.judge == "together":
        surely += f" for all {len(tuning.settings)} settings together"
    return f"{', '.join(found)}, {surely}"


def _ties(tuning: Tuning) -> str:
    """Name the settings that may be as good as the answer."""
    ties = tuning.near_ties
    named = [
        f"{one.setting.name} ({measured_text(tuning.objective, one.objective)})" for one in ties[:MOST_TOLD]
    ]
    if len(ties) > MOST_TOLD:
        named.append(f"{len(ties) - MOST_TOLD} more")
    if len(named) < 2:
        return f"; {named[0]} may be as good" if named else ""
    return f"; {join_names(named)} may each be as good"


def _promising(tuning: Tuning, chosen: Judged) -> str:
    """Name the undecided setting with a better objective than the answer's that needs the fewest seeds."""
    sign = 1.0 if tuning.objective.better == "lower" else -1.0
    able = [
        (needed, one)
        for one in tuning.best_of("undecided")
        if sign * one.objective.estimate < sign * chosen.objective.estimate and (needed := _seeds_needed(one))
    ]
    if not able:
        return ""
    needed, one = min(able, key=lambda pair: pair[0])
    told = measured_text(tuning.objective, one.objective)
    return f"; {one.setting.name} ({told}) is undecided, {_more(one, needed)}"


def _undecided_text(tuning: Tuning) -> str:
    what = f"Undecided: no setting tried is shown to keep {_all(tuning)} with"
    what += f" {format_confidence(tuning.confidence)} confidence"
    sign = 1.0 if tuning.objective.better == "lower" else -1.0

    def distance(one: Judged) -> tuple[float, ...]:
        needed = _seeds_needed(one) or math.inf
        return _violations(one), needed, -_surest(one), sign * one.objective.estimate

    nearest = min(tuning.settings, key=distance)
    found = f"{nearest.setting.name} ({_shortfall(nearest)})"
    needed = _seeds_needed(nearest)
    if needed:
        return f"{what}; the nearest is {found}, for which {_more(nearest, needed)}."
    if any(each.constraint.statistic in ("min", "max") for each in nearest.judgements):
        return f"{what}: runs cannot establish a minimum or maximum; use a percentile instead."
    return f"{what}; the nearest is {found}, for which more seeds like these would not decide."


def _none_text(tuning: Tuning) -> str:
    nearest = min(tuning.settings, key=_distance)
    surely = f"{format_confidence(tuning.confidence)} confident"
    return (
        f"No setting tried keeps {_all(tuning)} ({surely});"
        f" the nearest is {nearest.setting.name} ({_shortfall(nearest)})."
    )


def _without_objective(tuning: Tuning, able: Sequence[Judged]) -> str:
    figure = tuning.objective.figure
    told = [f"{one.setting.name} in {one.setting.missing(figure)} of {one.setting.seeds}" for one in able]
    kept = f"that keep {_all(tuning)} " if tuning.constraints else "tried "
    return (
        f"Undecided: the settings {kept}have runs without {figure} ({join_names(told)}),"
        f" so that its {tuning.objective.statistic} over seeds is not known."
    )


def _shortfall(one: Judged) -> str:
    """List the constraints that are not satisfied, with their values."""
    parts = []
    for each in one.judgements:
        if each.verdict != "satisfied":
            lost = f", {each.missing} runs without a value" if each.missing else ""
            found = amount(each.estimate, each.constraint.unit)
            parts.append(f"{each.constraint.figure}: {_statistic_of(each, one)} = {found}{lost}")
    return "; ".join(parts)


def _statistic_of(judgement: Judgement, one: Judged) -> str:
    return statistic_text(judgement.constraint, one.setting.seeds)


def _more(one: Judged, needed: int) -> str:
    more = max(1, needed - one.setting.seeds)
    total = one.setting.seeds + more
    return f"{more} more seed{'' if more == 1 else 's'} like these ({total} in all) would decide"


def _seeds_needed(one: Judged) -> int | None:
    """Return the number of seeds that would show all constraints; None where some cannot be shown."""
    wanted = [each.needed for each in one.judgements if each.verdict != "satisfied"]
    if not wanted or None in wanted:
        return None
    return max(number or 0 for number in wanted)


def _violations(one: Judged) -> int:
    return sum(each.verdict == "violated" for each in one.judgements)


def _surest(one: Judged) -> float:
    """Return the confidence that all constraints of a setting hold: that of the weakest."""
    return min(each.confidence for each in one.judgements)


def _distance(one: Judged) -> tuple[int, float]:
    """Return the number of constraints a setting violates, and the largest violation."""
    away = [abs(each.estimate - each.constraint.threshold) for each in one.judgements]
    return sum(each.verdict != "satisfied" for each in one.judgements), max(away, default=0.0)


def _all(tuning: Tuning) -> str:
    return join_names([one.text for one in tuning.constraints])
