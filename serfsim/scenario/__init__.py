"""What the user writes: the schema, its validation, and reading and writing scenario files.

`model.Scenario` is the whole. Each section has a file: `cluster`, `network` (with `topologies` and
`impairments`), `faults`, `workload`, `claims`. `units` reads quantities, `part` is the base of every
section, `problems` are mistakes. `checks` looks across sections. `loading` and `writing` go between
files and scenarios. For a run, `roster` says who the members are and how they are set, `selection`
whom a fault hits, and `timeline` when.
"""

from serfsim.scenario.loading import load as load
from serfsim.scenario.loading import loads as loads
from serfsim.scenario.model import Scenario as Scenario
