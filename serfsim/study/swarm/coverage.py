"""The coverage table: what the scenarios exercised, how often, and what they cannot reach.

Everything that can be exercised is listed from where it is defined: verbs from their folders, releases and
messages from their tables, rows from the TRANSITIONS of the machines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pandas as pd

from serfsim.protocol.rules import MEMBERLIST_RELEASES, SERF_RELEASES
from serfsim.protocol.versions import PRODUCTS, layers_of
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.workload import WORKLOAD
from serfsim.simulation.recorder import BROADCASTS, CARRIERS, LEADING, SERF, STREAMS
from serfsim.study.swarm.reasons import UNREACHED
from serfsim.study.swarm.rows import row_names

if TYPE_CHECKING:
    from serfsim.study.swarm.swarming import Seed

COLUMNS: Final = ["kind", "name", "count", "seeds", "reason"]

DATAGRAMS: Final = (*LEADING.values(), *BROADCASTS.values(), *SERF.values(), *CARRIERS.values())
MESSAGES: Final = (
    *(f"udp/{name}" for name in DATAGRAMS),
    *dict.fromkeys(f"tcp/{name}" for name in (*STREAMS.values(), *DATAGRAMS)),
)
"""Messages by transport; all of those over TCP but streams need `packet_transport: tcp`."""

Coverage = Mapping[str, Mapping[str, int]]


class Missing(NamedTuple):
    """Something that was never exercised, though nothing says why."""

    kind: str
    name: str


def reachable() -> dict[str, list[str]]:
    """Return everything that the table has a row for: {kind: names}."""
    return {
        "fault": list(FAULTS),
        "workload": list(WORKLOAD),
        "serf": list(SERF_RELEASES),
        "memberlist": list(MEMBERLIST_RELEASES),
        "product": list(PRODUCTS),
        "message": list(MESSAGES),
        "row": row_names(),
    }


def coverage_table(runs: Iterable[Coverage]) -> pd.DataFrame:
    """Return a row for each of `reachable`: kind, name, count, seeds that have it, reason where none can."""
    counts: Counter[tuple[str, str]] = Counter()
    seeds: Counter[tuple[str, str]] = Counter()
    for run in runs:
        for (kind, name), count in _with_layers(run).items():
            counts[kind, name] += count
            seeds[kind, name] += 1
    rows = [
        (kind, name, counts[kind, name], seeds[kind, name], UNREACHED.get(name, ""))
        for kind, names in reachable().items()
        for name in names
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _with_layers(run: Coverage) -> Counter[tuple[str, str]]:
    """Count what a run exercised, the releases that members ran by layer and product."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, names in run.items():
        for name, count in names.items():
            if kind != "release":
                found[kind, name] += count
                continue
            serf, memberlist = layers_of(name)
            found["serf", serf] += count
            found["memberlist", memberlist] += count
            if name in PRODUCTS:
                found["product", name] += count
    return +found


def missing(table: pd.DataFrame) -> list[Missing]:
    """Return what was never exercised and has no reason."""
    never = table[(table["count"] == 0) & (table["reason"] == "")]
    return [Missing(row.kind, row.name_) for row in never.rename(columns={"name": "name_"}).itertuples()]


def seed_table(seeds: Iterable[Seed]) -> pd.DataFrame:
    """Return a row for each seed: seed, nodes, failures, known, text, cpu_s, digest."""
    rows: list[dict[str, Any]] = [
        {
            "seed": one.seed,
            "nodes": one.nodes,
            "failures": "; ".join(dict.fromkeys(found.rule for found in one.failures)),
            "known": "; ".join(dict.fromkeys(found.known for found in one.findings if found.known)),
            "text": one.failures[0].text if one.failures else "",
            "cpu_s": one.cpu_s,
            "digest": one.digest,
        }
        for one in seeds
    ]
    return pd.DataFrame(rows, columns=["seed", "nodes", "failures", "known", "text", "cpu_s", "digest"])
