"""From a scenario and a seed to a result.

`simulation.Simulation` joins the parts: `build` makes the network, `agents` starts and ends processes,
`faults` carries out what goes wrong, `truth` remembers what was really so, `sampling` and `recorder`
collect what happened. `serfsim.run` does all of it at once.
"""

from serfsim.simulation.simulation import Simulation as Simulation
