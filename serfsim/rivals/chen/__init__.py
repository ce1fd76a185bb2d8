"""NFD-S and NFD-E, the failure detectors of Chen, Toueg and Aguilera, and a rival that uses them."""

from serfsim.rivals.chen.member import ChenMember
from serfsim.rivals.chen.nfd_e import NfdE
from serfsim.rivals.chen.nfd_s import NfdS

__all__ = ["ChenMember", "NfdE", "NfdS"]
