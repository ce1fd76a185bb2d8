"""From what a scenario says about its topology to a `Topology`.

A description is anything with a `model` and that model's parameters, as attributes or as keys;
durations are seconds. What is missing or None takes the default of the model's own function.

| model | parameters |
|---|---|
| plane | size, height (low, high), rtt (low, high) |
| line | spacing |
| grid | spacing, side |
| split | lan, wan |
| circle | radius |
| random | mean, sd |
| drift | side |
| matrix | file, unit, kind, missing, format, key, slice, slice_every, place, access (low, high) |
| graph | one of file, edges [(a, b, seconds)] and graph (networkx); weight, unit, kind, directed, |
|  | format, place, access |
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serfsim.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import serf_models
from serfsim.topology.matrix import load_matrix, matrix_topology
from serfsim.topology.plane import plane
from serfsim.topology.topology import Topology

Builder = Callable[[Any, Sequence[str], Random, Path], Topology]


def build_topology(
    spec: object, n: int, rng: Random, names: Sequence[str], base_folder: Path | str
) -> Topology:
    """The topology that `spec` describes, for the n nodes `names`; None describes a plane.

    `rng` is the topology's own stream. File names are relative to `base_folder`. ScenarioError for a
    model or file that cannot be used.
    """
    if len(names) != n:
        raise ValueError("a topology needs a name for every node")
    model = str(_get(spec, "model") or "plane")
    if model not in BUILDERS:
        near = difflib.get_close_matches(model, BUILDERS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ScenarioError(f"topology.model: found '{model}'; expected {', '.join(BUILDERS)}{meant}")
    return BUILDERS[model](spec, names, rng, Path(base_folder))


def _get(spec: object, name: str) -> Any:
    if isinstance(spec, Mapping):
        return spec.get(name)
    return getattr(spec, name, None)


def _given(spec: object, *names: str) -> dict[str, Any]:
    """The parameters that were given, as keyword arguments."""
    return {name: value for name in names if (value := _get(spec, name)) is not None}


def _access(spec: object) -> dict[str, Any]:
    """`place` and `access`; a single access latency is both ends of its range."""
    given = _given(spec, "place", "access")
    if isinstance(given.get("access"), (int, float)):
        given["access"] = (float(given["access"]), float(given["access"]))
    return given


def _plane(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return plane(len(names), rng, **_given(spec, "size", "height", "rtt"))


def _line(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.line(len(names), **_given(spec, "spacing"))


def _grid(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.grid(len(names), **_given(spec, "spacing", "side"))


def _split(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.split(len(names), **_given(spec, "lan", "wan"))


def _circle(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.circle(len(names), **_given(spec, "radius"))


def _random(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.random(len(names), rng, **_given(spec, "mean", "sd"))


def _drift(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    return serf_models.drift(len(names), **_given(spec, "side"))


def _matrix(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    file = _get(spec, "file")
    if file is None:
        raise ScenarioError("topology.file: found nothing; expected the file of the matrix")
    measured = load_matrix(folder / file, **_given(spec, "unit", "kind", "missing", "format", "key"))
    return matrix_topology(measured, names, rng, **_given(spec, "slice", "slice_every"), **_access(spec))


def _graph(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    # networkx takes a moment to import, and most runs have no graph.
    import networkx as nx

    from serfsim.topology.graph import graph_topology, load_graph

    attribute = str(_get(spec, "weight") or _get(spec, "attribute") or "latency")
    given = {**_given(spec, "unit", "kind"), **_access(spec), "attribute": attribute}
    file, edges = _get(spec, "file"), _get(spec, "edges")
    directed = bool(_get(spec, "directed"))
    if file is not None:
        graph = load_graph(folder / file, _get(spec, "format"), attribute, directed)
        given["source"] = str(folder / file)
    elif edges is not None:
        graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
        for tail, head, seconds in edges:
            graph.add_edge(tail, head, **{attribute: seconds})
        given["unit"] = "s"
    elif _get(spec, "graph") is not None:
        graph = _get(spec, "graph")
    else:
        raise ScenarioError("topology: found a graph of nothing; expected one of file, edges and graph")
    return graph_topology(graph, names, rng, **given)


BUILDERS: dict[str, Builder] = {
    "plane": _plane,
    "line": _line,
    "grid": _grid,
    "split": _split,
    "circle": _circle,
    "random": _random,
    "drift": _drift,
    "matrix": _matrix,
    "graph": _graph,
}
