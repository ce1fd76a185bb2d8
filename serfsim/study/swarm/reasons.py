"""Reasons why some things cannot be exercised."""

from __future__ import annotations

from typing import Final

_NO_VERB: Final = "no verb of the workload sends a query with Serf's flag NoBroadcast"

UNREACHED: Final[dict[str, str]] = {
    "serf/queries: new: query not to be passed on": _NO_VERB,
    "serf/queries: new: query for others, not to be passed on": _NO_VERB,
}
