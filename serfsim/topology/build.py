"""Construction of a `Topology` from a scenario's description.

A description is anything with a `model` and that model's parameters, as attributes or as keys;
durations are seconds. A missing or None parameter takes the default of the model's function.

| model | parameters |
|---|---|
| plane | size, height (low, high), rtt (low, high) |
| line | spacing |
| grid | spacing, side |
| split | lan, wan |
| circle | radius |
| random | mean, sd |
| drift | side |
| datacenter | regions, zones, racks, in_rack, in_zone, between_zones, between_regions, place, access |
| cloud | provider, regions, zones, path_factor, overhead, in_zone, between_zones, place, access |
| backbone | network, path_factor, hop, place, access |
| matrix | one of file and data; unit, kind, missing, format, key, slice, slice_every, place, access |
| graph | one of file, data, edges [(a, b, seconds)], generator and graph (networkx); weight, unit, |
|  | loss, kind, directed, format, part, place, access |

`place` and `access` are those of `places`; `access` is (low, high).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from serfsim.base.english import nearest
from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import serf_models
from serfsim.topology.cloud import cloud
from serfsim.topology.datacenter import datacenter
from serfsim.topology.datasets import DATA_SETS, data_path
from serfsim.topology.matrix import load_matrix, matrix_topology
from serfsim.topology.places import by_node
from serfsim.topology.plane import plane
from serfsim.topology.topology import Topology
from serfsim.topology.units import default_unit

Builder = Callable[[Any, Sequence[str], Random, Path], Topology]


def build_topology(
    spec: object,
    n: int,
    rng: Random,
    names: Sequence[str],
    base_folder: Path | str,
    groups: Sequence[str] | None = None,
) -> Topology:
    """Build the topology that `spec` describes for the n nodes `names`; None describes a plane.

    `rng` is the topology's own stream. File names are relative to `base_folder`. `groups`: the group of each
    node, by which `place` may also name it. Raises ScenarioError for an unusable model or file.
    """
    if len(names) != n:
        raise ValueError("a topology needs a name for every node")
    model = str(_get(spec, "model") or "plane")
    if model not in BUILDERS:
        near = nearest(model, BUILDERS)
        meant = f"; did you mean {near}?" if near else ""
        raise ScenarioError(f"topology.model: found '{model}'; expected {', '.join(BUILDERS)}{meant}")
    place = _get(spec, "place")
    if isinstance(place, Mapping):
        spec = {**_as_dict(spec), "place": by_node(names, groups or [""] * n, place)}
    return BUILDERS[model](spec, names, rng, Path(base_folder))


def _get(spec: object, name: str) -> Any:
    if isinstance(spec, Mapping):
        return spec.get(name)
    return getattr(spec, name, None)


def _as_dict(spec: Any) -> dict[str, Any]:
    """Return all keys of a description; iterating over a pydantic model yields pairs."""
    pairs = spec.items() if isinstance(spec, Mapping) else iter(spec)
    return {name: value for name, value in pairs if value is not None}


def _given(spec: object, *names: str) -> dict[str, Any]:
    """Return the given parameters as keyword arguments."""
    return {name: value for name in names if (value := _get(spec, name)) is not None}


def _access(spec: object) -> dict[str, Any]:
    """Return `place` and `access`; a single access latency is both ends of its range."""
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


def _datacenter(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    sizes = _given(spec, "regions", "zones", "racks")
    times = _given(spec, "in_rack", "in_zone", "between_zones", "between_regions")
    return datacenter(names, rng, **sizes, **times, **_access(spec))


def _cloud(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    where = _given(spec, "provider", "regions", "zones")
    times = _given(spec, "path_factor", "overhead", "in_zone", "between_zones")
    return cloud(names, rng, **where, **times, **_access(spec))


def _backbone(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    # start-up: it imports networkx
    from serfsim.topology.backbone import backbone

    network = _get(spec, "network")
    if network is None:
        raise ScenarioError("topology.network: found nothing; expected a network such as topozoo/Abilene")
    return backbone(names, rng, str(network), **_given(spec, "path_factor", "hop"), **_access(spec))


def _file_of(spec: object, folder: Path) -> Path | None:
    """Return the file that the description names, or that of its data set."""
    file, data = _get(spec, "file"), _get(spec, "data")
    return folder / file if file is not None else data_path(str(data)) if data is not None else None


def _settings(spec: object) -> Any:
    """Return the description, with the data set's own settings if it names one."""
    data = _get(spec, "data")
    if isinstance(spec, Mapping) and data in DATA_SETS:
        return {**DATA_SETS[str(data)].settings, **spec}
    return spec


def _matrix(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    file, spec = _file_of(spec, folder), _settings(spec)
    if file is None:
        raise ScenarioError("topology.file: found nothing; expected the file of the matrix, or data:")
    measured = load_matrix(file, **_given(spec, "unit", "kind", "missing", "format", "key"))
    data = _get(spec, "data")
    if data is not None:
        measured = replace(measured, source=str(data))
    return matrix_topology(measured, names, rng, **_given(spec, "slice", "slice_every"), **_access(spec))


def _graph(spec: object, names: Sequence[str], rng: Random, folder: Path) -> Topology:
    # networkx takes a moment to import, and most runs have no graph.
    # start-up: it imports networkx
    from serfsim.topology.graph import graph_topology, load_graph

    file, spec = _file_of(spec, folder), _settings(spec)
    attribute = str(_get(spec, "weight") or _get(spec, "attribute") or "latency")
    given = {**_given(spec, "kind", "part", "loss"), **_access(spec), "attribute": attribute}
    given["unit"] = _get(spec, "unit") or default_unit(attribute)
    if file is not None:
        given.update(source=str(file), title=str(_get(spec, "data") or file.name))
        graph = load_graph(file, _get(spec, "format"), attribute, bool(_get(spec, "directed")))
    elif _get(spec, "graph") is not None:
        graph = _get(spec, "graph")
    else:
        given.update(unit="s", attribute="latency", loss=None)
        if _get(spec, "edges") is None:
            given.update(kind="one_way", source=str(_get(_get(spec, "generator"), "model")))
        graph = _written_graph(spec, len(names), rng)
    return graph_topology(graph, names, rng, **given)


def _written_graph(spec: object, n: int, rng: Random) -> Any:
    """Return the graph of a generator, or of the links in the description."""
    # start-up: networkx is slow to import
    import networkx as nx

    from serfsim.topology.generators import generate

    edges, generator = _get(spec, "edges"), _get(spec, "generator")
    if generator is not None:
        given = {"places": n, "size": 60e-3, **_as_dict(generator)}
        return generate(rng=rng, **given)
    if edges is None:
        expected = "one of file, data, edges, generator and graph"
        raise ScenarioError(f"topology: found an empty graph; expected {expected}")
    graph = nx.MultiDiGraph() if _get(spec, "directed") else nx.MultiGraph()
    for tail, head, seconds, *lost in edges:
        graph.add_edge(tail, head, latency=seconds, **({"packet_loss": lost[0]} if lost else {}))
    return graph


BUILDERS: dict[str, Builder] = {
    "plane": _plane,
    "line": _line,
    "grid": _grid,
    "split": _split,
    "circle": _circle,
    "random": _random,
    "drift": _drift,
    "datacenter": _datacenter,
    "cloud": _cloud,
    "backbone": _backbone,
    "matrix": _matrix,
    "graph": _graph,
}
