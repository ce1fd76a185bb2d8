"""SWIM as its paper has it: random probing, helpers, piggybacked updates, with and without suspicion."""

from serfsim.rivals.swim.member import SwimMember
from serfsim.rivals.swim.messages import SwimMessage, Update

__all__ = ["SwimMember", "SwimMessage", "Update"]
