"""DMFSGD: decentralised matrix factorisation by stochastic gradient descent."""

from serfsim.rivals.dmfsgd.client import DmfsgdClient

__all__ = ["DmfsgdClient"]
