"""Many runs: a grid of parameters times seeds, on this machine's processors or on a Dask cluster.

`grid` and `seeds` say which runs, `keys` tells them apart, `execution` sees each of them to its end with
the workers of `crews` or `cluster`, `carrying` is what a worker does. `store` keeps finished runs as they
come, `folder` is the place of a sweep, `table` its outcome, `overview` that in short; `sweeping` does it
all.
"""

from serfsim.study.sweeps.execution import run_all as run_all
from serfsim.study.sweeps.figures import flat_figures as flat_figures
from serfsim.study.sweeps.folder import Sweep as Sweep
from serfsim.study.sweeps.folder import open_sweep as open_sweep
from serfsim.study.sweeps.jobs import Job as Job
from serfsim.study.sweeps.jobs import Outcome as Outcome
from serfsim.study.sweeps.overview import summary as summary
from serfsim.study.sweeps.store import Store as Store
from serfsim.study.sweeps.sweeping import sweep as sweep
