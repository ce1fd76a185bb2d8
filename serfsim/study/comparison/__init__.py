"""Two results or two sweeps, side by side: what differs, by how much, how surely, and is it better?

Two sweeps are compared setting by setting, figure by figure, over their seeds: the difference of the
means with a bootstrap interval, of pairs where both sides ran the same seeds (`of_sweeps`). Two
results are one run each, and nothing can be said of other seeds; what can be resampled are the nodes,
for figures that are a sum over nodes (`of_results`);
so that they are told apart, and never called better or worse.

All intervals of a comparison hold at once with the stated confidence, see `serfsim.study.statistics`; several
settings share the error evenly (Bonferroni). A figure whose interval leaves out 0 is better, worse or,
where neither way is better, changed; the others are the same as far as these runs show.
"""

from __future__ import annotations

from serfsim.study.comparison.comparing import compare
from serfsim.study.comparison.comparison import Comparison

__all__ = ["Comparison", "compare"]
