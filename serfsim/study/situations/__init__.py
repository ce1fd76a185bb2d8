"""The library of situations: the check of its answers, their table and figures, and the search for one.

`plan` chooses runs and claims of each situation, `check` carries them out and counts the seeds that hold,
`table` writes what was found, `drawing` the figure of each; `search` finds the one nearest to a question or
a log.
"""

from serfsim.study.situations.checking import Checked, check
from serfsim.study.situations.planning import Planned, plan

__all__ = ["Checked", "Planned", "check", "plan"]
