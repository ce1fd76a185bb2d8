"""The profiles that memberlist ships (spec memberlist.md section 13)."""

from __future__ import annotations

import pytest

from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.settings import PROFILES

# lan, wan, local
SHIPPED = {
    "tcp_timeout": (10.0, 30.0, 1.0),
    "indirect_checks": (3, 3, 1),
    "retransmit_mult": (4, 4, 2),
    "suspicion_mult": (4, 6, 3),
    "suspicion_max_timeout_mult": (6, 6, 6),
    "push_pull_interval": (30.0, 60.0, 15.0),
    "probe_timeout": (0.5, 3.0, 0.2),
    "probe_interval": (1.0, 5.0, 1.0),
    "awareness_max_multiplier": (8, 8, 8),
    "gossip_nodes": (3, 4, 3),
    "gossip_interval": (0.2, 0.5, 0.1),
    "gossip_to_the_dead_time": (30.0, 60.0, 15.0),
    "handoff_queue_depth": (1024, 1024, 1024),
    "udp_buffer_size": (1400, 1400, 1400),
    "max_push_pull_requests": (128, 128, 128),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_profiles_are_the_librarys(name: str) -> None:
    configs = [MemberlistConfig(profile=profile) for profile in PROFILES]
    assert tuple(getattr(config, name) for config in configs) == SHIPPED[name]
