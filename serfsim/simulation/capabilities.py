"""What a scenario may say that this version cannot run yet: refused before the run, never ignored."""

from __future__ import annotations

from serfsim.errors import ScenarioError
from serfsim.scenario.model import Scenario
from serfsim.scenario.roster import Roster

SIMULATED = ("0.9", "latest")  # releases whose mechanisms run


def refuse_what_cannot_run(scenario: Scenario, roster: Roster) -> None:
    """Raises ScenarioError, one line, for the first part that would have no effect."""
    for member in roster.members:
        if member.version not in SIMULATED:
            raise ScenarioError(
                f"version: found '{member.version}' for {member.name}; expected {' or '.join(SIMULATED)}:"
                " the mechanisms of other releases are not simulated by this version of serfsim"
            )
    if scenario.record.packets == "pcap":
        raise ScenarioError(
            "record.packets: found 'pcap'; expected counts or none:"
            " captures are not written by this version of serfsim"
        )
