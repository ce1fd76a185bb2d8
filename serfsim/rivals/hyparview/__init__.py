"""HyParView's overlay of TCP links with Plumtree's broadcast on it, in the shape of iroh-gossip.

`overlay` has the active and the passive view, `tree` the broadcast, `ledger` the membership above them,
which neither paper has, and `member` puts them on a runtime.
"""

from serfsim.rivals.hyparview.ledger import Ledger
from serfsim.rivals.hyparview.member import HyparviewMember
from serfsim.rivals.hyparview.overlay import Overlay
from serfsim.rivals.hyparview.tree import Tree

__all__ = ["HyparviewMember", "Ledger", "Overlay", "Tree"]
