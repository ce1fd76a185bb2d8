"""How many messages wait to be gossiped: in memberlist's queue and in each of Serf's three."""

from __future__ import annotations

from typing import Any

import numpy as np

from serfsim.results.scoring.recording import QUEUES, QueueSamples
from serfsim.results.scoring.scope import Scope

SETTLED_SHARE = 0.1  # suspicions and their denials wait now and then in any cluster


def queues(scope: Scope) -> dict[str, Any]:
    """`mean` and `max` of each queue over live members and the scored samples; None where there are none."""
    samples = scope.recording.queues
    scored = (samples.t >= 0.0) & (samples.t <= scope.end)
    depths = samples.depth[scored][samples.live[scored]]
    if len(depths) == 0:
        return {name: {"mean": None, "max": None} for name in QUEUES}
    means, most = depths.mean(axis=0), depths.max(axis=0)
    return {name: {"mean": float(means[place]), "max": int(most[place])} for place, name in enumerate(QUEUES)}


def is_settled(samples: QueueSamples, t: float) -> bool | None:
    """Whether fewer than a tenth of the live members had a membership message waiting at `t`.

    Where the news of a join are still being gossiped, every member has. None where no sample was taken then.
    """
    rows = np.flatnonzero(samples.t == t)
    if len(rows) == 0 or not samples.live[rows[0]].any():
        return None
    waiting = samples.depth[rows[0], :, : QUEUES.index("events")][samples.live[rows[0]]]
    return bool((waiting > 0).any(axis=1).mean() < SETTLED_SHARE)
