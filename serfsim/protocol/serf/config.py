"""Serf's settings with its own names and defaults (spec serf.md section 16)."""

from __future__ import annotations

from serfsim.native import i64
from serfsim.protocol.versions import Mechanisms


class SerfConfig:
    """Settings of one Serf node, as `serf agent` runs it. Durations are seconds, sizes bytes."""

    def __init__(self, mechanisms: Mechanisms | None = None) -> None:
        # What the release that runs can do.
        self.mechanisms = Mechanisms() if mechanisms is None else mechanisms
        # How long a leave or removal may take to be told before the call gives up.
        self.broadcast_timeout: float = 5.0
        # A leave that could not be told in time is given up; from Serf 0.9.7 on it goes on.
        self.leave_continues: bool = False
        # A leaving node stays so long after its leave was told.
        self.leave_propagate_delay: float = 1.0
        self.event_buffer: i64 = 512
        self.query_buffer: i64 = 512
        self.protocol_version: i64 = 5
        self.reap_interval: float = 15.0
        # Intents about unknown members are kept so long.
        self.recent_intent_timeout: float = 300.0
        self.reconnect_interval: float = 30.0
        # Failed members are forgotten after this time, left ones after the tombstone's.
        self.reconnect_timeout: float = 86400.0
        self.tombstone_timeout: float = 86400.0
        # Failed and back within this time counts as a flap.
        self.flap_timeout: float = 60.0
        self.queue_check_interval: float = 30.0
        self.queue_depth_warning: i64 = 128
        self.max_queue_depth: i64 = 4096
        # Where above 0, the limit is instead the larger of this and twice the members.
        self.min_queue_depth: i64 = 0
        self.query_timeout_mult: i64 = 16
        self.query_response_size_limit: i64 = 1024
        self.query_size_limit: i64 = 1024
        self.user_event_size_limit: i64 = 512
        self.enable_name_conflict_resolution: bool = True
        self.disable_coordinates: bool = False
        self.validate_node_names: bool = False
        self.rejoin_after_leave: bool = False
        self.coalesce_period: float = 3.0
        self.quiescent_period: float = 1.0
        self.user_coalesce_period: float = 3.0
        self.user_quiescent_period: float = 1.0
        # How often a join that reached nobody is tried again; 0 is never.
        self.retry_interval: float = 30.0
        # Without it a process whose join reaches nobody ends: the agent's plain -join.
        self.retry_join: bool = True

    def queue_limit(self, members: i64) -> i64:
        """How many messages each of Serf's queues may hold in a cluster of `members`."""
        if self.min_queue_depth > 0:
            return max(self.min_queue_depth, 2 * members)
        return self.max_queue_depth
