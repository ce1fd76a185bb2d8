"""How fast and how fully user events and queries spread.

A recording does not hold user events or queries yet, so every figure is None; the names are there
because claims and sweeps use them.
"""

from __future__ import annotations

from typing import Any

FIGURES = ("p50_s", "p99_s", "full_s", "delivered_share")


def dissemination() -> dict[str, Any]:
    return {what: dict.fromkeys(FIGURES) for what in ("events", "queries")}
