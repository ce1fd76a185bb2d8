"""Sweeps: a grid of parameters times seeds, on this machine's processors or on a Dask cluster.

`grid` reads the runs to make, `keys` identifies them, `execution` carries them out on the workers of `pools`
or `cluster`, and `worker` is the code that runs there. `store` keeps finished runs, `folder` is the folder of
a sweep, `table` its table, `overview` the means by setting; `sweeping` has the function `sweep`.
"""

from serfsim.study.sweeps.execution import run_all
from serfsim.study.sweeps.folder import Sweep, open_sweep
from serfsim.study.sweeps.overview import summary
from serfsim.study.sweeps.store import Store
from serfsim.study.sweeps.sweeping import sweep
from serfsim.study.sweeps.worker import Job, Outcome, Work, flat_figures

__all__ = [
    "Job",
    "Outcome",
    "Store",
    "Sweep",
    "Work",
    "flat_figures",
    "open_sweep",
    "run_all",
    "summary",
    "sweep",
]
