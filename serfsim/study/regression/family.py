"""Which figures are tested: every one that could tell something that no other one tells.

Each test more makes all others ask for more evidence, so a figure that says the same as another by its
definition is left out; it is still kept in the baseline. A new figure is tested from the day that a
baseline has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from serfsim.scenario.figures import BY_TYPE
from serfsim.study.regression.runs import Floats, Runs

# (which figures, which one tells it)
TOLD_BY_OTHERS: Final = (
    (r"detection\..*_per_node_hour", "the same count, over time and nodes, which the scenario fixes"),
    (r"detection\..*_s\.n", "crashes less those missed, and detection.missed is tested"),
    (r"detection\.\w+_s\.p\d+", "with a handful of crashes in a run, all between its mean and its max"),
    (
        r"detection\.first_suspect_s\.max",
        "the mean; the largest of few waits hardly varies with anything else",
    ),
    (r"coordinates\.relative_error\.(mean|max)", "p50, p90 and p99"),
    (r"coordinates\.absolute_error_ms\.(?!p50).*", "the relative errors, but for p50"),
    (r"dissemination\.\w+\.full_s", "p99_s, which few deliveries hardly tell from it"),
    (r"dissemination\.\w+\.sent", "the scenario"),
    (r"traffic\.messages_per_node_s", "the types of message, each of which is tested"),
    (r"traffic\.by_type\..*\.bytes_per_node_s", "the number of each type and the bytes of all"),
)
_OTHERS: Final = re.compile("|".join(f"(?:{pattern})" for pattern, _ in TOLD_BY_OTHERS))


def is_tested(name: str) -> bool:
    """Whether a figure belongs to the family."""
    return _OTHERS.fullmatch(name) is None


def family(then: Runs, now: Runs) -> Iterator[tuple[str, Floats, Floats]]:
    """(figure, values then, values now) of every test between two sets of runs of one scenario.

    A run without a value counts as beyond all values. No test is a figure that is the same in all runs
    of both sets, nor one that orders all runs as an earlier one does (all suspicions, where every one is
    unjust). Both are decided by all runs together, whichever set each is in, so the rest of the family
    errs with the rate that it states.
    """
    seen = set()
    for name in dict.fromkeys([*then.figures, *now.figures]):
        in_both = name in then.figures and name in now.figures
        if not is_tested(name) or not (in_both or name.startswith(BY_TYPE)):
            continue
        before, after = (np.nan_to_num(runs.values(name), nan=np.inf, posinf=np.inf) for runs in (then, now))
        _, order = np.unique(np.concatenate((before, after)), return_inverse=True)
        key = order.tobytes()
        if not order.any() or key in seen:
            continue
        seen.add(key)
        yield name, before, after
