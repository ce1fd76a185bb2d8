"""Why figures differ from their recordings, as far as it is known: found by looking, written by hand.

The page puts a cause beside every figure that does not agree. One without a cause says so.
"""

from __future__ import annotations

import re

# Group pattern, figure pattern, cause. The first that fits counts.
CAUSES: tuple[tuple[str, str, str], ...] = ()

UNKNOWN = "not explained yet"


def cause_of(group: str, figure: str) -> str:
    for group_pattern, figure_pattern, cause in CAUSES:
        if re.fullmatch(group_pattern, group) and re.fullmatch(figure_pattern, figure):
            return cause
    return UNKNOWN
