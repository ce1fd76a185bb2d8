"""From a scenario and a seed to a result.

`simulation.Simulation` joins the parts: `build` makes the network, `agents` starts and ends processes,
`timeline` carries out faults and workload through `controls`, `truth` remembers what was really so,
`sampling` and `recorder` collect what happened. `serfsim.run` does all of it at once.
"""

from serfsim.simulation.simulation import Simulation

__all__ = ["Simulation"]
