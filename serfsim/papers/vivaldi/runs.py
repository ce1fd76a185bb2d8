"""The studies: each returns the errors of an embedding against the measured round-trip times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import repeat
from typing import Final

import numpy as np

from serfsim.engine.streams import stream
from serfsim.papers.vivaldi.clients import NS, Cluster, Form, shuffle
from serfsim.papers.vivaldi.data import Flags, Floats, round_trips, typical, violations
from serfsim.papers.vivaldi.grid import PLANETLAB, ROUNDS
from serfsim.papers.vivaldi.least_squares import least_squares
from serfsim.papers.vivaldi.measures import estimates, measure
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, used
from serfsim.topology.embedding import BestEmbeddings, best_embeddings

Rows = Sequence[Sequence[float]]
MS_TO_SERF: Final = math.sqrt(1000.0)
"""The paper's gravity pulls by (|x| / rho)^2 ms, Serf's by (|x| / rho)^2 s."""
WORST: Final = 0.005  # the share of hosts to drop
SLICE_ROUNDS: Final = {"PlanetLab": 30, "Seattle": 3}
CLUSTER_S: Final = 240
SETTLED_ROUNDS: Final = 1000
SMALL_STEPS: Final = 0.02


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return the figures of one cell and seed; `study` of the cell names the function."""
    studies = {
        "forms": forms,
        "static": static,
        "ladder": ladder,
        "filter": filtered,
        "gravity": gravity,
        "left out": left_out,
        "cluster": cluster,
        "violations": triangles,
    }
    return studies[str(cell["study"])](cell, seed)


def forms(cell: Cell, seed: int) -> dict[str, float]:
    """Let clients of one form learn from the median round-trip times of all slices."""
    data = str(cell["data"])
    first = used(cell, "matrix", "median") == "first slice"
    rtt = round_trips(data)[0] if first else typical(data)
    form = Form(
        dimensions=int(cell["dimensions"]),
        height=bool(cell["height"]),
        adjustment=bool(cell["adjustment"]),
        steps=float(used(cell, "steps", "0.25")),
    )
    rounds = int(used(cell, "rounds", str(ROUNDS[data])))
    found = learn(form, rtt, rounds, seed, int(used(cell, "neighbours", "0")))
    return measure(estimates(found.embedding()), rtt)


def learn(
    form: Form, rtt: Floats, rounds: int, seed: int, neighbours: int = 0, may_probe: Flags | None = None
) -> Cluster:
    """Return a cluster after so many rounds over one matrix, in seconds."""
    allowed = np.isfinite(rtt) if may_probe is None else may_probe
    found = Cluster(form, allowed, seed, neighbours)
    found.run(repeat(in_ns(rtt), rounds))
    return found


def in_ns(rtt: Floats) -> Rows:
    """Return rows of nanoseconds, which the clients take."""
    rows: Rows = (rtt * NS).tolist()
    return rows


def static(cell: Cell, seed: int) -> dict[str, float]:
    """Place the hosts as well as possible with every round-trip time known (`topology.embedding`)."""
    data = str(cell["data"])
    best = placements(data, int(cell["dimensions"]))
    return measure(estimates(best.median if cell["best_for"] == "median" else best.mean), typical(data))


@cache
def placements(data: str, dimensions: int) -> BestEmbeddings:
    """Return the best static placements of a set, which take seconds to find."""
    return best_embeddings(typical(data), dimensionality=dimensions)


def ladder(cell: Cell, seed: int) -> dict[str, float]:
    """Let Serf's clients settle, then go on from there: with small steps, or to the least squares."""
    rtt = typical(PLANETLAB)
    found = learn(Form(), rtt, SETTLED_ROUNDS, seed)
    embedding = found.embedding()
    if cell["step"] == "least squares":
        embedding = least_squares(rtt, embedding)
    elif cell["step"] == "small steps":
        for client in found.clients:
            client.config.vivaldi_cc = SMALL_STEPS
        found.run(repeat(in_ns(rtt), SETTLED_ROUNDS // 4))
        embedding = found.embedding()
    return measure(estimates(embedding), rtt)


def filtered(cell: Cell, seed: int) -> dict[str, float]:
    """Play the slices as a stream, behind a median filter of so many samples; judge by the last slice.

    `moved_ms`: the median way that a node's coordinate goes in the rounds of the last slice.
    """
    data = str(cell["data"])
    slices = round_trips(data)
    found = Cluster(Form(latency_filter=int(cell["filter"])), np.isfinite(typical(data)), seed)
    found.run(_play(slices[:-1], SLICE_ROUNDS[data]))
    before = found.embedding()
    found.run(_play(slices[-1:], SLICE_ROUNDS[data]))
    after = found.embedding()
    way = np.linalg.norm(after.vec - before.vec, axis=1)
    return {**measure(estimates(after), slices[-1]), "moved_ms": 1000.0 * float(np.median(way))}


def _play(slices: Floats, rounds: int) -> Iterator[Rows]:
    for one in slices:
        yield from repeat(in_ns(one), rounds)


def gravity(cell: Cell, seed: int) -> dict[str, float]:
    """Play Seattle's slices under gravity, given as the paper's rho in ms, 0 for none.

    `migration_ms`: how far the centroid of all coordinates is from the origin at the end.
    """
    rho = float(cell["rho_ms"]) / 1000.0 * MS_TO_SERF or math.inf
    slices = round_trips("Seattle")
    found = Cluster(replace(Form(), gravity_rho=rho), np.isfinite(typical("Seattle")), seed)
    found.run(_play(slices, SLICE_ROUNDS["Seattle"]))
    embedding = found.embedding()
    migration = float(np.linalg.norm(embedding.vec.mean(axis=0)))
    return {**measure(estimates(embedding), typical("Seattle")), "migration_ms": 1000.0 * migration}


def left_out(cell: Cell, seed: int) -> dict[str, float]:
    """Leave out hosts, or pairs, by their triangle violations, and judge by the same pairs in every cell.

    `worst hosts`: half a per cent of them, those whose pairs are violated most severely; `random hosts`: as
    many at random; `violations`: pairs with a way round that is shorter by a tenth are never probed. Judged
    by the pairs between hosts that the first leaves in.
    """
    rtt = typical(PLANETLAB)
    n = len(rtt)
    shorter = violations(rtt)
    severity = np.nansum(np.maximum(0.0, 1.0 - shorter), axis=1)
    count = round(WORST * n)
    worst = np.argsort(severity)[n - count :]
    may_probe = np.isfinite(rtt)
    without = str(cell["without"])
    if without == "violations":
        may_probe &= ~(shorter < 0.9)
    elif without != "nothing":
        draws = list(range(n))
        shuffle(draws, stream(seed, "vivaldi/left_out"))
        hosts = worst if without == "worst hosts" else np.array(draws[:count])
        may_probe[hosts, :] = may_probe[:, hosts] = False
    found = learn(Form(), rtt, ROUNDS[PLANETLAB], seed, may_probe=may_probe)
    judged = rtt.copy()
    judged[worst, :] = judged[:, worst] = np.nan
    if without == "random hosts":
        judged[~may_probe] = np.nan
    return measure(estimates(found.embedding()), judged)


def cluster(cell: Cell, seed: int) -> dict[str, float]:
    """Run whole agents: a Serf cluster on PlanetLab's latencies, with real probes, acks and gossip."""
    scenario = Scenario(
        name="vivaldi",
        cluster={"nodes": 490, "start": {"converged": True}},
        network={"topology": {"model": "matrix", "data": "planetlab"}},
        warm_up="10s",
        duration=f"{CLUSTER_S}s",
        record={"coordinates": "80s"},
    )
    errors = Simulation(scenario, seed).run_whole().summary["coordinates"]["relative_error"]
    return {"p50": float(errors["p50"]), "p90": float(errors["p90"]), "mean": float(errors["mean"])}


def triangles(cell: Cell, seed: int) -> dict[str, float]:
    """Return the share of pairs that have a shorter way by another host, and by more than a tenth."""
    shorter = violations(typical(str(cell["data"])))
    known = shorter[np.isfinite(shorter)]
    return {"violated": float(np.mean(known < 1.0)), "by_a_tenth": float(np.mean(known < 0.9))}
