"""Topologies: every model ends in a `Topology`, which holds the latency model that the engine queries.

`build_topology` reads a scenario's topology and delegates to one file per model: `plane`,
`serf_models` (Serf's own test networks), `matrix` (measured latencies, read by `matrix_text`,
`matrix_pairs`, `matrix_json` and `matrix_array`), `graph` (networkx, from `generators` or a
file), `backbone` (real networks), `cloud` (located by `regions`), `datacenter`. `datasets` fetches
public measurements by name, `places` and `tree` assign nodes to places, `fibre` computes the latency of
light in glass, `report` measures the properties of a topology that matter to coordinates.
"""

from serfsim.topology.build import build_topology
from serfsim.topology.topology import Topology

__all__ = ["Topology", "build_topology"]
