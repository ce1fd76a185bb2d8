"""How a command ends.

| code | means |
|---|---|
| 0 | fine |
| 1 | a claim failed, a regression was found, a run of a sweep failed, or no setting keeps what was asked |
| 2 | what was given could not be used; one message says why |
| 130 | interrupted; what was finished is kept |
"""

from __future__ import annotations

from typing import Final

FINE: Final = 0
CLAIM_FAILED: Final = 1
RUN_FAILED: Final = 1
REGRESSION: Final = 1
NO_ANSWER: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
