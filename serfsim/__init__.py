"""serfsim: a wind tunnel for Serf clusters.

>>> import serfsim
>>> scenario = serfsim.Scenario(cluster={"nodes": 5}, duration="10s")
>>> scenario.cluster.nodes
5

`serfsim.api` lists all public names, which this package exports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serfsim import api as _api
from serfsim.api import __all__ as __all__
from serfsim.api import __version__ as __version__
from serfsim.speed import settle as _settle

if TYPE_CHECKING:
    from serfsim.api import DATA_SETS as DATA_SETS
    from serfsim.api import AgentEvent as AgentEvent
    from serfsim.api import Identity as Identity
    from serfsim.api import LiveAgent as LiveAgent
    from serfsim.api import QueryAnswers as QueryAnswers
    from serfsim.api import QueryParams as QueryParams
    from serfsim.api import Result as Result
    from serfsim.api import Scenario as Scenario
    from serfsim.api import SerfNode as SerfNode
    from serfsim.api import SerfsimError as SerfsimError
    from serfsim.api import Simulation as Simulation
    from serfsim.api import compare as compare
    from serfsim.api import load as load
    from serfsim.api import local_path as local_path
    from serfsim.api import open_result as open_result
    from serfsim.api import open_sweep as open_sweep
    from serfsim.api import regress as regress
    from serfsim.api import reproduce as reproduce
    from serfsim.api import run as run
    from serfsim.api import style as style
    from serfsim.api import summary as summary
    from serfsim.api import survey as survey
    from serfsim.api import sweep as sweep
    from serfsim.api import tune as tune

_settle()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
