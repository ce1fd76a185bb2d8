"""Rivals: other detectors and overlays on the same network, under the same faults, with the same score.

A folder `serfsim/rivals/NAME` holds one, with its `RIVAL` in `__init__.py`; `cluster: {protocol: NAME}` runs
it. `rival` has what it shares with Serf: the runtime's verbs and a view of the members.
"""

from serfsim.rivals.rival_table import RivalProtocol, rival_names, rival_protocol

__all__ = ["RivalProtocol", "rival_names", "rival_protocol"]
