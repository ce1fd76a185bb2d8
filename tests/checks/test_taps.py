"""Taps stand in for what they watch in every respect."""

from __future__ import annotations

import pytest

from serfsim.checks.online.taps import CaptureTap, JournalTap, MachineTap
from serfsim.network.capture import Capture
from serfsim.network.journal import Journal
from serfsim.protocol.runtime import Machine


@pytest.mark.parametrize(
    ("tap", "interface"), [(MachineTap, Machine), (JournalTap, Journal), (CaptureTap, Capture)]
)
def test_a_tap_hands_on_every_method_of_its_interface(tap: type, interface: type) -> None:
    methods = {name for name, value in vars(interface).items() if name[0] != "_" and callable(value)}
    assert methods
    assert methods <= set(vars(tap))
