"""Tuning: the settings that keep given constraints, with confidence, and the best of them.

A sweep gives many runs of every setting. Each constraint ("detection.false_positives_at_healthy.p95 == 0") is
judged for every setting by a one-sided confidence bound (`judging`): satisfied, violated, or undecided with
the number of seeds that would decide. Of the settings that satisfy all constraints, the one with the best
objective is the answer, given in one sentence (`answer`).

Several settings are judged at once and the best of those that pass is chosen, so a setting that passed by
luck would be chosen too often. By default the verdicts are therefore simultaneous: each of S settings is
judged at confidence 1 - (1 - confidence) / S (Bonferroni), and at the stated confidence no setting is wrongly
called satisfied, whatever the correlation between settings. The price is seeds: 59 runs without fault show
with 95 % confidence that one setting keeps a 95th percentile at 0; for one of five settings it takes 90 each.
Several constraints cost no more: a setting is wrongly called satisfied only if its violated constraint is.

`judge="in order"` costs nothing where it is known in advance which settings are safer: they are judged in the
order of the grid, each at the stated confidence, until one is not satisfied; later ones stay undecided
(Maurer, Hothorn and Lehmacher 1995). `judge="each"` judges every setting separately.

The confidence is that of one look. Adding seeds to an undecided answer until it is decided means looking
repeatedly and raises the error rate; where that matters, fix the number of seeds in advance.
"""

from __future__ import annotations

from serfsim.study.tuning.finding import tune
from serfsim.study.tuning.tuning import Tuning

__all__ = ["Tuning", "tune"]
