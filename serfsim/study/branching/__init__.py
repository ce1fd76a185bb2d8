"""Branching: how a run's outcome spreads from its state at a time.

A run is simulated to a time T with its own seed; there the process is forked, and each branch goes on with
fresh random streams. The share of branches in which a claim holds, over T, shows when its outcome became
inevitable.
"""

from serfsim.study.branching.branching import Branched, branch, run_branches
from serfsim.study.branching.shares import Share, inevitable_from, shares_of

__all__ = ["Branched", "Share", "branch", "inevitable_from", "run_branches", "shares_of"]
