"""A cluster split in two that later heals. Figures over (observer, subject) pairs across the cut."""

from __future__ import annotations

import math

import numpy as np

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Rows, Window, spread


def figures(measured: Measured) -> Figures:
    golden = measured.golden
    side = np.zeros(measured.n, dtype=np.int64)
    cut = next(args[0] for _, action, args in golden.actions if action == "rule")
    side[[int(node) for node in cut["dst"]]] = 1
    window = Window(golden.fault_start, golden.fault_end)
    after = Window(window.end, math.inf)
    failed = measured.rows(events.FAILED).within(Window(window.start, math.inf))
    across = across_the_cut(failed, side)
    during = across.within(window)
    joins = across_the_cut(measured.rows(events.JOIN).within(after), side)
    first: dict[int, float] = {}
    for t, subject in zip(during.t.tolist(), during.subject.tolist(), strict=True):
        first.setdefault(subject, t - window.start)
    refutes = measured.rows(events.REFUTE_SUSPECT, events.REFUTE_DEAD).within(after)
    return {
        "failed_pairs_before_heal": [float(len(during))],
        **spread("failed", during.t - window.start),
        **spread("subject_first_failed", list(first.values())),
        **spread("rejoin", joins.t - window.end),
        "failed_after_heal": [float(len(failed.within(after)))],
        "failed_within_side": [float(len(failed) - len(across))],
        "reconnect_attempts": [float(len(measured.rows(events.RECONNECT)))],
        "suspects": [float(len(measured.rows(events.SUSPECT).within(window)))],
        "refutes_after_heal": [float(len(refutes))],
        "pairs_not_alive_at_end": [float(measured.pairs_not_alive(math.inf, range(measured.n)))],
    }


def across_the_cut(rows: Rows, side: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Rows:
    return rows.where(side[rows.observer] != side[rows.subject])
