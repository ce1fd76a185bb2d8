"""Many runs: a grid of parameters times seeds, on this machine's processors or on a Dask cluster.

`grid` reads which runs, `keys` tells them apart, `execution` sees each of them to its end on the workers of
`pools` or `cluster`, and `worker` is the code that runs there. `store` keeps finished runs as they come,
`folder` is the place of a sweep, `table` its outcome, `overview` the means by setting; `sweeping` is the
function `sweep`.
"""

from serfsim.study.sweeps.execution import run_all as run_all
from serfsim.study.sweeps.folder import Sweep as Sweep
from serfsim.study.sweeps.folder import open_sweep as open_sweep
from serfsim.study.sweeps.overview import summary as summary
from serfsim.study.sweeps.store import Store as Store
from serfsim.study.sweeps.sweeping import sweep as sweep
from serfsim.study.sweeps.worker import Job as Job
from serfsim.study.sweeps.worker import Outcome as Outcome
from serfsim.study.sweeps.worker import flat_figures as flat_figures
