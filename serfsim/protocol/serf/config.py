"""Serf's settings and its agent's, with their own names and defaults (spec serf.md section 16)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.settings import (
    ADDRESS,
    AGENT,
    DURATION,
    INTERVAL,
    KEPT,
    KEPT_OR_NOTHING,
    KEY,
    MESSAGE_SIZE,
    NOT_MODELLED,
    POSITIVE_DURATION,
    PROTOCOL_VERSION,
    SERF,
    SWITCH,
    TAG,
    TIMEOUT,
    Defaults,
    Kind,
    Setting,
)
from serfsim.protocol.versions import ReleaseFeatures

AGENT_FLOOR: Final = 1.0  # seconds: the agent raises lower values, and says so
RPC_PORT: Final = 7373

SERF_SETTINGS: Final = (
    Setting(
        "broadcast_timeout",
        TIMEOUT,
        5.0,
        "How long a leave, a removal or a change of tags may take to be broadcast before the call gives up.",
        SERF,
        floor=AGENT_FLOOR,
    ),
    Setting(
        "leave_propagate_delay",
        DURATION,
        1.0,
        "How long a leaving member stays after its leave was broadcast, so that all may hear of it.",
        SERF,
        before=(("0.8.2", 0.0),),
        rule="Some gossip intervals more than the cluster needs to spread a message.",
    ),
    Setting(
        "event_buffer",
        KEPT,
        512,
        "Lamport times whose user events are remembered, to recognise repetitions; older events are dropped.",
        SERF,
        unit="times",
        rule="More than the user events sent while one spreads.",
    ),
    Setting(
        "query_buffer",
        KEPT,
        512,
        "Lamport times whose queries are remembered, to recognise repetitions; older queries are dropped.",
        SERF,
        unit="times",
    ),
    Setting(
        "protocol_version",
        PROTOCOL_VERSION,
        5,
        "Serf's protocol version spoken. Members join only where all understand each other's.",
        SERF,
        before=(("0.8.1", 4),),
    ),
    Setting(
        "reap_interval",
        INTERVAL,
        15.0,
        "Time between two searches for failed and left members that are to be forgotten.",
        SERF,
    ),
    Setting(
        "recent_intent_timeout",
        POSITIVE_DURATION,
        300.0,
        "How long a join or leave intent about an unknown member is kept.",
        SERF,
    ),
    Setting(
        "reconnect_interval",
        INTERVAL,
        30.0,
        "Time between attempts to reach a random failed member again.",
        SERF,
        rule="Shorter heals partitions sooner.",
    ),
    Setting(
        "reconnect_timeout",
        POSITIVE_DURATION,
        86400.0,
        "How long after its failure a member is forgotten, and no more called.",
        SERF,
        rule="Longer than any outage after which members shall find each other by themselves.",
    ),
    Setting(
        "reconnect_timeout_tag",
        TAG,
        "",
        "Tag by which a member sets how long after its failure or leave it is forgotten, in Go's words such"
        " as 72h, instead of reconnect_timeout and tombstone_timeout: the ReconnectTimeoutOverride of Serf"
        " 0.9.5 and later, as Consul uses rc_tm. Empty is no such tag.",
        SERF,
        needs="overrides_reconnect_timeout",
    ),
    Setting(
        "tombstone_timeout",
        POSITIVE_DURATION,
        86400.0,
        "How long after it left a member is forgotten.",
        SERF,
    ),
    Setting(
        "flap_timeout",
        DURATION,
        60.0,
        "A member that returns within this time after its failure counts as a flap.",
        SERF,
    ),
    Setting(
        "queue_check_interval",
        INTERVAL,
        30.0,
        "Time between two checks of the broadcast queues: warn of long ones, prune those above the limit.",
        SERF,
        before=(("0.8.2", 1.0),),
    ),
    Setting(
        "queue_depth_warning",
        KEPT_OR_NOTHING,
        128,
        "Messages in a broadcast queue from which on a check warns.",
        SERF,
        unit="messages",
    ),
    Setting(
        "max_queue_depth",
        KEPT_OR_NOTHING,
        4096,
        "Messages that a check leaves in a broadcast queue.",
        SERF,
        unit="messages",
    ),
    Setting(
        "min_queue_depth",
        KEPT_OR_NOTHING,
        0,
        "Above 0, the limit of a queue is the larger of this and twice the members, not max_queue_depth.",
        SERF,
        unit="messages",
    ),
    Setting(
        "query_timeout_mult",
        Kind("count", 1, 10_000),
        16,
        "A query without a timeout ends after gossip_interval * query_timeout_mult * ceil(log10(n + 1)).",
        SERF,
    ),
    Setting(
        "query_response_size_limit",
        MESSAGE_SIZE,
        1024,
        "Largest response to a query, encoded.",
        SERF,
        rule="A response is one datagram: stay below udp_buffer_size.",
    ),
    Setting(
        "query_size_limit",
        MESSAGE_SIZE,
        1024,
        "Largest query, encoded.",
        SERF,
        rule="A query that does not fit udp_buffer_size is never gossiped.",
    ),
    Setting(
        "user_event_size_limit",
        Kind("size", 0, 9216),
        512,
        "Largest user event, name and payload, and encoded.",
        SERF,
        rule="An event that does not fit udp_buffer_size is never gossiped.",
    ),
    Setting(
        "enable_name_conflict_resolution",
        SWITCH,
        True,
        "Members of one name ask the others who it is, and the loser shuts down.",
        SERF,
    ),
    Setting(
        "disable_coordinates",
        SWITCH,
        False,
        "No Vivaldi coordinates. Serf's own setting, which the agent of 0.9.4 does not take over from its"
        " configuration file.",
        SERF,
    ),
    Setting(
        "validate_node_names",
        SWITCH,
        False,
        "From 0.9.5 on: refuse names of other than letters, digits, '-' and '.', or of more than 128.",
        SERF,
        needs="name_validation",
    ),
    Setting(
        "rejoin_after_leave",
        SWITCH,
        False,
        "With a snapshot: join the others again even after a leave.",
        SERF,
    ),
    Setting(
        "leave_continues",
        SWITCH,
        False,
        "A leave that could not be broadcast in time goes on all the same, as it does from Serf 0.9.7 on.",
        SERF,
        since=(("0.9.7", True),),
    ),
)

AGENT_SETTINGS: Final = (
    Setting(
        "snapshot",
        SWITCH,
        False,
        "Keep a file from which a restarted member joins the others again and goes on in its clocks.",
        AGENT,
        field="",
    ),
    Setting(
        "replay_on_join",
        SWITCH,
        False,
        "Have a join deliver user events from before it, too.",
        AGENT,
        field="",
    ),
    Setting(
        "coalesce_period",
        DURATION,
        3.0,
        "Member events of at most so long a time reach the application as one; 0s passes each on at once.",
        AGENT,
    ),
    Setting(
        "quiescent_period",
        DURATION,
        1.0,
        "They are passed on sooner once no other came for so long.",
        AGENT,
        rule="Below coalesce_period.",
    ),
    Setting(
        "user_coalesce_period",
        DURATION,
        3.0,
        "Of user events of one name within so long a time only the newest reach the application; 0s passes"
        " each on at once.",
        AGENT,
    ),
    Setting(
        "user_quiescent_period",
        DURATION,
        1.0,
        "They are passed on sooner once no other came for so long.",
        AGENT,
        rule="Below user_coalesce_period.",
    ),
    Setting(
        "leave_on_terminate",
        SWITCH,
        False,
        "Leave on SIGTERM (the fault `terminate`); without it the agent stops at once.",
        AGENT,
        field="",
    ),
    Setting(
        "skip_leave_on_interrupt",
        SWITCH,
        False,
        "Do not leave on SIGINT (the fault `interrupt`).",
        AGENT,
        field="",
    ),
    Setting(
        "encrypt_key",
        KEY,
        None,
        "Key in base64 that the member encrypts with (-encrypt). Keys that are installed are forgotten at a"
        " restart, unlike those of a keyring.",
        AGENT,
        field="",
    ),
    Setting(
        "retry_interval",
        INTERVAL,
        30.0,
        "Time until a join that reached nobody is tried again.",
        AGENT,
        floor=AGENT_FLOOR,
    ),
    Setting(
        "retry_join",
        SWITCH,
        True,
        "Try a join that reached nobody again. Without it, as with a plain -join, the agent's process ends.",
        AGENT,
    ),
    Setting(
        "retry_max_attempts",
        KEPT_OR_NOTHING,
        0,
        "How often a join that reached nobody is tried again before the agent's process ends; 0 is no limit.",
        AGENT,
        unit="attempts",
    ),
    Setting(
        "rpc_addr",
        ADDRESS,
        f"127.0.0.1:{RPC_PORT}",
        "Where the agent listens for RPC clients, HOST:PORT.",
        AGENT,
        modelled=NOT_MODELLED,
        instead="`serfsim serve --rpc-addr` has an address",
    ),
)


class SerfConfig:
    """Settings of one Serf node, as `serf agent` runs it, with the defaults of a release.

    Durations are seconds, sizes bytes. Built once, then only read by the machines.
    """

    def __init__(self, features: ReleaseFeatures | None = None) -> None:
        # What the release that runs can do.
        self.features = ReleaseFeatures() if features is None else features
        default = Defaults(SERF_SETTINGS + AGENT_SETTINGS, "lan", self.features.release)
        self.broadcast_timeout: float = default.seconds("broadcast_timeout")
        self.leave_continues: bool = default.switch("leave_continues")
        self.leave_propagate_delay: float = default.seconds("leave_propagate_delay")
        self.event_buffer: i64 = default.count("event_buffer")
        self.query_buffer: i64 = default.count("query_buffer")
        self.protocol_version: i64 = default.count("protocol_version")
        self.reap_interval: float = default.seconds("reap_interval")
        self.recent_intent_timeout: float = default.seconds("recent_intent_timeout")
        self.reconnect_interval: float = default.seconds("reconnect_interval")
        self.reconnect_timeout: float = default.seconds("reconnect_timeout")
        self.tombstone_timeout: float = default.seconds("tombstone_timeout")
        self.reconnect_timeout_tag: str = default.text("reconnect_timeout_tag")
        self.flap_timeout: float = default.seconds("flap_timeout")
        self.queue_check_interval: float = default.seconds("queue_check_interval")
        self.queue_depth_warning: i64 = default.count("queue_depth_warning")
        self.max_queue_depth: i64 = default.count("max_queue_depth")
        self.min_queue_depth: i64 = default.count("min_queue_depth")
        self.query_timeout_mult: i64 = default.count("query_timeout_mult")
        self.query_response_size_limit: i64 = default.count("query_response_size_limit")
        self.query_size_limit: i64 = default.count("query_size_limit")
        self.user_event_size_limit: i64 = default.count("user_event_size_limit")
        self.enable_name_conflict_resolution: bool = default.switch("enable_name_conflict_resolution")
        self.disable_coordinates: bool = default.switch("disable_coordinates")
        self.validate_node_names: bool = default.switch("validate_node_names")
        self.rejoin_after_leave: bool = default.switch("rejoin_after_leave")
        self.coalesce_period: float = default.seconds("coalesce_period")
        self.quiescent_period: float = default.seconds("quiescent_period")
        self.user_coalesce_period: float = default.seconds("user_coalesce_period")
        self.user_quiescent_period: float = default.seconds("user_quiescent_period")
        # An interval of 0 tries a join that reached nobody only once.
        self.retry_interval: float = default.seconds("retry_interval")
        self.retry_join: bool = default.switch("retry_join")
        self.retry_max_attempts: i64 = default.count("retry_max_attempts")

    def queue_limit(self, members: i64) -> i64:
        """Return how many messages each of Serf's queues may hold in a cluster of `members`."""
        if self.min_queue_depth > 0:
            return max(self.min_queue_depth, 2 * members)
        return self.max_queue_depth
