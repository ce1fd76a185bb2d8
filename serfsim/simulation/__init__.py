"""Simulations: one scenario and one seed become a result.

`simulation.Simulation` joins the parts: `build` makes the network, `agents` starts and stops processes,
`timeline` runs faults and workload through `controls`, `truth` records the true state, `sampling` and
`recorder` collect what happened. `serfsim.run` does all of it at once.
"""

from serfsim.simulation.simulation import Simulation

__all__ = ["Simulation"]
