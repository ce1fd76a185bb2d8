"""memberlist's settings with its own names and defaults (spec memberlist.md section 13)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.directory import DEFAULT_PORT
from serfsim.protocol.rules import AFTER_GRAFANA, GRAFANA
from serfsim.protocol.settings import (
    DURATION,
    FEW,
    FEW_OR_NONE,
    INTERVAL,
    INTERVAL_OR_OFF,
    KEPT,
    MULTIPLIER,
    NETWORKS,
    NOT_MODELLED,
    PORT,
    PROTOCOL_VERSION,
    SWITCH,
    TIMEOUT,
    Defaults,
    Kind,
    Setting,
)
from serfsim.protocol.versions import ReleaseFeatures
from serfsim.protocol.wire.reader import LARGEST_U32

RESTART: Final = "restart"  # values of queue_ids
CONTINUE: Final = "continue"
UDP: Final = "udp"  # values of packet_transport
TCP: Final = "tcp"
LARGEST_PACKET: Final = 10 * 1024 * 1024  # bytes over TCP, where dskit lets packets be as large
NO_LIMIT: Final = -1  # of incarnations
NO_PORTS: Final = "`address` and `advertise` of a node have it, as 10.0.9.9:7950"

MEMBERLIST_SETTINGS: Final = (
    Setting(
        "bind_port",
        PORT,
        DEFAULT_PORT,
        "Port that the member listens on, UDP and TCP.",
        modelled=NOT_MODELLED,
        instead=NO_PORTS,
    ),
    Setting(
        "advertise_port",
        PORT,
        DEFAULT_PORT,
        "Port that the member gives to others as its own.",
        modelled=NOT_MODELLED,
        instead=NO_PORTS,
    ),
    Setting(
        "memberlist_protocol_version",
        PROTOCOL_VERSION,
        2,
        "memberlist's protocol version spoken (ProtocolVersion); all releases speak 2.",
        field="protocol_version",
    ),
    Setting(
        "tcp_timeout",
        TIMEOUT,
        10.0,
        "Deadline of dialling, and of a TCP exchange.",
        wan=30.0,
        local=1.0,
        products=(("mimir-3", 2.0),),
    ),
    Setting(
        "indirect_checks",
        FEW,
        3,
        "Members asked to probe one that did not answer in time; 0 asks nobody.",
        local=1,
        unit="members",
        rule="Detection hardly gains beyond 3 unless packets are lost often.",
    ),
    Setting(
        "retransmit_mult",
        MULTIPLIER,
        4,
        "A broadcast is sent retransmit_mult * ceil(log10(n + 1)) times.",
        local=2,
        rule="Fewer repetitions leave more members to hear of a change by push/pull only.",
    ),
    Setting(
        "suspicion_mult",
        MULTIPLIER,
        4,
        "The shortest suspicion is suspicion_mult * log10(n) * probe_interval, at least that without"
        " log10(n); suspicion_mult - 2 confirmations are needed to get there.",
        wan=6,
        local=3,
        before=(("0.1.1", 5),),
        rule="More gives a suspected member longer to refute, and delays each true detection as much.",
    ),
    Setting(
        "suspicion_max_timeout_mult",
        MULTIPLIER,
        6,
        "The longest suspicion, which nobody has confirmed, as a multiple of the shortest.",
    ),
    Setting(
        "push_pull_interval",
        INTERVAL_OR_OFF,
        30.0,
        "Time between full exchanges of state with a random member over TCP, stretched in clusters of"
        " more than 32; 0s turns them off.",
        wan=60.0,
        local=15.0,
        rule="Shorter heals partitions and lost gossip sooner, for traffic that grows with the cluster.",
    ),
    Setting(
        "push_pull_nodes",
        Kind("count", 1, 1000, optional=True),
        None,
        "Members that it exchanges state with at each interval, one after the other (PushPullNodes of"
        " Grafana's memberlist); unless given 2 for a bridge with zone_aware_routing, as in dskit, else 1.",
        unit="members",
        needs="push_pull_nodes",
    ),
    Setting(
        "zone_aware_routing",
        SWITCH,
        False,
        "As in Grafana's dskit: gossip and exchanges of state stay in a member's zone, and its bridges take"
        " them to the bridges of other zones. Unless given on for members that have a `zone` and run"
        " Grafana's memberlist.",
        needs="selects_nodes",
    ),
    Setting(
        "zone_failover",
        SWITCH,
        True,
        "With zone_aware_routing: no such routing while a zone that has members has no bridge alive"
        " (grafana/dskit#800).",
        needs="selects_nodes",
    ),
    Setting(
        "probe_timeout",
        TIMEOUT,
        0.5,
        "How long a direct ack may take before others are asked to probe. The health score does not"
        " stretch it.",
        wan=3.0,
        local=0.2,
        rule="Above the 99th percentile of the round-trip time, and below probe_interval.",
        products=(("mimir-3", 2.0),),
    ),
    Setting(
        "probe_interval",
        INTERVAL_OR_OFF,
        1.0,
        "Time between probes, and the length of a round at full health; 0s turns probing off.",
        wan=5.0,
        rule="Halved, a failure is found twice as fast, for twice the probes.",
        products=(("mimir-3", 5.0),),
    ),
    Setting(
        "disable_tcp_pings",
        SWITCH,
        False,
        "No TCP probe beside the indirect ones: a member whose UDP is blocked is suspected.",
        products=(("mimir-3", True),),
    ),
    Setting(
        "awareness_max_multiplier",
        MULTIPLIER,
        8,
        "The health score runs from 0 to one less; a round lasts (score + 1) * probe_interval. 1 turns"
        " the score off.",
    ),
    Setting(
        "lha_probe",
        SWITCH,
        True,
        "Lifeguard's first part: a health score that stretches the rounds, and nacks.",
        before=(("b2053e3", False),),
    ),
    Setting(
        "lha_suspicion",
        SWITCH,
        True,
        "Lifeguard's second part: suspicions that last longer and that confirmations shorten.",
        before=(("b2053e3", False),),
    ),
    Setting(
        "buddy",
        SWITCH,
        True,
        "Lifeguard's third part: a ping to a suspected member carries the suspicion.",
        before=(("b2053e3", False),),
    ),
    Setting(
        "scale_probe_timeout",
        SWITCH,
        False,
        "As in Lifeguard's paper, not in memberlist: the health score stretches probe_timeout too.",
    ),
    Setting(
        "paper_health_score",
        SWITCH,
        False,
        "As in Lifeguard's paper, not in memberlist: a failed probe costs 1, and 1 more if a nack is"
        " missing.",
    ),
    Setting(
        "suspicion_confirmations",
        FEW_OR_NONE,
        None,
        "Confirmations that bring a suspicion to its shortest (the paper's K, 3); unless given,"
        " suspicion_mult - 2 as in memberlist.",
    ),
    Setting(
        "gossip_nodes",
        FEW,
        3,
        "Members that one gossip tick sends to; 0 turns gossip off.",
        wan=4,
        unit="members",
        rule="Traffic goes with gossip_nodes / gossip_interval, and so does the speed of news.",
    ),
    Setting(
        "gossip_interval",
        INTERVAL_OR_OFF,
        0.2,
        "Time between gossip ticks; 0s turns gossip off. The timeout of queries is a multiple of it.",
        wan=0.5,
        local=0.1,
    ),
    Setting(
        "gossip_to_the_dead_time",
        DURATION,
        30.0,
        "How long a dead member is still gossiped to, so that it may refute; then it is forgotten.",
        wan=60.0,
        local=15.0,
        needs="gossip_to_the_dead",
    ),
    Setting(
        "gossip_verify_incoming",
        SWITCH,
        True,
        "With keys: refuse packets and streams that are not encrypted.",
    ),
    Setting("gossip_verify_outgoing", SWITCH, True, "With keys: encrypt what is sent."),
    Setting(
        "skip_inbound_label_check",
        SWITCH,
        False,
        "Accept packets and streams without a label, and refuse those with one (memberlist 0.3.0 or later).",
        needs="labels",
    ),
    Setting(
        "enable_compression",
        SWITCH,
        True,
        "Compress packets and streams with LZW where that makes them shorter.",
    ),
    Setting(
        "handoff_queue_depth",
        KEPT,
        1024,
        "Messages that may wait for the worker, in each of its queues; more are dropped.",
        unit="messages",
    ),
    Setting(
        "udp_buffer_size",
        Kind("size", 64, LARGEST_PACKET),
        1400,
        "Largest packet that gossip and piggybacked messages fill; a datagram is at most 65507 B.",
        rule="At most the path's MTU less 28 bytes of headers: a datagram in fragments is lost with any of"
        " them.",
        products=(("mimir-3", LARGEST_PACKET),),
    ),
    Setting(
        "packet_transport",
        Kind("choice", options=(UDP, TCP)),
        UDP,
        "Way of pings, acks and gossip: as datagrams, or as in Grafana's dskit each on a TCP connection of"
        " its own. With tcp there is no fallback ping, which would be the same once more, and members"
        " without tcp understand nothing.",
        products=(("mimir-3", TCP),),
    ),
    Setting(
        "packet_dial_timeout",
        TIMEOUT,
        2.0,
        "With packet_transport tcp: how long dialling for a packet may take.",
        products=(("mimir-3", 0.5),),
    ),
    Setting(
        "packet_write_timeout",
        TIMEOUT,
        5.0,
        "With packet_transport tcp: how long writing a packet may take once it is connected.",
        products=(("mimir-3", 0.5),),
    ),
    Setting(
        "max_concurrent_writes",
        KEPT,
        3,
        "With packet_transport tcp: packets that a member writes at a time.",
        unit="packets",
        products=(("mimir-3", 5),),
    ),
    Setting(
        "acquire_writer_timeout",
        DURATION,
        0.25,
        "With packet_transport tcp: how long a packet waits while as many as may be are being written; then"
        " it is dropped.",
        products=(("mimir-3", 1.0),),
    ),
    Setting(
        "dead_node_reclaim_time",
        DURATION,
        0.0,
        "After so long a dead member's name may come back from another address; 0s is never.",
        needs="reclaims_names",
    ),
    Setting(
        "cidrs_allowed",
        NETWORKS,
        None,
        "Networks that members may have addresses in (CIDRsAllowed); not given, or none, is all.",
        field="",
        needs="allow_list",
    ),
    Setting(
        "memberlist_queue_check_interval",
        INTERVAL,
        30.0,
        "Time between two reports of memberlist's queue length as a metric (QueueCheckInterval).",
        modelled=NOT_MODELLED,
        instead="memberlist's queues are looked at with queue_check_interval",
    ),
    Setting(
        "encryption_overhead",
        Kind("size", 0, 1024),
        0,
        "Bytes that encryption adds to each datagram of a member without keys: as if all had the same.",
    ),
    Setting(
        "queue_ids",
        Kind("choice", options=(RESTART, CONTINUE)),
        RESTART,
        "Numbering of queued broadcasts once a queue is empty. memberlist restarts it, and may lose a"
        " broadcast to another of its number; continue is the fix of hashicorp/memberlist#263, which"
        " Grafana's fork has.",
        needs="longest_first",
        since=((GRAFANA, CONTINUE), (AFTER_GRAFANA, RESTART)),
    ),
    Setting(
        "regossip_accusations",
        SWITCH,
        False,
        "The fix of hashicorp/memberlist#345: a member that holds another for dead answers an older alive"
        " message by gossiping the death again, and passes on suspect and dead messages about members that"
        " it does not know.",
    ),
    Setting(
        "monotone_incarnation",
        SWITCH,
        False,
        "The fix of al8n/memberlist#197: a suspect or dead message that changes no state raises the stored"
        " incarnation all the same, so that no older alive message revives the dead.",
    ),
    Setting(
        "incarnation_limit",
        Kind("count", 0, LARGEST_U32, optional=True),
        None,
        "The fix offered as hashicorp/memberlist#359: alive, suspect and dead messages with a higher"
        " incarnation are ignored; not given, none is.",
    ),
    Setting(
        "nack_at",
        Kind("number", 0.0, 1.0, above=True),
        1.0,
        "When a helper sends its nack, as a share of its probe_timeout. memberlist's 1 is too late to count"
        " at the LAN defaults; Lifeguard's paper has 0.8.",
        needs="nacks",
    ),
    Setting(
        "max_push_pull_requests",
        KEPT,
        128,
        "Inbound push/pulls at a time, a constant in memberlist; the one that reaches it is closed"
        " unanswered.",
        unit="requests",
    ),
)


class MemberlistConfig:
    """Settings of one node, with the defaults of a profile ("lan", "wan" or "local") and a release.

    Durations are seconds, sizes bytes. Built once, then only read by the machines.
    """

    def __init__(self, features: ReleaseFeatures | None = None, profile: str = "lan") -> None:
        self.features = ReleaseFeatures() if features is None else features
        default = Defaults(MEMBERLIST_SETTINGS, profile, self.features.release)
        self.protocol_version: i64 = default.count("protocol_version")
        self.tcp_timeout: float = default.seconds("tcp_timeout")
        self.indirect_checks: i64 = default.count("indirect_checks")
        self.retransmit_mult: i64 = default.count("retransmit_mult")
        self.suspicion_mult: i64 = default.count("suspicion_mult")
        self.suspicion_max_timeout_mult: i64 = default.count("suspicion_max_timeout_mult")
        self.push_pull_interval: float = default.seconds("push_pull_interval")
        self.push_pull_nodes: i64 = default.count("push_pull_nodes")  # -1: not given
        self.zone_aware_routing: bool = default.switch("zone_aware_routing")
        self.zone_failover: bool = default.switch("zone_failover")
        self.probe_timeout: float = default.seconds("probe_timeout")
        self.probe_interval: float = default.seconds("probe_interval")
        self.disable_tcp_pings: bool = default.switch("disable_tcp_pings")
        self.awareness_max_multiplier: i64 = default.count("awareness_max_multiplier")
        self.lha_probe: bool = default.switch("lha_probe")
        self.lha_suspicion: bool = default.switch("lha_suspicion")
        self.buddy: bool = default.switch("buddy")
        self.scale_probe_timeout: bool = default.switch("scale_probe_timeout")
        self.paper_health_score: bool = default.switch("paper_health_score")
        self.suspicion_confirmations: i64 = default.count("suspicion_confirmations")  # -1: not given
        self.gossip_nodes: i64 = default.count("gossip_nodes")
        self.gossip_interval: float = default.seconds("gossip_interval")
        self.gossip_to_the_dead_time: float = default.seconds("gossip_to_the_dead_time")
        self.gossip_verify_incoming: bool = default.switch("gossip_verify_incoming")
        self.gossip_verify_outgoing: bool = default.switch("gossip_verify_outgoing")
        self.skip_inbound_label_check: bool = default.switch("skip_inbound_label_check")
        self.enable_compression: bool = default.switch("enable_compression")
        self.handoff_queue_depth: i64 = default.count("handoff_queue_depth")
        self.udp_buffer_size: i64 = default.count("udp_buffer_size")
        self.packet_transport: str = default.text("packet_transport")
        self.packet_dial_timeout: float = default.seconds("packet_dial_timeout")
        self.packet_write_timeout: float = default.seconds("packet_write_timeout")
        self.max_concurrent_writes: i64 = default.count("max_concurrent_writes")
        self.acquire_writer_timeout: float = default.seconds("acquire_writer_timeout")
        self.dead_node_reclaim_time: float = default.seconds("dead_node_reclaim_time")
        # Networks of IPv4 that cidrs_allowed has, each as (mask, address), 32 bits; None is all.
        self.allowed_networks: list[tuple[int, int]] | None = None
        self.encryption_overhead: i64 = default.count("encryption_overhead")
        self.queue_ids: str = default.text("queue_ids")
        self.regossip_accusations: bool = default.switch("regossip_accusations")
        self.monotone_incarnation: bool = default.switch("monotone_incarnation")
        self.incarnation_limit: i64 = default.count("incarnation_limit")  # NO_LIMIT: not given
        self.nack_at: float = default.number("nack_at")
        self.max_push_pull_requests: i64 = default.count("max_push_pull_requests")
