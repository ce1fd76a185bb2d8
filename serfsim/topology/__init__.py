"""Who is where: every model ends in a `Topology`, which holds the latency model the engine asks.

`build_topology` reads what a scenario says and hands over to one file each: `plane`,
`serf_models` (Serf's own test networks), `matrix` (measured latencies, read by `matrix_text`,
`matrix_pairs`, `matrix_json` and `matrix_array`), `graph` (networkx, made by `generators` or read from a
file), `backbone` (real networks), `cloud` (whose `regions` are where), `datacenter`. `datasets` fetches
public measurements by name, `places` and `tree` decide which node stands at which place, `fibre` knows how
fast light is, `report` says what of a topology matters to coordinates.
"""

from serfsim.topology.build import build_topology
from serfsim.topology.topology import Topology

__all__ = ["Topology", "build_topology"]
