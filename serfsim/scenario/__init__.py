"""Scenarios: the schema, its validation, and reading and writing scenario files.

`model.Scenario` is the whole. Each section has a file or a folder: `cluster` with its `settings`, `network`
with the `topologies`, `faults` and `workload` with a module a verb, `claims` with the names of `figures`.
`entry` is the base of a verb, `part` that of every section; `units` reads quantities, `phrases` tells them in
English, `problems` are mistakes, `checks` looks across sections.
`loading` and `writing` go between files and scenarios. For a run, `roster` holds the members with their
settings, `selection` picks those that an entry is about, and `controls` is what an entry acts on.
"""

from serfsim.scenario.loading import load, loads
from serfsim.scenario.model import Scenario

__all__ = ["Scenario", "load", "loads"]
