"""Tidy tables made by hand, of the shape that a sweep gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

MULT = "cluster.config.suspicion_mult"
WRONG = "detection.false_positives_at_healthy"
FULL = "detection.full_s.p99"


def sweep_table(runs: Mapping[object, Sequence[tuple[float, float]]], path: str = MULT) -> pd.DataFrame:
    """`runs`: for each value of the one parameter the (false positives, full detection) of each seed."""
    rows = [
        {path: value, "seed": seed, "status": "done", WRONG: wrong, FULL: full}
        for value, pairs in runs.items()
        for seed, (wrong, full) in enumerate(pairs, 1)
    ]
    return pd.DataFrame(rows)


def runs(n: int, full: float, wrong: int = 0) -> list[tuple[float, float]]:
    """n runs around `full` seconds, the last `wrong` of them with three false positives each."""
    return [(3.0 if seed >= n - wrong else 0.0, full + 0.1 * (seed % 5 - 2)) for seed in range(n)]
