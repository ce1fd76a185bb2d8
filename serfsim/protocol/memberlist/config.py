"""memberlist's settings with its own names and defaults (spec memberlist.md section 13)."""

from __future__ import annotations

from serfsim.native import i64
from serfsim.protocol.versions import Mechanisms


class MemberlistConfig:
    """Settings of one node. Durations are seconds, sizes bytes. The constructor gives the LAN profile.

    Built once, then only read by the machines; `lan()`, `wan()` and `local()` are the profiles
    that memberlist ships.
    """

    def __init__(self, mechanisms: Mechanisms | None = None) -> None:
        # What the release that runs can do.
        self.mechanisms = Mechanisms() if mechanisms is None else mechanisms
        # Protocol version spoken; the only one in use is 2.
        self.protocol_version: i64 = 2
        # Deadline of a TCP exchange, and how long dialling may take.
        self.tcp_timeout: float = 10.0
        # How many members are asked to probe a silent one.
        self.indirect_checks: i64 = 3
        # A broadcast is sent retransmit_mult * ceil(log10(n + 1)) times.
        self.retransmit_mult: i64 = 4
        # Minimum suspicion is suspicion_mult * log10(n) * probe_interval; also sets the confirmations.
        self.suspicion_mult: i64 = 4
        # Maximum suspicion as a multiple of the minimum.
        self.suspicion_max_timeout_mult: i64 = 6
        # Time between full state exchanges; stretched in clusters above 32. 0 turns them off.
        self.push_pull_interval: float = 30.0
        # How long a direct ack may take. It is not scaled by health.
        self.probe_timeout: float = 0.5
        # Time between probes, and the length of a round at full health. 0 turns probing off.
        self.probe_interval: float = 1.0
        # Without the TCP fallback a node whose UDP is blocked is suspected.
        self.disable_tcp_pings: bool = False
        # The health score runs from 0 to this minus 1.
        self.awareness_max_multiplier: i64 = 8
        # Lifeguard's three parts, each of which may be switched off: a health score that stretches the
        # rounds, suspicions that confirmations shorten, and suspects that are told with the ping.
        self.lha_probe: bool = True
        self.lha_suspicion: bool = True
        self.buddy: bool = True
        # Where Lifeguard's paper differs from memberlist: probe_timeout is stretched too; a failed probe
        # costs 1, and 1 more where a nack is missing; confirmations wanted (-1: suspicion_mult - 2).
        self.scale_probe_timeout: bool = False
        self.paper_health_score: bool = False
        self.suspicion_confirmations: i64 = -1
        # Members that one gossip tick reaches; 0 turns gossip off.
        self.gossip_nodes: i64 = 3
        self.gossip_interval: float = 0.2
        # The dead are gossiped to for so long, so that they may refute; then they are forgotten.
        self.gossip_to_the_dead_time: float = 30.0
        self.gossip_verify_incoming: bool = True
        self.gossip_verify_outgoing: bool = True
        self.enable_compression: bool = True
        # Messages that wait for the worker, per queue; more are dropped.
        self.handoff_queue_depth: i64 = 1024
        # Largest datagram that gossip fills.
        self.udp_buffer_size: i64 = 1400
        # After so long a dead member's name may come back from another address; 0 is never.
        self.dead_node_reclaim_time: float = 0.0
        # Addresses (directory numbers) that may join, and gossip of who does; None is all (CIDRsAllowed).
        self.allowed_addresses: dict[int, bool] | None = None
        # Bytes that encryption adds to a datagram; 0 without a keyring, 29 with one.
        self.encryption_overhead: i64 = 0
        # Inbound push/pulls at a time; the one that reaches the limit is closed unanswered.
        self.max_push_pull_requests: i64 = 128


def lan() -> MemberlistConfig:
    return MemberlistConfig()


def wan() -> MemberlistConfig:
    """For members that speak over the open internet: everything slower."""
    config = MemberlistConfig()
    config.tcp_timeout = 30.0
    config.suspicion_mult = 6
    config.push_pull_interval = 60.0
    config.probe_timeout = 3.0
    config.probe_interval = 5.0
    config.gossip_nodes = 4
    config.gossip_interval = 0.5
    config.gossip_to_the_dead_time = 60.0
    return config


def local() -> MemberlistConfig:
    """For members on one machine: everything quicker, less redundancy."""
    config = MemberlistConfig()
    config.tcp_timeout = 1.0
    config.indirect_checks = 1
    config.retransmit_mult = 2
    config.suspicion_mult = 3
    config.push_pull_interval = 15.0
    config.probe_timeout = 0.2
    config.gossip_interval = 0.1
    config.gossip_to_the_dead_time = 15.0
    return config
