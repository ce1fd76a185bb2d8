"""Swarms of random scenarios under all checks; what fails is shrunk to a file of a few lines.

`drawing` makes a scenario from a seed, with `clusters`, `networks` and `entries`, from the values that the
schema (`values`) and the tables of settings and releases (`choices`) allow. `findings` runs one, `shrinking`
makes one smaller, `examining` does all that in a worker, `swarming` has the function `swarm`, `folder` keeps
what was found. `coverage` counts what was exercised, `reasons` has why some of it cannot be.
"""

from serfsim.study.swarm.drawing import draw, scenario_text
from serfsim.study.swarm.swarming import Swarm, swarm

__all__ = ["Swarm", "draw", "scenario_text", "swarm"]
