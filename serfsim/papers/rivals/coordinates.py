"""Coordinate systems on Serf's probes: cells, runs and table of the comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, Table, values_of

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT: Final = "coordinates"  # in place of a situation
MEMBERS: Final = 64
WARM_S: Final = 10.0
END_S: Final = 600.0  # ten probes of each member by each other
SYSTEMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Serf's Vivaldi": {},
    "Vivaldi, 2-D with height": {"coordinates": "vivaldi"},
    "Vivaldi, 2-D": {"coordinates": "vivaldi", "coordinate_settings": {"height": False}},
    "Vivaldi, 3-D": {
        "coordinates": "vivaldi",
        "coordinate_settings": {"dimensions": 3, "height": False},
    },
    "Pharos": {"coordinates": "pharos"},
    "DMFSGD": {"coordinates": "dmfsgd"},
    "last round trip": {"coordinates": "measured"},
}
# Figure of a row, where summary.json has it, and the column of the table.
FIGURES: Final = (
    ("error_p50", ("relative_error", "p50"), "median error, %", 100.0),
    ("error_p90", ("relative_error", "p90"), "p90, %", 100.0),
    ("coverage", ("coverage",), "coverage, %", 100.0),
    ("nearest", ("nearest_accuracy",), "nearest found, %", 100.0),
    ("drift", ("estimate_drift_ms_per_s",), "drift, ms/s", 1.0),
    ("coordinate_bytes", ("bytes_per_node_s",), "coordinates, B/s", 1.0),
    ("cpu_us", (), "CPU, us/s", 1.0),
)


def coordinate_cells(networks: Sequence[str]) -> list[Cell]:
    """Return a cell for each system on each network."""
    return [
        Cell(network=network, N=MEMBERS, situation=EXPERIMENT, detector=name, setting="default")
        for network in networks
        for name in SYSTEMS
    ]


def coordinate_scenario(cell: Cell, network: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a cell."""
    return Scenario(
        name="rivals",
        cluster={**SYSTEMS[str(cell["detector"])], "nodes": int(cell["N"]), "start": {"converged": True}},
        network=dict(network),
        warm_up=f"{WARM_S:g}s",
        duration=f"{END_S:g}s",
    )


def run_coordinates(cell: Cell, network: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Run a cell once: FIGURES of all pairs, by what each observer expects at the end."""
    summary = Simulation(coordinate_scenario(cell, network), seed).run_whole().summary
    found = {"cpu_us": 1e6 * float(summary["cpu_s"]) / (int(cell["N"]) * (WARM_S + END_S))}
    for figure, place, _, scale in FIGURES:
        if place:
            value = summary[EXPERIMENT]
            for key in place:
                value = value[key]
            found[figure] = math.nan if value is None else scale * float(value)
    return found


def coordinate_tables(rows: pd.DataFrame, text: Any) -> list[Table]:
    """Return a table for each network that was run; `text` formats values with their interval."""
    chosen = rows[rows["situation"] == EXPERIMENT]
    found = []
    columns = ("system", *(words for *_, words, _ in FIGURES), "runs")
    # All intervals of a table hold together with 95 %.
    confidence = 1.0 - 0.05 / (len(SYSTEMS) * len(FIGURES))
    for network in chosen["network"].unique():
        lines = []
        for name in SYSTEMS:
            values = [values_of(chosen, figure, network=network, detector=name) for figure, *_ in FIGURES]
            if any(len(one) for one in values):
                cells = (text(one, confidence) for one in values)
                lines.append((name, *cells, str(len(values[0]))))
        found.append(Table(f"Coordinates: {network}, {MEMBERS} members", columns, lines))
    return found
