"""Encryption and labels: what members could not read, and what became of key queries.

A run in which no member has a key or a label has none of these figures.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from serfsim.protocol.events import KEY_REFUSED, MISLABELLED, UNDECRYPTABLE, UNENCRYPTED
from serfsim.protocol.serf.application import ANSWERED, SENT
from serfsim.protocol.serf.key_queries import KEY_QUERIES
from serfsim.results.scoring.scored_run import ScoredRun, ratio

COUNTED: Final = {
    "undecryptable": UNDECRYPTABLE,
    "unencrypted": UNENCRYPTED,
    "mislabelled": MISLABELLED,
    "keys_refused": KEY_REFUSED,
}


def security(run: ScoredRun) -> dict[str, Any]:
    """Return counts of refusals, and the share of members up at a key query whose answers came in."""
    if not run.recording.is_protected:
        return {**dict.fromkeys(COUNTED), "last_undecryptable_s": None, "keys_answered_share": None}
    figures: dict[str, Any] = {name: len(run.of_kind(kind).t) for name, kind in COUNTED.items()}
    refused = run.of_kind(UNDECRYPTABLE).t
    figures["last_undecryptable_s"] = float(refused[-1]) if len(refused) else None
    table = run.recording.deliveries
    answers = asked = 0
    for number, item in enumerate(table.items):
        if item.kind != "query" or item.name not in KEY_QUERIES:
            continue
        rows = table.item == number
        sent = table.t[rows & (table.action == SENT)]
        if len(sent) and 0.0 <= sent[0] <= run.end:
            asked += run.n - int(np.count_nonzero(run.down.covered_at(float(sent[0]))))
            answers += int(np.count_nonzero(rows & (table.action == ANSWERED)))
    figures["keys_answered_share"] = ratio(answers, asked)
    return figures
