"""Heartbeats of all members to all, with a fixed timeout: the detector that everybody writes first."""

from serfsim.rivals.heartbeats.member import Heartbeat, HeartbeatMember

__all__ = ["Heartbeat", "HeartbeatMember"]
