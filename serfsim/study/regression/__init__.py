"""Does the simulator still do what it did? Runs of now beside a baseline committed with the code.

The same code and the same seeds give the same digests: then nothing needs to be tested. Otherwise each
figure's distribution over seeds is tested against the baseline's, with one rate of false alarms for the
whole call, and any significant difference is a regression until it is accepted: for the worse, for the
better or neither, a simulator must not change its answers unannounced.

`baseline` is the folder, `selection` and `identity` say what is run and whether it is still the same
scenario, `runs` runs it, `family` chooses what is tested, `difference` tests it, `comparison` judges all
together. `check` does these one after the other; `markdown`, `document` and `plots` tell of it.
`acceptance` makes the next baseline, and `history` and `changelog` remember it.
"""

from serfsim.study.regression.acceptance import accept
from serfsim.study.regression.baseline import read_baseline
from serfsim.study.regression.check import regress
from serfsim.study.regression.comparison import Comparison

__all__ = ["Comparison", "accept", "read_baseline", "regress"]
