"""The claims of the Lifeguard paper, E1 to E5, and the tolerances by which they are judged.

Tolerances were fixed before the runs: wide for one slice, narrower for the whole grid. What rests on few
events (false positives at healthy members, 99.9th percentiles) is judged by order or with wide bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serfsim.papers.lifeguard.grid import CS, PARTS, TUNED
from serfsim.papers.lifeguard.published import PUBLISHED
from serfsim.papers.lifeguard.tables import BASE, Tables, pair_of
from serfsim.study.reproduction import FAILS, HOLDS, NOT_JUDGED, Options, Outcome, Verdict
from serfsim.study.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

SLICE = (16,)
ORDER = (BASE, "Buddy System", "LHA-Probe", "LHA-Suspicion", "Lifeguard")
NO_CELLS = "these cells were not run"
NOTHING = Interval(math.nan, math.nan, math.nan, 0, 0.95)
PUBLISHED_SLICE: Mapping[str, float] = {name: PUBLISHED[f"fig2.{name}.16"] for name in PARTS}


def judge(
    name: str,
    claim: str,
    published: float,
    ours: Interval,
    bounds: tuple[float, float],
    tolerance: str,
    unit: str = "",
) -> Verdict:
    """Judge a figure by bounds of its estimate."""
    low, high = bounds
    value = ours.estimate
    outcome: Outcome
    if ours.n == 0 or math.isnan(value):
        outcome, why = NOT_JUDGED, NO_CELLS
    elif low <= value <= high:
        outcome, why = HOLDS, ""
    else:
        outcome, why = FAILS, f"outside {low:.4g} to {high:.4g}"
    shown = f"{published:.4g} {unit}".rstrip()
    return Verdict(name, claim, shown, value, ours.low, ours.high, tolerance, outcome, why)


def within(value: float, factor: float) -> tuple[float, float]:
    return value / factor, value * factor


def around(value: float, by: float) -> tuple[float, float]:
    return value - by, value + by


Bounds = Callable[[float], tuple[float, float]]


def points(by: float) -> Bounds:
    return lambda share: around(share, by)


def times(factor: float) -> Bounds:
    return lambda share: within(share, factor)


def verdicts(rows: pd.DataFrame, options: Options) -> list[Verdict]:
    """Return E1 to E5."""
    tables = Tables(rows)
    return [*one_slice(tables), *whole(tables), *latencies(tables), *tuning(tables), *load(tables)]


def one_slice(tables: Tables) -> Iterator[Verdict]:
    """Yield E1: the slice C = 16 of Figures 2 and 3."""
    swim = PUBLISHED_SLICE[BASE]
    yield judge(
        "E1.fp",
        "SWIM's false positives a run, C = 16",
        swim,
        tables.a_run("fp", BASE, SLICE),
        within(swim, 2.0),
        "within x2",
    )
    for name, words, bounds in (
        ("LHA-Probe", "+-20 points", points(20.0)),
        ("Buddy System", "+-20 points", points(20.0)),
        ("LHA-Suspicion", "within x2", times(2.0)),
        ("Lifeguard", "within x2", times(2.0)),
    ):
        share = 100.0 * PUBLISHED_SLICE[name] / swim
        claim = f"{name}'s false positives, share of SWIM's, C = 16"
        yield judge(f"E1.{name}", claim, share, tables.share("fp", name, SLICE), bounds(share), words, "%")
    yield order(tables)
    healthy = tables.share("fp_healthy", "Lifeguard", SLICE)
    claim = "Lifeguard's false positives at healthy members, share of SWIM's, C = 16"
    yield judge("E1.fp-", claim, 0.0, healthy, (0.0, 10.0), "at most 10 %", "%")


def order(tables: Tables) -> Verdict:
    """Judge the order of the five configurations at C = 16."""
    claim = "Most false positives: SWIM and Buddy System, then LHA-Probe, LHA-Suspicion, Lifeguard"
    runs = {name: tables.a_run("fp", name, SLICE) for name in PARTS}
    published = " ".join(f"{PUBLISHED_SLICE[name]:.3g}" for name in ORDER)
    if not all(one.n for one in runs.values()):
        return Verdict("E1.order", claim, published, "-", math.nan, math.nan, "order", NOT_JUDGED, NO_CELLS)
    values = {name: one.estimate for name, one in runs.items()}
    alike = abs(values["Buddy System"] / values[BASE] - 1.0) <= 0.2
    falls = values[BASE] > values["LHA-Probe"] > values["LHA-Suspicion"] > values["Lifeguard"]
    text = " ".join(f"{values[name]:.3g}" for name in ORDER)
    outcome: Outcome = HOLDS if alike and falls else FAILS
    why = "" if outcome == HOLDS else "another order, or SWIM and Buddy System differ by more than 20 %"
    return Verdict("E1.order", claim, published, text, math.nan, math.nan, "order", outcome, why)


def whole(tables: Tables) -> Iterator[Verdict]:
    """Yield E2: Table IV, and the growth with C of Figure 2."""
    every = tables.cs == CS
    for name, words, bounds in (
        ("LHA-Probe", "+-10 points", points(10.0)),
        ("Buddy System", "+-8 points", points(8.0)),
        ("LHA-Suspicion", "within x1.5", times(1.5)),
        ("Lifeguard", "within x1.5", times(1.5)),
    ):
        share = PUBLISHED[f"iv.share.{name}"]
        found = tables.share("fp", name, CS) if every else NOTHING
        claim = f"{name}'s false positives, share of SWIM's, all C"
        yield judge(f"E2.{name}", claim, share, found, bounds(share), words, "%")
    for name in PARTS:
        found = rank_correlation(tables, name) if every else NOTHING
        claim = f"{name}'s false positives rise with C as published: rank correlation"
        yield judge(f"E2.rank.{name}", claim, 1.0, found, (0.95, 1.0), "at least 0.95")


def rank_correlation(tables: Tables, name: str) -> Interval:
    """Return Spearman's coefficient of our row of Figure 2 and the published one."""
    # start-up: scipy is slow to import
    from scipy.stats import spearmanr

    values = [tables.a_run("fp", name, (c,)) for c in CS]
    if not all(one.n for one in values):
        return NOTHING
    theirs = [PUBLISHED[f"fig2.{name}.{c}"] for c in CS]
    found = float(spearmanr([one.estimate for one in values], theirs).statistic)
    return Interval(found, -math.inf, math.inf, min(one.n for one in values), 0.95)


# Latencies behind a percentile, so that chance moves it by less than its tolerance.
FEWEST: Mapping[float, int] = {50: 200, 99: 500, 99.9: 2500}
TOO_FEW = "too few members were declared failed: {} where {} are needed"
RELATIVE: Mapping[float, float] = {99: 0.08, 99.9: 0.2}


def latencies(tables: Tables) -> Iterator[Verdict]:
    """Yield E3: Table V."""
    for kind, words in (("first", "first detection"), ("full", "full dissemination")):
        for percent, title in ((50, "median"), (99, "99th percentile"), (99.9, "99.9th percentile")):
            for name in PARTS:
                value = PUBLISHED[f"v.{kind}.{percent:g}.{name}"]
                by = 0.25 if percent == 50 else RELATIVE[percent] * value
                rule = "+-0.25 s" if percent == 50 else f"+-{100 * RELATIVE[percent]:g} %"
                found = tables.latency(kind, name, percent)
                claim = f"{name}: {title} of {words}"
                place = "" if percent == 50 else f"{percent:g}".replace(".", "")
                verdict = judge(f"E3.{kind}{place}.{name}", claim, value, found, around(value, by), rule, "s")
                yield enough(verdict, tables.declared(kind, name), FEWEST[percent])


def enough(verdict: Verdict, count: int, wanted: int) -> Verdict:
    """Return a verdict, not judged where it rests on too few latencies."""
    if verdict.outcome == NOT_JUDGED or count >= wanted:
        return verdict
    return replace(verdict, outcome=NOT_JUDGED, why=TOO_FEW.format(count, wanted))


def tuning(tables: Tables) -> Iterator[Verdict]:
    """Yield E4: Table VII. Its false positives are those of C = 16 here, those of all C in the paper."""
    for kind, words in (("first", "first detection"), ("full", "full dissemination")):
        for name in (*TUNED, "Lifeguard"):
            pair = pair_of(name)
            value = PUBLISHED[f"vii.{kind}.50.{pair}"]
            by = 6.0 if pair.startswith("2") else 3.0
            found = tables.latency_share(kind, name, 50)
            claim = f"alpha, beta {pair}: median of {words}, share of SWIM's"
            bounds = around(value, by)
            rule = f"+-{by:g} points"
            verdict = judge(f"E4.{kind}.{pair}", claim, value, found, bounds, rule, "%")
            yield enough(verdict, tables.declared(kind, name), FEWEST[50])
    for name in (*TUNED, "Lifeguard"):
        pair = pair_of(name)
        value = PUBLISHED[f"vii.fp.{pair}"]
        found = tables.share("fp", name, SLICE)
        claim = f"alpha, beta {pair}: false positives, share of SWIM's"
        yield judge(f"E4.fp.{pair}", claim, value, found, within(value, 2.0), "within x2", "%")
    yield monotone(tables)


def monotone(tables: Tables) -> Verdict:
    """Judge that false positives fall as alpha and as beta rise."""
    claim = "False positives fall as alpha rises, and as beta rises"
    pairs = {pair_of(name): tables.share("fp", name, SLICE) for name in (*TUNED, "Lifeguard")}
    if not all(one.n for one in pairs.values()):
        return Verdict("E4.falls", claim, "yes", "-", math.nan, math.nan, "order", NOT_JUDGED, NO_CELLS)
    steps = [(f"{a},{b}", f"{a},{c}") for a in (2, 4, 5) for b, c in ((2, 4), (4, 6))]
    steps += [(f"{a},{b}", f"{c},{b}") for b in (2, 4, 6) for a, c in ((2, 4), (4, 5))]
    rising = [f"{a} to {b}" for a, b in steps if pairs[b].estimate >= pairs[a].estimate]
    outcome: Outcome = FAILS if rising else HOLDS
    text = "no" if rising else "yes"
    why = f"they rise from {'; '.join(rising)}" if rising else ""
    return Verdict("E4.falls", claim, "yes", text, math.nan, math.nan, "order", outcome, why)


def load(tables: Tables) -> Iterator[Verdict]:
    """Yield E5: Table VI."""
    every = tables.cs == CS
    for name in PARTS:
        value = PUBLISHED[f"vi.messages.{name}"]
        found = tables.a_run("messages", name, CS) if every else NOTHING
        yield judge(
            f"E5.messages.{name}",
            f"{name}: messages a run",
            value,
            found,
            around(value, 0.1 * value),
            "+-10 %",
        )
        value = PUBLISHED[f"vi.size.{name}"]
        found = tables.quotient("bytes", "messages", name, CS) if every else NOTHING
        bounds = around(value, 0.15 * value)
        yield judge(f"E5.size.{name}", f"{name}: bytes a message", value, found, bounds, "+-15 %", "B")
    signs: Sequence[tuple[str, str, str, tuple[float, float], str]] = (
        ("messages", "LHA-Suspicion", "messages", (105.0, 118.0), "105 to 118 %"),
        ("messages", "Lifeguard", "messages", (105.0, 116.0), "105 to 116 %"),
        ("bytes", "Lifeguard", "bytes", (0.0, 100.0), "at most 100 %"),
    )
    for column, name, words, bounds, rule in signs:
        value = PUBLISHED[f"vi.{column}.share.{name}"]
        found = tables.share(column, name, CS) if every else NOTHING
        claim = f"{name}: {words}, share of SWIM's"
        yield judge(f"E5.{column}.share.{name}", claim, value, found, bounds, rule, "%")
