"""serfsim: a wind tunnel for Serf clusters.

>>> import serfsim
>>> scenario = serfsim.Scenario(cluster={"nodes": 5}, duration="10s")
>>> scenario.cluster.nodes
5

`load` reads a scenario file, `run` runs a scenario and returns a `Result`, `Simulation` is one run in
hand, for experiment code of one's own, `sweep` runs a scenario over a grid of values and seeds. They are
imported when first asked for, so that `import serfsim` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from serfsim.speed import settle as _settle

if TYPE_CHECKING:
    from serfsim.comparison import compare as compare
    from serfsim.regression import regress as regress
    from serfsim.report.topology_survey import survey as survey
    from serfsim.result import Result as Result
    from serfsim.scenario.loading import load as load
    from serfsim.scenario.model import Scenario as Scenario
    from serfsim.simulation import Simulation as Simulation
    from serfsim.simulation import run as run
    from serfsim.sweeps import sweep as sweep
    from serfsim.tuning import tune as tune

__version__ = "0.1.0"
__all__ = [
    "Result",
    "Scenario",
    "Simulation",
    "__version__",
    "compare",
    "load",
    "regress",
    "run",
    "survey",
    "sweep",
    "tune",
]

_HOMES = {
    "Result": "serfsim.result",
    "Scenario": "serfsim.scenario.model",
    "Simulation": "serfsim.simulation",
    "compare": "serfsim.comparison",
    "load": "serfsim.scenario.loading",
    "regress": "serfsim.regression",
    "run": "serfsim.simulation",
    "survey": "serfsim.report.topology_survey",
    "sweep": "serfsim.sweeps",
    "tune": "serfsim.tuning",
}

_settle()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
