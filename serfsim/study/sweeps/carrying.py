"""One run in a worker: what goes in and what comes back are small and plain.

A worker, whether on this machine or another, is given the text of a scenario and a seed and answers
with a dictionary that JSON can hold. Scenarios that it was given lately it still has.
"""

from __future__ import annotations

import json
import time
import traceback
from functools import lru_cache
from typing import Any, Final

from serfsim.base.errors import SerfsimError
from serfsim.scenario.model import Scenario
from serfsim.study.sweeps.figures import flat_figures
from serfsim.study.sweeps.jobs import DONE, FAILED
from serfsim.study.sweeps.keys import code_version

OTHER_CODE: Final = "other code"

Answer = dict[str, Any]


def carry_out(text: str, seed: int, code: str) -> Answer:
    """Run and score; whatever is raised becomes the answer's `error`.

    `code` is the code version of whoever asks: a worker that has another refuses, since its figures
    would be those of another program. Raises only KeyboardInterrupt.
    """
    if code != code_version():
        return {"status": OTHER_CODE, "code": code_version()}
    began = time.perf_counter()
    try:
        answer = _simulated(_scenario(text), seed)
    except (Exception, SystemExit) as error:
        answer = failure(error)
    answer["took_s"] = time.perf_counter() - began
    return answer


def failure(error: BaseException) -> Answer:
    """The answer of a run that raised: one line; where that is a defect, with its traceback."""
    words = " ".join(str(error).split())
    if isinstance(error, SerfsimError):
        return {"status": FAILED, "error": words}
    kind = type(error).__name__
    told = "".join(traceback.format_exception(error))
    return {"status": FAILED, "error": f"{kind}: {words}" if words else kind, "traceback": told}


@lru_cache(maxsize=8)
def _scenario(text: str) -> Scenario:
    return Scenario(**json.loads(text))


def _simulated(scenario: Scenario, seed: int) -> Answer:
    from serfsim.simulation import Simulation

    changed: dict[str, Any] = {"seed": seed}
    if scenario.record.packets.startswith("pcap"):  # nobody keeps the capture of a run in a sweep
        changed["record"] = scenario.record.model_copy(update={"packets": "counts"})
    summary = Simulation(scenario.model_copy(update=changed)).run().summary
    if not summary["complete"]:
        raise KeyboardInterrupt
    return {
        "status": DONE,
        "error": "",
        "figures": flat_figures(summary),
        "claims": summary["claims"],
        **{name: summary[name] for name in ("digest", "complete", "cpu_s", "wall_s")},
    }
