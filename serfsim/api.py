"""The public Python interface: semantic versioning covers these names and nothing else.

`load` reads a scenario file, `run` runs a scenario and returns a `Result`, `Simulation` is one run under
the control of your own code, `sweep` runs a scenario over a grid of values and seeds, `swarm` runs random
scenarios under all checks, `LiveAgent` is a member of a real cluster. `open_result` and `open_sweep` read
stored results, `replay` writes the page that plays one, `summary` summarises a sweep's table, `style` is
the style of all plots, `SerfNode` the base class of protocol variants, `DATA_SETS` and `local_path` give
public measurements; user errors raise a `SerfsimError`. `serfsim` exports the same names.
Each is imported on first use, so that `import serfsim` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from serfsim._version import __version__

if TYPE_CHECKING:
    from serfsim.base.errors import SerfsimError as SerfsimError
    from serfsim.live.agent import AgentEvent as AgentEvent
    from serfsim.live.agent import Identity as Identity
    from serfsim.live.agent import LiveAgent as LiveAgent
    from serfsim.live.agent import QueryAnswers as QueryAnswers
    from serfsim.live.agent import QueryParams as QueryParams
    from serfsim.protocol.serf.node import SerfNode as SerfNode
    from serfsim.replays import replay as replay
    from serfsim.report.plots import style as style
    from serfsim.report.runs import Result as Result
    from serfsim.report.runs import Simulation as Simulation
    from serfsim.report.runs import open_result as open_result
    from serfsim.report.runs import run as run
    from serfsim.report.topology_survey import survey as survey
    from serfsim.scenario.loading import load as load
    from serfsim.scenario.model import Scenario as Scenario
    from serfsim.study.branching import branch as branch
    from serfsim.study.comparison import compare as compare
    from serfsim.study.regression import regress as regress
    from serfsim.study.reproduction import reproduce as reproduce
    from serfsim.study.swarm import swarm as swarm
    from serfsim.study.sweeps import open_sweep as open_sweep
    from serfsim.study.sweeps import summary as summary
    from serfsim.study.sweeps import sweep as sweep
    from serfsim.study.tuning import tune as tune
    from serfsim.topology.datasets import DATA_SETS as DATA_SETS
    from serfsim.topology.datasets import local_path as local_path

__all__ = [
    "DATA_SETS",
    "AgentEvent",
    "Identity",
    "LiveAgent",
    "QueryAnswers",
    "QueryParams",
    "Result",
    "Scenario",
    "SerfNode",
    "SerfsimError",
    "Simulation",
    "__version__",
    "branch",
    "compare",
    "load",
    "local_path",
    "open_result",
    "open_sweep",
    "regress",
    "replay",
    "reproduce",
    "run",
    "style",
    "summary",
    "survey",
    "swarm",
    "sweep",
    "tune",
]

_HOMES = {
    "AgentEvent": "serfsim.live.agent",
    "DATA_SETS": "serfsim.topology.datasets",
    "Identity": "serfsim.live.agent",
    "LiveAgent": "serfsim.live.agent",
    "QueryAnswers": "serfsim.live.agent",
    "QueryParams": "serfsim.live.agent",
    "Result": "serfsim.report.runs",
    "Scenario": "serfsim.scenario.model",
    "SerfNode": "serfsim.protocol.serf.node",
    "SerfsimError": "serfsim.base.errors",
    "Simulation": "serfsim.report.runs",
    "branch": "serfsim.study.branching",
    "compare": "serfsim.study.comparison",
    "load": "serfsim.scenario.loading",
    "local_path": "serfsim.topology.datasets",
    "open_result": "serfsim.report.runs",
    "open_sweep": "serfsim.study.sweeps",
    "regress": "serfsim.study.regression",
    "replay": "serfsim.replays",
    "reproduce": "serfsim.study.reproduction",
    "run": "serfsim.report.runs",
    "style": "serfsim.report.plots",
    "summary": "serfsim.study.sweeps",
    "survey": "serfsim.report.topology_survey",
    "swarm": "serfsim.study.swarm",
    "sweep": "serfsim.study.sweeps",
    "tune": "serfsim.study.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    value = getattr(home, name, None) or import_module(f"{_HOMES[name]}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
