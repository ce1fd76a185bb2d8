"""The live agent's public names, and how little of serfsim a live agent needs."""

from __future__ import annotations

import json
import subprocess
import sys

import serfsim
from serfsim.live import agent

LOADED = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(module: str) -> set[str]:
    """The top of every module loaded with `module`; of serfsim's own the package below."""
    done = subprocess.run([sys.executable, "-c", LOADED, module], capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stdout)
    return {".".join(name.split(".")[: 2 if name.startswith("serfsim.") else 1]) for name in names}


def test_serfsim_exports_what_a_user_of_the_live_agent_names() -> None:
    for name in ("LiveAgent", "Identity", "AgentEvent", "QueryAnswers", "QueryParams"):
        assert name in serfsim.__all__
        assert getattr(serfsim, name) is getattr(agent, name)


def test_a_live_agent_needs_no_simulation_no_results_and_nothing_that_draws() -> None:
    loaded = loaded_by("serfsim.live.agent")
    assert "serfsim.live" in loaded
    assert not loaded & {"serfsim.report", "serfsim.results", "serfsim.simulation", "serfsim.engine"}
    assert not loaded & {"matplotlib", "numpy", "pandas", "pydantic", "simpy"}


def test_the_rpc_server_loads_nothing_that_draws() -> None:
    loaded = loaded_by("serfsim.live.rpc.server")
    assert "serfsim.simulation" in loaded
    assert not loaded & {"serfsim.report", "matplotlib"}
