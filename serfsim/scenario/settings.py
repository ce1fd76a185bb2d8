"""Every setting of memberlist, of Serf and of its coordinates, by its own name in snake_case.

The defaults written here are the LAN profile as the Serf agent runs it; `PROFILES` holds what WAN
and Local change, `release_settings` what differs from release to release. A file names only what it
changes; `Settings` of a cluster are always complete, and `model_fields_set` says which the user gave.
Groups and nodes carry an `Overrides`: a mapping of just the settings that they change.

Where memberlist and Serf use one name for two things, Serf keeps it and memberlist's has a prefix
(`protocol_version`, `memberlist_protocol_version`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from serfsim.protocol.versions import BASELINE, Mechanisms
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import (
    LONGEST_S,
    Count,
    Duration,
    Number,
    Positive,
    PositiveDuration,
    Size,
    Switch,
    duration_between,
    write_duration,
)


def _read_networks(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise invalid("a list of networks such as ['10.0.0.0/8']", value)
    for position, network in enumerate(value):
        try:
            # As Go reads it: the length must be given, bits beyond it do not matter.
            if not isinstance(network, str) or "/" not in network:
                raise ValueError
            ipaddress.ip_network(network.strip(), strict=False)
        except ValueError:
            raise invalid("a network such as '10.0.0.0/8'", network, inside=(position,)) from None
    return tuple(network.strip() for network in value)


Networks = Annotated[tuple[str, ...] | None, BeforeValidator(_read_networks)]
Profile = Literal["lan", "wan", "local"]
Port = Annotated[Count, Field(le=65535)]

# What a setting may be. The bounds are far from what anybody uses: beyond them a run would have no end, or
# no machine would hold it.
SHORTEST_INTERVAL, LONGEST_INTERVAL = 100e-6, LONGEST_S
AGENT_FLOOR = 1.0  # seconds: what the agent takes broadcast_timeout and retry_interval for at least
MOST_KEPT = 1_000_000  # entries of a buffer or a queue
LARGEST_DATAGRAM = 65_507  # bytes of UDP over IPv4
Interval = Annotated[
    float, duration_between(SHORTEST_INTERVAL, LONGEST_INTERVAL), PlainSerializer(write_duration)
]
IntervalOrNone = Annotated[
    float, duration_between(SHORTEST_INTERVAL, LONGEST_INTERVAL, zero=True), PlainSerializer(write_duration)
]
Timeout = Annotated[float, duration_between(1e-6, LONGEST_INTERVAL), PlainSerializer(write_duration)]
Multiplier = Annotated[Positive, Field(le=1000)]
Constant = Annotated[Number, Field(gt=0, le=1e6)]


class Settings(Part):
    """A complete set. Durations are seconds, sizes bytes."""

    # memberlist (spec memberlist.md section 13)
    bind_port: Port = 7946
    advertise_port: Port = 7946
    memberlist_protocol_version: Annotated[Positive, Field(le=255)] = 2
    tcp_timeout: Timeout = 10.0
    """Deadline of a TCP exchange, and how long dialling may take."""
    indirect_checks: Annotated[Count, Field(le=1000)] = 3
    """Members asked to probe a silent one."""
    retransmit_mult: Multiplier = 4
    """A broadcast is sent retransmit_mult * ceil(log10(n + 1)) times."""
    suspicion_mult: Multiplier = 4
    """Least suspicion is suspicion_mult * log10(n) * probe_interval."""
    suspicion_max_timeout_mult: Multiplier = 6
    """Most suspicion, as a multiple of the least."""
    push_pull_interval: IntervalOrNone = 30.0
    """Between full exchanges of state over TCP; 0s turns them off."""
    probe_timeout: Timeout = 0.5
    """How long a direct ack may take."""
    probe_interval: IntervalOrNone = 1.0
    """Between probes, and the length of a round; 0s turns probing off."""
    disable_tcp_pings: Switch = False
    """True: no TCP probe beside the indirect ones."""
    awareness_max_multiplier: Multiplier = 8
    """The health score runs from 0 to one less."""
    lha_probe: Switch = True
    """Lifeguard's first part: a health score that stretches the rounds, and nacks. From Serf 0.8 on."""
    lha_suspicion: Switch = True
    """Its second: suspicions that last longer and that confirmations shorten. From Serf 0.8 on."""
    buddy: Switch = True
    """Its third: a suspect is told with the ping. From Serf 0.8 on."""
    scale_probe_timeout: Switch = False
    """As in Lifeguard's paper, not in memberlist: the health score stretches probe_timeout too."""
    paper_health_score: Switch = False
    """As in the paper: a failed probe costs 1, and 1 more if a nack is missing."""
    suspicion_confirmations: Annotated[Count, Field(le=1000)] | None = None
    """How many confirmations end a suspicion at its least (the paper's K, 3); else suspicion_mult - 2."""
    gossip_nodes: Annotated[Count, Field(le=1000)] = 3
    """Members that one gossip tick reaches; 0 turns gossip off."""
    gossip_interval: IntervalOrNone = 0.2
    gossip_to_the_dead_time: Duration = 30.0
    """How long the dead are gossiped to, so that they may refute; then they are forgotten."""
    gossip_verify_incoming: Switch = True
    gossip_verify_outgoing: Switch = True
    enable_compression: Switch = True
    handoff_queue_depth: Annotated[Positive, Field(le=MOST_KEPT)] = 1024
    """Messages that may wait for the worker; more are dropped."""
    udp_buffer_size: Annotated[Size, Field(ge=64, le=LARGEST_DATAGRAM)] = 1400
    """Largest datagram that gossip fills."""
    dead_node_reclaim_time: Duration = 0.0
    """After so long a dead member's name may come back from another address; 0s is never."""
    cidrs_allowed: Networks = None
    """Networks that members may have addresses in; not given, or none, is all."""
    memberlist_queue_check_interval: Interval = 30.0
    encryption_overhead: Annotated[Size, Field(le=1024)] = 0
    """Bytes that encryption adds to a datagram: 29 with a keyring."""
    max_push_pull_requests: Annotated[Positive, Field(le=MOST_KEPT)] = 128
    """Inbound exchanges of state at a time."""

    # Serf (spec serf.md section 16); the agent's defaults
    broadcast_timeout: Timeout = 5.0
    """At least a second: what is less the agent raises. So with `retry_interval`."""
    leave_propagate_delay: Duration = 1.0
    event_buffer: Annotated[Positive, Field(le=MOST_KEPT)] = 512
    query_buffer: Annotated[Positive, Field(le=MOST_KEPT)] = 512
    protocol_version: Annotated[Positive, Field(le=255)] = 5
    reap_interval: Interval = 15.0
    recent_intent_timeout: PositiveDuration = 300.0
    reconnect_interval: Interval = 30.0
    """Between attempts to reach a failed member again."""
    reconnect_timeout: PositiveDuration = 86400.0
    tombstone_timeout: PositiveDuration = 86400.0
    flap_timeout: Duration = 60.0
    queue_check_interval: Interval = 30.0
    queue_depth_warning: Annotated[Count, Field(le=MOST_KEPT)] = 128
    max_queue_depth: Annotated[Count, Field(le=MOST_KEPT)] = 4096
    min_queue_depth: Annotated[Count, Field(le=MOST_KEPT)] = 0
    query_timeout_mult: Annotated[Positive, Field(le=10_000)] = 16
    query_response_size_limit: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = 1024
    query_size_limit: Annotated[Size, Field(le=LARGEST_DATAGRAM)] = 1024
    user_event_size_limit: Annotated[Size, Field(le=9216)] = 512
    enable_name_conflict_resolution: Switch = True
    disable_coordinates: Switch = False
    """Serf's own setting, which the agent of 0.9.4 does not take over from its configuration file."""
    validate_node_names: Switch = False
    snapshot: Switch = False
    """Keep a file from which a restarted member joins the others again and goes on in its clocks."""
    rejoin_after_leave: Switch = False
    """With a snapshot: join the others again even after a leave."""
    replay_on_join: Switch = False
    """Have a join bring the user events of before, too."""
    coalesce_period: Duration = 3.0
    quiescent_period: Duration = 1.0
    user_coalesce_period: Duration = 3.0
    user_quiescent_period: Duration = 1.0
    leave_continues: Switch = False
    """A leave that could not be told in time goes on all the same, as it does from Serf 0.9.7 on."""
    leave_on_terminate: Switch = False
    skip_leave_on_interrupt: Switch = False
    retry_interval: Interval = 30.0
    retry_join: Switch = True
    """A join that reaches nobody is tried again. Without it, the agent's plain `-join`, its process ends."""
    rpc_addr: str = "127.0.0.1:7373"

    # Vivaldi (spec coordinate.md section 1)
    dimensionality: Annotated[Positive, Field(le=64)] = 8
    vivaldi_error_max: Constant = 1.5
    vivaldi_ce: Constant = 0.25
    vivaldi_cc: Constant = 0.25
    adjustment_window_size: Annotated[Count, Field(le=10_000)] = 20
    height_min: Annotated[float, duration_between(1e-9, 10.0), PlainSerializer(write_duration)] = 10e-6
    latency_filter_size: Annotated[Positive, Field(le=10_000)] = 3
    gravity_rho: Annotated[Number, Field(gt=0)] = 150.0
    zero_threshold: Constant = 1e-6
    """Seconds (and dimensionless for errors): less counts as nothing."""
    max_rtt: Timeout = 10.0
    """A longer round trip is refused."""


BY_RELEASE: Final = (
    "lha_probe",
    "lha_suspicion",
    "buddy",
    "protocol_version",
    "leave_propagate_delay",
    "queue_check_interval",
    "leave_continues",
)
"""Settings whose defaults differ between releases; suspicion_mult does so too, in the LAN profile."""

PROFILES: Final[Mapping[str, Mapping[str, Any]]] = {
    "lan": {},
    "wan": {
        "tcp_timeout": 30.0,
        "suspicion_mult": 6,
        "push_pull_interval": 60.0,
        "probe_timeout": 3.0,
        "probe_interval": 5.0,
        "gossip_nodes": 4,
        "gossip_interval": 0.5,
        "gossip_to_the_dead_time": 60.0,
    },
    "local": {
        "tcp_timeout": 1.0,
        "indirect_checks": 1,
        "retransmit_mult": 2,
        "suspicion_mult": 3,
        "push_pull_interval": 15.0,
        "probe_timeout": 0.2,
        "gossip_interval": 0.1,
        "gossip_to_the_dead_time": 15.0,
    },
}


@cache
def release_settings(profile: str, version: str) -> Mapping[str, Any]:
    """The settings whose defaults differ between releases, as one release has them."""
    can = Mechanisms(version)
    values: dict[str, Any] = {name: getattr(can, name) for name in BY_RELEASE}
    if profile == "lan":
        values["suspicion_mult"] = can.lan_suspicion_mult
    return values


def complete(profile: str, given: Settings, version: str = BASELINE) -> Settings:
    """Those of profile and release with those that were given; these alone are in `model_fields_set`."""
    values = {name: field.default for name, field in Settings.model_fields.items()}
    values.update(PROFILES[profile])
    values.update(release_settings(profile, version))
    values.update(chosen(given))
    return Settings.model_construct(_fields_set=set(given.model_fields_set), **values)


def overridden(base: Settings, overrides: Mapping[str, Any]) -> Settings:
    """`base` with some settings changed; `base` itself where there are none."""
    return base.model_copy(update=dict(overrides)) if overrides else base


def chosen(settings: Settings) -> dict[str, Any]:
    """Only what was given, by name, in the order of the class."""
    given = settings.model_fields_set
    return {name: getattr(settings, name) for name in Settings.model_fields if name in given}


def _read_overrides(value: Any) -> dict[str, Any]:
    settings = value if isinstance(value, Settings) else Settings.model_validate(value)
    return chosen(settings)


def _write_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    settings = Settings.model_construct(_fields_set=set(overrides), **overrides)
    written: dict[str, Any] = settings.model_dump(mode="json", include=set(overrides))
    return written


Overrides = Annotated[Any, BeforeValidator(_read_overrides), PlainSerializer(_write_overrides)]
"""Mapping of setting to value (seconds, bytes), only those that were given."""
