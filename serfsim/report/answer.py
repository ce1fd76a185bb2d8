"""The answer of a run in a few sentences: the verdict on its claims, then the figures that matter.

Every sentence follows from figures. The question is free text, so the verdict judges the claims, which
are the author's formal version of it; without claims there is no verdict, only observations.

The choice of sentences depends on what happened (crashes, events sent, members under a fault) and on
the subjects of the claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serfsim.base.english import format_count
from serfsim.base.errors import SerfsimError
from serfsim.report.tables import NONE, format_number, format_percent, lookup
from serfsim.scenario.claims import Claim
from serfsim.scenario.figures import BY_TYPE, FIGURES, unit_of
from serfsim.scenario.phrases import format_duration

Summary = Mapping[str, Any]


UNSETTLED = (
    "The join was still being gossiped when the warm-up ended, so the figures include part of it;"
    " a longer warm_up, or warm_up: settled, excludes it."
)


@dataclass(frozen=True)
class Answer:
    """A verdict with its sentences.

    `state` is holds, fails, or seen (no claims); `partial` says that the run was interrupted, or is ''.
    """

    state: str
    verdict: str
    sentences: list[str]
    partial: str


@dataclass(frozen=True)
class ReadableClaim:
    """A claim for a reader: `found` is the value in the claim's unit, `meaning` that of its figure."""

    text: str
    meaning: str
    found: str
    holds: bool


def answer(summary: Summary, quiet: bool = False) -> Answer:
    """Compose the answer of a run from its summary.

    `quiet`: no member was down or under a fault, so without claims the answer covers coordinates.
    """
    claims = summary.get("claims", [])
    failed = [claim for claim in claims if not claim["holds"]]
    state = "seen" if not claims else ("fails" if failed else "holds")
    return Answer(state, verdict(len(claims), len(failed)), list(sentences(summary, quiet)), partial(summary))


def verdict(claims: int, failed: int) -> str:
    if claims == 0:
        return "No claims to check."
    if claims == 1:
        return "The claim fails." if failed else "The claim holds."
    if failed == 0:
        return "Both claims hold." if claims == 2 else f"All {claims} claims hold."
    if failed == claims:
        return f"None of the {claims} claims holds."
    return f"{failed} of {claims} claims {'fails' if failed == 1 else 'fail'}."


def partial(summary: Summary) -> str:
    if summary.get("complete", True):
        return ""
    stopped, whole = summary.get("interrupted_at_s"), format_duration(summary["duration_s"])
    if stopped is None:
        return f"Interrupted before the end of {whole}: the figures cover only part of the run."
    if stopped < 0:
        return f"Interrupted {format_number(-stopped)} s before the end of the warm-up: nothing was scored."
    return f"Interrupted at {format_number(float(stopped))} s of {whole}: the figures end there."


def readable_claims(summary: Summary) -> list[ReadableClaim]:
    return [readable_claim(claim) for claim in summary.get("claims", [])]


def readable_claim(claim: Summary) -> ReadableClaim:
    text, value = str(claim["claim"]), claim.get("value")
    try:
        figure = Claim.model_validate(text).figure
    except (SerfsimError, ValueError):  # written by another version of serfsim
        figure = ""
    if value is None:
        found = "no value"
    elif text.rstrip().endswith("%"):
        found = f"{format_percent(value)} %"
    else:
        found = f"{format_number(value)} {unit_of(figure)}".rstrip()
    return ReadableClaim(text, meaning(figure), found, bool(claim["holds"]))


def meaning(figure: str) -> str:
    if figure.startswith(BY_TYPE):
        return f"{figure.removeprefix(BY_TYPE).replace('.', ' ')}, by message type"
    return FIGURES.get(figure, "")


# The sentences -----------------------------------------------------------------------------------


def sentences(summary: Summary, quiet: bool) -> Iterator[str]:
    """Yield the observations, the most relevant to the question first."""
    if not summary.get("complete", True) and (summary.get("interrupted_at_s") or 0.0) < 0:
        return
    if summary.get("warm_up_settled") is False:
        yield UNSETTLED
    figures = [str(claim["claim"]) for claim in summary.get("claims", [])]
    for sentences_of, matters in TOPICS:
        if matters(summary, figures, quiet):
            yield from sentences_of(summary)


def value_of(summary: Summary, figure: str) -> Any:
    """Return the figure, or None if the summary has none of that name."""
    try:
        return lookup(summary, figure)
    except KeyError:
        return None


def seconds(value: float | None) -> str:
    return NONE if value is None else f"{format_number(float(value))} s"


def crashes(summary: Summary) -> Iterator[str]:
    first, full = value_of(summary, "detection.first_s") or {}, value_of(summary, "detection.full_s") or {}
    noticed, missed = first.get("n") or 0, value_of(summary, "detection.missed") or 0
    if noticed == 1:
        known = f" and by all live members after {seconds(full['p50'])}" if full.get("n") else ""
        yield f"The crash was first detected after {seconds(first['p50'])}{known}."
    elif noticed:
        known = ""
        if full.get("n"):
            times = f"{seconds(full['p50'])} in the median, {seconds(full['max'])} at most"
            known = f"; by all live members after {times}"
        yield (
            f"{noticed} crashes were detected: first after {seconds(first['p50'])} in the median,"
            f" {seconds(first['max'])} at most{known}."
        )
    if missed:
        yield f"Live observers never noticed a crash in {format_count(missed, 'case')}."


def dissemination(summary: Summary) -> Iterator[str]:
    for kind, one, several in (("events", "user event", "user events"), ("queries", "query", "queries")):
        figures = value_of(summary, f"dissemination.{kind}") or {}
        sent = figures.get("sent")
        if not sent:
            continue
        text = f"{format_number(sent)} {one if sent == 1 else several} {'was' if sent == 1 else 'were'} sent"
        if figures.get("p50_s") is not None:
            text += f"; on average half of the members received one within {seconds(figures['p50_s'])}"
            text += f", 99 % within {seconds(figures['p99_s'])}" if figures.get("p99_s") is not None else ""
        if figures.get("delivered_share") is not None:
            text += f"; {format_percent(figures['delivered_share'])} % of the deliveries succeeded"
        if figures.get("answered_share") is not None:
            text += f", and {format_percent(figures['answered_share'])} % of the responses arrived"
        yield text + "."


def coordinates(summary: Summary) -> Iterator[str]:
    relative = value_of(summary, "coordinates.relative_error") or {}
    absolute = value_of(summary, "coordinates.absolute_error_ms") or {}
    if relative.get("p50") is None or absolute.get("p50") is None:
        return
    text = (
        "At the end the estimated round-trip times are off by"
        f" {format_percent(relative['p50'])} % in the median ({format_number(float(absolute['p50']))} ms)"
        f" and by {format_percent(relative['p99'])} % at the 99th percentile"
    )
    settled = value_of(summary, "coordinates.converged_s")
    yield text + (f"; the median settled at {seconds(settled)}." if settled else ".")


def verdicts(summary: Summary) -> Iterator[str]:
    """Yield the false suspicions and failures, and the probes that only TCP saved."""
    wrong = value_of(summary, "detection.false_positives") or 0
    unjust = value_of(summary, "detection.unjust_suspicions") or 0
    saved = value_of(summary, "detection.tcp_fallbacks") or 0
    if wrong == 0:
        suspected = f", but live members were suspected {once_or_more(unjust)}" if unjust else " or suspected"
        yield f"No live member was declared failed{suspected}."
    else:
        yield wrong_verdicts(summary, wrong)
    if saved:
        yield f"{format_count(saved, 'probe')} succeeded only by TCP."


def leaves(summary: Summary) -> Iterator[str]:
    """Yield the graceful leaves that observers reported as failures."""
    wrong = value_of(summary, "detection.leaves_seen_as_failed") or 0
    if wrong:
        share = format_percent(value_of(summary, "detection.leaves_seen_as_failed_share"))
        times = once_or_more(wrong)
        yield f"A graceful leave was reported as a failure {times}, in {share} % of the reports due."


def once_or_more(times: int) -> str:
    return "once" if times == 1 else format_count(times, "time")


def wrong_verdicts(summary: Summary, wrong: int) -> str:
    """Return one sentence with the number of false failures, and about whom and by whom they were."""
    untouched = value_of(summary, "detection.lifeguard.false_positives")
    healthy = value_of(summary, "detection.false_positives_at_healthy") or 0
    parts = []
    if untouched is not None:
        about = {0: "all about members that a fault hit", wrong: "all about members that no fault hit"}
        parts.append(about.get(untouched, f"{format_number(untouched)} about members that no fault hit"))
    by = {0: "all by observers under a fault", wrong: "all by observers under no fault"}
    parts.append(by.get(healthy, f"{format_number(healthy)} by observers under no fault"))
    last = value_of(summary, "detection.last_false_positive_s")
    end = f"; the last at {seconds(last)}." if last is not None else "."
    return f"A live member was declared failed {once_or_more(wrong)}: {', '.join(parts)}{end}"


def flapping(summary: Summary) -> Iterator[str]:
    flaps = value_of(summary, "detection.flaps") or 0
    if flaps:
        there = "There was" if flaps == 1 else "There were"
        yield f"{there} {format_count(flaps, 'flap')} (failed and back within flap_timeout)."


def views(summary: Summary) -> Iterator[str]:
    wrong, since = (value_of(summary, f"convergence.{name}") for name in ("views_disagreeing", "one_view_s"))
    if wrong:
        holders = format_count(wrong, "live member")
        yield f"At the end {holders} {'holds' if wrong == 1 else 'hold'} a wrong view."
    elif wrong == 0 and since:
        yield f"All live members held the true view from {seconds(since)} after the last change to the end."
    elif wrong == 0:
        yield "At the end all live members hold the true view."


def traffic(summary: Summary) -> Iterator[str]:
    size, messages = (value_of(summary, f"traffic.{name}_per_node_s") for name in ("bytes", "messages"))
    if size is not None and messages is not None:
        rates = f"{format_number(float(size))} bytes and {format_number(float(messages))} messages"
        yield f"A member sends {rates} per second."


def health(summary: Summary) -> Iterator[str]:
    worst = value_of(summary, "health.score.max")
    if worst == 0:
        yield "All health scores stayed at 0 (healthy)."
    elif worst is not None:
        yield f"The worst health score of any member is {format_number(worst)} (0 is healthy)."


def claims_about(*beginnings: str) -> Callable[[Summary, Sequence[str], bool], bool]:
    return lambda summary, figures, quiet: any(figure.startswith(beginnings) for figure in figures)


def has_crashes(summary: Summary, figures: Sequence[str], quiet: bool) -> bool:
    return bool(value_of(summary, "detection.first_s.n") or value_of(summary, "detection.missed"))


def views_matter(summary: Summary, figures: Sequence[str], quiet: bool) -> bool:
    return bool(value_of(summary, "convergence.views_disagreeing")) or claims_about("convergence")(
        summary, figures, quiet
    )


def coordinates_matter(summary: Summary, figures: Sequence[str], quiet: bool) -> bool:
    sent = any(value_of(summary, f"dissemination.{kind}.sent") for kind in ("events", "queries"))
    return claims_about("coordinates")(summary, figures, quiet) or (quiet and not figures and not sent)


TOPICS: Sequence[
    tuple[Callable[[Summary], Iterator[str]], Callable[[Summary, Sequence[str], bool], bool]]
] = (
    (crashes, has_crashes),
    (dissemination, lambda summary, figures, quiet: True),
    (coordinates, coordinates_matter),
    (verdicts, lambda summary, figures, quiet: True),
    (leaves, lambda summary, figures, quiet: True),
    (flapping, lambda summary, figures, quiet: True),
    (views, views_matter),
    (traffic, claims_about("traffic")),
    (health, claims_about("health")),
)
