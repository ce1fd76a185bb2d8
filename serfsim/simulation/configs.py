"""A member's settings as configurations of the machines."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from serfsim.protocol.memberlist.config import MEMBERLIST_SETTINGS, MemberlistConfig
from serfsim.protocol.serf.config import AGENT_SETTINGS, SERF_SETTINGS, SerfConfig
from serfsim.protocol.settings import Setting
from serfsim.protocol.versions import ReleaseFeatures
from serfsim.protocol.vivaldi.config import COORDINATE_SETTINGS, CoordinateConfig
from serfsim.scenario.settings import Settings


def memberlist_config(settings: Settings, features: ReleaseFeatures) -> MemberlistConfig:
    config = MemberlistConfig(features)
    _copy(MEMBERLIST_SETTINGS, settings, config)
    if settings.cidrs_allowed:
        networks = [ipaddress.ip_network(text, strict=False) for text in settings.cidrs_allowed]
        config.allowed_networks = [
            (int(network.netmask), int(network.network_address))
            for network in networks
            if network.version == 4
        ]
    return config


def serf_config(settings: Settings, features: ReleaseFeatures) -> SerfConfig:
    config = SerfConfig(features)
    _copy((*SERF_SETTINGS, *AGENT_SETTINGS), settings, config)
    return config


def coordinate_config(
    settings: Settings, features: ReleaseFeatures, own: Mapping[str, float], members: int
) -> CoordinateConfig:
    """`own`: settings of the system in the place of Serf's, which runs among so many members."""
    config = CoordinateConfig()
    _copy(COORDINATE_SETTINGS, settings, config)
    config.checks = features.checks_coordinates
    config.own = dict(own)
    config.members = members
    return config


def _copy(rows: Iterable[Setting], settings: Settings, config: object) -> None:
    """Copy the scenario's values to the configuration; None keeps the machines' default."""
    for row in rows:
        value = getattr(settings, row.name)
        if row.attribute and value is not None:
            setattr(config, row.attribute, max(value, row.floor) if row.floor else value)
