"""What a scenario may say that this version cannot run yet: refused before the run, never ignored."""

from __future__ import annotations

from serfsim.errors import ScenarioError
from serfsim.scenario.model import Scenario


def refuse_what_cannot_run(scenario: Scenario) -> None:
    """Raises ScenarioError, one line, for the first part that would have no effect."""
    if scenario.record.packets == "pcap":
        raise ScenarioError(
            "record.packets: found 'pcap'; expected counts or none:"
            " captures are not written by this version of serfsim"
        )
