"""Which settings keep what is asked of them, with what confidence, and which of them is best.

A sweep gives many runs of every setting. Each constraint ("detection.false_positives_at_healthy.p95 ==
0") is judged for every setting by a one-sided confidence bound (`judging`): satisfied, violated, or
undecided with the number of seeds that would decide. Of the settings that satisfy all of them, the one
with the best objective is the answer, told in one sentence (`answer`).

Several settings are judged at once, and the best of those that passed is taken; one that passed by luck
would be taken more often than its share. So the verdicts are simultaneous unless told otherwise: each
of S settings is judged at the confidence 1 - (1 - confidence) / S (Bonferroni), and with the stated
confidence no setting at all is called satisfied that is not, whatever the runs of different settings
have in common. The price is seeds: one setting is shown to keep a 95th percentile at 0 with 95 %
confidence by 59 runs without fault, one of five by 90 each. A setting with several constraints costs
no more: it is called satisfied wrongly only if the one that fails is.

`judge="in order"` costs nothing, where it is known beforehand which settings are the safer ones: they
are judged in the order of the grid, each at the stated confidence, until one is not satisfied; those
after it stay undecided (Maurer, Hothorn and Lehmacher 1995). `judge="each"` takes every verdict by
itself.

The confidence is that of one look. Who adds seeds to an undecided answer until it is decided looks more
often, and may err more often; where that matters, the number of seeds is chosen beforehand.
"""

from __future__ import annotations

from serfsim.study.tuning.finding import tune
from serfsim.study.tuning.tuning import Tuning

__all__ = ["Tuning", "tune"]
