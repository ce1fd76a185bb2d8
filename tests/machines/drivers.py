"""All drivers and all machines, in the order of the page."""

from __future__ import annotations

from types import ModuleType

from serfsim.live.rpc import session
from tests.machines.driving import Driver
from tests.machines.memberlist_drivers import MemberDriver, ProbeDriver
from tests.machines.network_drivers import HostDriver, ListenerDriver, SegmentDriver, TcpDriver
from tests.machines.serf_drivers import DepartureDriver, EventDriver, QueryDriver, StatusDriver

DRIVERS: tuple[type[Driver], ...] = (
    ProbeDriver,
    MemberDriver,
    StatusDriver,
    DepartureDriver,
    EventDriver,
    QueryDriver,
    HostDriver,
    TcpDriver,
    SegmentDriver,
    ListenerDriver,
)

# The session has its own test, over a transport in memory: tests/rpc/test_session_transitions.py.
MACHINES: tuple[ModuleType, ...] = (*(driver.module for driver in DRIVERS), session)
