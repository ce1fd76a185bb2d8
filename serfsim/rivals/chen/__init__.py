"""The failure detector NFD-S of Chen, Toueg and Aguilera."""

from serfsim.rivals.chen.nfd_s import NfdS

__all__ = ["NfdS"]
