"""Exit codes of the commands.

| code | means |
|---|---|
| 0 | success |
| 1 | a claim or a run of a sweep failed, something differs or regressed, no setting keeps the constraints |
| 2 | invalid input; one message says why |
| 130 | interrupted; finished work is kept |
"""

from __future__ import annotations

from typing import Final

FINE: Final = 0
CLAIM_FAILED: Final = 1
RUN_FAILED: Final = 1
REGRESSION: Final = 1
NO_ANSWER: Final = 1
DIFFERENT: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
