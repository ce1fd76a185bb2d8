"""A member's settings as the machines take them."""

from __future__ import annotations

import ipaddress

from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.serf.config import SerfConfig
from serfsim.protocol.versions import Mechanisms
from serfsim.protocol.vivaldi.config import CoordinateConfig
from serfsim.scenario.settings import AGENT_FLOOR, Settings

# Hosts have the addresses 10.0.0.1, 10.0.0.2 ... in the order of their numbers.
FIRST_ADDRESS = int(ipaddress.IPv4Address("10.0.0.1"))


def address_of(host: int) -> str:
    """The simulated IPv4 address of a host."""
    return str(ipaddress.IPv4Address(FIRST_ADDRESS + host))


def memberlist_config(settings: Settings, hosts: int, can: Mechanisms) -> MemberlistConfig:
    config = MemberlistConfig(can)
    _copy(settings, config, except_for=("protocol_version",))
    config.protocol_version = settings.memberlist_protocol_version
    if settings.cidrs_allowed:
        networks = [ipaddress.ip_network(text, strict=False) for text in settings.cidrs_allowed]
        addresses = [ipaddress.ip_address(FIRST_ADDRESS + host) for host in range(hosts)]
        config.allowed_addresses = {
            host: True for host, address in enumerate(addresses) if any(address in net for net in networks)
        }
    return config


def serf_config(settings: Settings, can: Mechanisms) -> SerfConfig:
    config = SerfConfig(can)
    _copy(settings, config)
    # The agent says so, and goes on with a second.
    config.broadcast_timeout = max(config.broadcast_timeout, AGENT_FLOOR)
    config.retry_interval = max(config.retry_interval, AGENT_FLOOR)
    return config


def coordinate_config(settings: Settings, can: Mechanisms) -> CoordinateConfig:
    config = CoordinateConfig()
    _copy(settings, config)
    config.checks = can.checks_coordinates
    return config


def _copy(settings: Settings, config: object, except_for: tuple[str, ...] = ()) -> None:
    """Every setting that the machine's configuration has under the same name; None keeps its default."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is not None and name not in except_for and hasattr(config, name):
            setattr(config, name, value)
