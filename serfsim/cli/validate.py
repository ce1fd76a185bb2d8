"""`serfsim validate FILE...`: check scenarios without running them."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.english import printable
from serfsim.base.errors import SerfsimError
from serfsim.cli import codes
from serfsim.cli.allow import AllowCode, AllowLarge
from serfsim.scenario.checks import warnings
from serfsim.scenario.estimate import refuse_large
from serfsim.scenario.loading import load
from serfsim.scenario.model import Scenario
from serfsim.scenario.places import node_names
from serfsim.scenario.topologies import Measured
from serfsim.scenario.units import write_duration


def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario files.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a value of the files; may be repeated."),
    ] = None,
    allow_large: AllowLarge = False,
    allow_code: AllowCode = False,
) -> None:
    """Check scenario files and the latency files they name, without running anything."""
    bad = False
    for file in files:
        try:
            scenario = load(file, settings or (), allow_code=allow_code)
            refuse_large(scenario, file, allowed=allow_large)
            _read_measurements(scenario)
        except SerfsimError as error:
            typer.echo(printable(str(error), keep="\n"), err=True)
            bad = True
            continue
        for warning in warnings(scenario):
            typer.echo(f"{file}: warning: {warning}", err=True)
        typer.echo(f"{file}: {_describe(scenario)}")
    if bad:
        raise typer.Exit(codes.BAD_INPUT)


def _read_measurements(scenario: Scenario) -> None:
    """Build the topology if it comes from a file, to find errors in that file."""
    topology = scenario.network.topology
    if isinstance(topology, Measured):
        # start-up: the help works without it
        from serfsim.simulation.build import topology_of

        topology_of(scenario, scenario.roster(), scenario.seed)


def _warm_up(warm_up: float | str) -> str:
    return "the cluster has settled" if isinstance(warm_up, str) else f"{write_duration(warm_up)} of warm-up"


def _describe(scenario: Scenario) -> str:
    names = node_names(scenario.cluster.nodes)
    parts = [
        _count(len(names), "node"),
        f"{write_duration(scenario.duration)} after {_warm_up(scenario.warm_up)}",
        _count(len(scenario.faults), "fault"),
        _count(len(scenario.workload), "workload entry", "workload entries"),
        _count(len(scenario.claims), "claim"),
    ]
    return f"fine ({', '.join(part for part in parts if not part.startswith('0 '))})"


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
