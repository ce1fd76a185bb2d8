"""Regression checks: current runs compared with a baseline committed with the code.

The same code and seeds give the same digests; then nothing needs testing. Otherwise each figure's
distribution over seeds is tested against the baseline's, with one false-alarm rate for the whole call. Any
significant difference is a regression until it is accepted, whether for better, worse or neither: a simulator
must not change its answers unannounced.

`baseline` is the folder, `selection` picks the scenarios and checks that they are unchanged, `runs` runs
them, `comparison` tests all figures, and `check` does these in turn; `markdown` and `plots` report the
outcome. `acceptance` writes the next baseline, and `history` and `changelog` record it.
"""

from serfsim.study.regression.acceptance import accept
from serfsim.study.regression.baseline import read_baseline
from serfsim.study.regression.check import regress
from serfsim.study.regression.comparison import Comparison

__all__ = ["Comparison", "accept", "read_baseline", "regress"]
