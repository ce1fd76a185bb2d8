"""One run in a worker, with small, plain inputs and outputs.

A worker on this machine or another gets the text of a scenario or a computation and a seed, and answers with
a JSON-compatible dictionary. It caches recent scenarios.
"""

from __future__ import annotations

import gc
import json
import math
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from serfsim.base.errors import SerfsimError
from serfsim.scenario.figures import BY_TYPE, FIGURES, OWN, OWN_FAILED, POOLS, figure_value
from serfsim.scenario.model import Scenario
from serfsim.scenario.own_words import reading
from serfsim.study.sweeps.keys import code_version, read_scenario

OTHER_CODE: Final = "other code"

Answer = dict[str, Any]


def carry_out(text: str, seed: int, code: str) -> Answer:
    """Run and score; any exception becomes the answer's `error`.

    `code` is the caller's code version: a worker with another one refuses, since its figures could differ.
    Raises only KeyboardInterrupt.
    """
    if code != code_version():
        return {"status": OTHER_CODE, "code": code_version()}
    began = time.perf_counter()
    try:
        answer = _compute(text, seed) if text.startswith(WORK) else _simulate(_scenario(text), seed)
    except (Exception, SystemExit) as error:
        answer = failure(error)
    answer["took_s"] = time.perf_counter() - began
    return answer


def failure(error: BaseException) -> Answer:
    """Return the answer of a run that raised: one line, with a traceback if it is a defect."""
    words = " ".join(str(error).split())
    if isinstance(error, SerfsimError):
        return {"status": FAILED, "error": words}
    kind = type(error).__name__
    told = "".join(traceback.format_exception(error))
    return {"status": FAILED, "error": f"{kind}: {words}" if words else kind, "traceback": told}


@lru_cache(maxsize=8)
def _scenario(text: str) -> Scenario:
    sections, sources = read_scenario(text)
    with reading(sources=sources):
        return Scenario(**sections)


def _compute(text: str, seed: int) -> Answer:
    data = json.loads(text.removeprefix(WORK))
    module, _, name = data["function"].partition(":")
    wall, cpu = time.perf_counter(), time.process_time()
    figures = getattr(import_module(module), name)(data["arguments"], seed)
    gc.collect(1)  # finished simulations refer to themselves; waiting for a full collection takes memory
    return {
        "status": DONE,
        "error": "",
        "figures": {name: float(value) for name, value in figures.items()},
        "claims": [],
        "digest": "",
        "complete": True,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
    }


def _simulate(scenario: Scenario, seed: int) -> Answer:
    # start-up: it imports numpy and simpy
    from serfsim.simulation import Simulation

    return answer_of(Simulation(_for_figures(scenario, seed)).run().summary)


def scenario_of(text: str, seed: int) -> Scenario:
    """Return the scenario of a worker's input, for a run of which only the figures are kept."""
    return _for_figures(_scenario(text), seed)


def _for_figures(scenario: Scenario, seed: int) -> Scenario:
    changed: dict[str, Any] = {"seed": seed}
    if scenario.record.packets.startswith("pcap") or scenario.record.replay:  # a sweep keeps no packets
        changed["record"] = scenario.record.model_copy(update={"packets": "counts", "replay": False})
    return scenario.model_copy(update=changed)


def answer_of(summary: Mapping[str, Any]) -> Answer:
    """Return the answer of a finished run.

    Raises KeyboardInterrupt for an interrupted run, SerfsimError where a figure of the user's own raised.
    """
    if not summary["complete"]:
        raise KeyboardInterrupt
    for name, why in summary.get(OWN_FAILED, {}).items():
        raise SerfsimError(f"{name}: {why}")
    return {
        "status": DONE,
        "error": "",
        "figures": flat_figures(summary),
        "claims": summary["claims"],
        **{name: summary[name] for name in ("digest", "complete", "cpu_s", "wall_s")},
    }


DONE: Final = "done"
FAILED: Final = "failed"


WORK: Final = "work "  # begins the text of a computation; a scenario's begins with a brace


@dataclass(frozen=True)
class Work:
    """A computation in place of a scenario: `function`, "module:name", of (arguments, seed).

    The function returns {figure: number}. `arguments` hold JSON's types. They identify the computation, so
    they include a digest of its code unless `code_version` covers it.
    """

    function: str
    arguments: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The text that a worker gets."""
        return WORK + json.dumps({"function": self.function, "arguments": dict(self.arguments)})


@dataclass(frozen=True)
class Job:
    """One run: a scenario, or a computation in its place, and a seed.

    `parameters`: the point of the grid, {path: value}.
    """

    scenario: Scenario | Work
    seed: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    `run` is its key. `status` is "done", or "failed" with the one-line `error`; a failed run has no figures.
    `row` is {figure: value}, see `flat_figures`. `claims`: {claim, holds, value} each. `found`: read from a
    store.
    """

    job: Job
    run: str
    status: str
    error: str = ""
    row: Mapping[str, float] = field(default_factory=dict)
    digest: str = ""
    complete: bool = False
    claims: tuple[Mapping[str, Any], ...] = ()
    cpu_s: float = float("nan")
    wall_s: float = float("nan")
    found: bool = False

    @property
    def claims_failed(self) -> int:
        return sum(not claim["holds"] for claim in self.claims)


def flat_figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """Return {dotted name: value} of every figure, in the order of FIGURES, then by pool and type of message.

    Includes every name of FIGURES, NaN where the run lacks it. The user's own come last.
    """
    flat = {name: _number(figure_value(summary, name)) for name in FIGURES}
    of_pools = (f"{POOLS}.{pool}.{name}" for pool in summary.get(POOLS, {}) for name in FIGURES)
    flat.update((name, _number(figure_value(summary, name))) for name in of_pools)
    by_type = summary.get("traffic", {}).get("by_type", {})
    flat.update((BY_TYPE + name, _number(value)) for name, value in _leaves(by_type))
    flat.update((OWN + name, _number(value)) for name, value in _leaves(summary.get("own", {})))
    return flat


def _leaves(level: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in level.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in _leaves(value))
        else:
            yield name, value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


# Default figures after those of the scenario's claims: the usual subjects of a sweep.
