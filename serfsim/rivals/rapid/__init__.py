"""Rapid: multi-process cut detection over expander rings, and view changes by consensus."""

from serfsim.rivals.rapid.configuration import REMOVED, Configuration, Proposal, of_all
from serfsim.rivals.rapid.cut import CutDetector
from serfsim.rivals.rapid.member import RapidMember
from serfsim.rivals.rapid.rings import observers_of, subjects_of

__all__ = [
    "REMOVED",
    "Configuration",
    "CutDetector",
    "Proposal",
    "RapidMember",
    "observers_of",
    "of_all",
    "subjects_of",
]
