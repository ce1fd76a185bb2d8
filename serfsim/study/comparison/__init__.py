"""Comparison of two results or two sweeps: differences, intervals and verdicts.

Two sweeps are compared setting by setting and figure by figure over their seeds (`of_sweeps`): the difference
of the means with a bootstrap interval, paired where both sides ran the same seeds. Two results are one run
each and say nothing about other seeds. Their nodes are resampled instead, for figures that are sums over
nodes (`of_results`); a figure can then be "apart", never better or worse.

All intervals of a comparison hold simultaneously at the stated confidence, see `serfsim.study.statistics`;
several settings share the error evenly (Bonferroni). A figure whose interval excludes 0 is better, worse or,
where neither direction is better, changed. These runs show no difference in the others.
"""

from __future__ import annotations

from serfsim.study.comparison.comparing import compare
from serfsim.study.comparison.comparison import Comparison

__all__ = ["Comparison", "compare"]
