"""`regress.json`: a comparison for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from serfsim.study.regression.comparison import Compared, Comparison, FigureTest, finite
from serfsim.study.regression.runs import DIGITS, Floats
from serfsim.study.regression.words import verdict
from serfsim.study.sweeps.keys import code_version

SCHEMA_VERSION = 1


def document(comparison: Comparison) -> dict[str, Any]:
    """All of it but the single runs, as JSON can hold it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict(comparison),
        "regression": comparison.is_regression,
        "identical": comparison.is_identical,
        "code": code_version(),
        "family_wise_error": comparison.rate,
        "tests": len(comparison.tests),
        "changed": [_test(test) for test in comparison.changed],
        "failures": [
            {"scenario": failure.scenario, "seed": failure.seed, "error": failure.error}
            for failure in comparison.failures
        ],
        "scenarios": {scenario.name: _scenario(scenario) for scenario in comparison.scenarios},
    }


def _scenario(scenario: Compared) -> dict[str, Any]:
    entry = scenario.entry
    return {
        "identical": scenario.identical,
        "seeds": list(scenario.now.seeds),
        "digests": dict(zip(map(str, scenario.now.seeds), scenario.now.digests, strict=True)),
        "digests_common": scenario.common,
        "digests_same": scenario.same,
        "baseline": {
            "seeds": list(entry.runs.seeds),
            "code": entry.code,
            "commit": entry.commit,
            "date": entry.date,
        },
        "settings_that_differ": list(scenario.settings),
        "claims_that_failed": dict(scenario.now.failed_claims),
        "figures_gone": list(scenario.gone),
        "figures_new": list(scenario.new),
        "tests": [_test(test) for test in scenario.tests],
    }


def _test(test: FigureTest) -> dict[str, Any]:
    return {
        "scenario": test.scenario,
        "figure": test.figure,
        "then": _spread(test.then),
        "now": _spread(test.now),
        "p": test.p,
        "p_adjusted": test.adjusted,
        "verdict": test.verdict,
    }


def _spread(values: Floats) -> dict[str, Any]:
    kept = finite(values)
    told: dict[str, Any] = {"runs": len(values), "without_value": len(values) - len(kept)}
    if len(kept):
        quantiles = np.quantile(kept, (0.05, 0.5, 0.95))
        named = zip(("p5", "median", "p95"), quantiles, strict=True)
        told.update((name, float(f"{value:.{DIGITS}g}")) for name, value in named)
        told["mean"] = float(f"{kept.mean():.{DIGITS}g}")
    return told
