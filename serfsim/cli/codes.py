"""How a command ends.

| code | means |
|---|---|
| 0 | fine |
| 1 | a claim of the scenario failed, a regression was found, or a run of a sweep failed |
| 2 | what was given could not be used; one message says why |
| 130 | interrupted; what was finished is kept |
"""

from __future__ import annotations

from typing import Final

FINE: Final = 0
CLAIM_FAILED: Final = 1
RUN_FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
