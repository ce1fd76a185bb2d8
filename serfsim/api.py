"""The public Python interface: these names, and nothing else, are covered by semantic versioning.

`load` reads a scenario file, `run` runs a scenario and returns a `Result`, `Simulation` is one run under
the control of your own code, `sweep` runs a scenario over a grid of values and seeds, `LiveAgent` is a
member of a real cluster. `serfsim` exports the same names. Each is imported at first use, so that
`import serfsim` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from serfsim._version import __version__

if TYPE_CHECKING:
    from serfsim.live.agent import AgentEvent as AgentEvent
    from serfsim.live.agent import Identity as Identity
    from serfsim.live.agent import LiveAgent as LiveAgent
    from serfsim.live.agent import QueryAnswers as QueryAnswers
    from serfsim.live.agent import QueryParams as QueryParams
    from serfsim.report.runs import Result as Result
    from serfsim.report.runs import Simulation as Simulation
    from serfsim.report.runs import open_result as open_result
    from serfsim.report.runs import run as run
    from serfsim.report.topology_survey import survey as survey
    from serfsim.scenario.loading import load as load
    from serfsim.scenario.model import Scenario as Scenario
    from serfsim.study.comparison import compare as compare
    from serfsim.study.regression import regress as regress
    from serfsim.study.sweeps import sweep as sweep
    from serfsim.study.tuning import tune as tune

__all__ = [
    "AgentEvent",
    "Identity",
    "LiveAgent",
    "QueryAnswers",
    "QueryParams",
    "Result",
    "Scenario",
    "Simulation",
    "__version__",
    "compare",
    "load",
    "open_result",
    "regress",
    "run",
    "survey",
    "sweep",
    "tune",
]

_HOMES = {
    "AgentEvent": "serfsim.live.agent",
    "Identity": "serfsim.live.agent",
    "LiveAgent": "serfsim.live.agent",
    "QueryAnswers": "serfsim.live.agent",
    "QueryParams": "serfsim.live.agent",
    "Result": "serfsim.report.runs",
    "Scenario": "serfsim.scenario.model",
    "Simulation": "serfsim.report.runs",
    "compare": "serfsim.study.comparison",
    "load": "serfsim.scenario.loading",
    "regress": "serfsim.study.regression",
    "open_result": "serfsim.report.runs",
    "run": "serfsim.report.runs",
    "survey": "serfsim.report.topology_survey",
    "sweep": "serfsim.study.sweeps",
    "tune": "serfsim.study.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
