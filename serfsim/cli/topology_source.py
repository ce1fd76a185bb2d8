"""The argument of `serfsim topology`, and the scenario or result it refers to.

| FILE | surveyed |
|---|---|
| a scenario file, or the name of a shipped scenario | its topology, for its members |
| a result folder | the topology of that run, and its coordinates' distance from the floor |
| a file of a matrix or of a graph | a node at each place |
| a data set's name (`--list`) | a node at each place |
| a backbone's name, such as topozoo/Abilene | a node at each place |
| a mapping such as '{model: cloud, provider: aws}' | 30 nodes |

`--nodes` overrides these. Everything becomes a scenario, so `--set` takes the same paths everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim.base.english import nearest
from serfsim.base.errors import ScenarioError, SerfsimError
from serfsim.scenario.library import shipped
from serfsim.scenario.loading import load, loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.source import Source, read_yaml
from serfsim.topology.datasets import DATA_SETS
from serfsim.topology.matrix import load_matrix
from serfsim.topology.text_cells import ending, read_text

if TYPE_CHECKING:
    from serfsim.report.runs import Result

GRAPHS = (".gml", ".graphml", ".xml", ".edgelist", ".edges")
SCENARIOS = (".yaml", ".yml")
SLICE_EVERY = "1m"  # any interval works for a survey of slices


def read_source(text: str, nodes: int | None, seed: int | None, settings: Sequence[str]) -> Scenario | Result:
    """Read `text` with the options applied.

    Raises SerfsimError where it refers to nothing.
    """
    path = Path(text)
    if not text.lstrip().startswith("{") and path.is_dir():
        return _run(path, nodes, seed, settings)
    changes = [*settings]
    if nodes is not None:
        changes.append(f"cluster.nodes={nodes}")
    if seed is not None:
        changes.append(f"seed={seed}")
    topology = _topology_described(text)
    if topology is None:
        return load(text, changes, kept=True)  # no code of its own is needed to look at its network
    if nodes is None and not any(setting.startswith("cluster.nodes") for setting in settings):
        places = _places(topology, settings)
        if places is not None:
            changes.append(f"cluster.nodes={places}")
    # Settings may supply what the description lacks, such as the unit.
    given = {"name": _name(text), "network": {"topology": topology}}
    label = text if len(text) <= 60 else f"{text[:57]}..."
    return loads(json.dumps(given), label, Path(), changes)


def _run(folder: Path, nodes: int | None, seed: int | None, settings: Sequence[str]) -> Result:
    # start-up: the help works without it
    from serfsim.report.runs import open_result

    result = open_result(folder)
    if nodes is not None or seed is not None or settings:
        expected = "no --nodes, --seed or --set for a finished run"
        raise SerfsimError(f"{folder}: {found_expected('a result folder', expected)}")
    return result


def _topology_described(text: str) -> dict[str, Any] | None:
    """Return the topology that `text` describes, or None for a scenario."""
    path = Path(text)
    if text.lstrip().startswith("{"):
        return _mapping(text)
    if path.is_file():
        if path.suffix.lower() in SCENARIOS:
            return None
        model = "graph" if ending(path) in GRAPHS or _is_graph(path) else "matrix"
        return {"model": model, "file": str(path.absolute())}
    if path.suffix.lower() in SCENARIOS or path.name in shipped():
        return None
    if text in DATA_SETS:
        described: dict[str, Any] = {"model": DATA_SETS[text].model, "data": text}
        if DATA_SETS[text].slices > 1:
            described["slice_every"] = SLICE_EVERY
        return described
    # start-up: the help works without it
    from serfsim.topology.backbone import networks

    if text in networks():
        return {"model": "backbone", "network": text}
    names = [*shipped(), *DATA_SETS, *networks()]
    expected = "a file, a result folder, a shipped scenario, a data set or a backbone (see --list)"
    raise ScenarioError(f"{text}: {found_expected('no such file or name', expected, nearest(text, names))}")


def _is_graph(path: Path) -> bool:
    """Return True for a JSON file of nodes and links, False for one of latencies between all pairs."""
    if ending(path) != ".json":
        return False
    # start-up: the help works without it
    from serfsim.topology.graph import is_node_link

    try:
        return is_node_link(json.loads(read_text(path), parse_int=float))
    except (ValueError, RecursionError, ScenarioError):
        return False  # its reader reports the error


def _mapping(text: str) -> dict[str, Any]:
    read = read_yaml(text, Source("topology", has_lines=False))
    if not isinstance(read, dict):
        raise ScenarioError(f"topology: {found_expected(quoted(text), 'a mapping such as {model: plane}')}")
    return read


def _places(topology: dict[str, Any], settings: Sequence[str]) -> int | None:
    """Return the number of places in a description of places, else None."""
    model = topology.get("model")
    data = topology.get("data")
    if data in DATA_SETS:
        return DATA_SETS[str(data)].places
    if model == "backbone" and topology.get("network"):
        # start-up: the help works without it
        from serfsim.topology.backbone import full_name, load_network

        graph = load_network(full_name(str(topology["network"])))
        named = [node for node, attributes in graph.nodes(data=True) if attributes["named"]]
        return len(named or graph.nodes)
    file = Path(str(topology.get("file", "")))
    if not file.is_file():
        return None
    options = {**topology, **_set_options(settings)}
    if model == "graph":
        # start-up: the help works without it
        from serfsim.topology.graph import load_graph

        weight = str(options.get("weight", "latency"))
        return len(load_graph(file, options.get("format"), weight, bool(options.get("directed"))))
    if model == "matrix":
        names = ("unit", "kind", "missing", "format", "key")
        measured = load_matrix(file, **{name: str(options[name]) for name in names if name in options})
        if len(measured.one_way) > 1 and "slice" not in options:
            topology.setdefault("slice_every", SLICE_EVERY)
        return len(measured.labels)
    return None


def _set_options(settings: Sequence[str]) -> dict[str, Any]:
    """Return the topology keys given by `--set`, which may be needed to read the file."""
    prefix = "network.topology."
    pairs = (setting.partition("=") for setting in settings if setting.startswith(prefix))
    return {path.removeprefix(prefix): value for path, _, value in pairs}


def _name(text: str) -> str:
    """Return a file name made of the letters, digits, dots and dashes of the input."""
    stem = Path(text).stem if Path(text).is_file() else text
    words = "".join(letter if letter.isalnum() or letter in "._-" else " " for letter in stem).split()
    return "_".join(words).strip("._-")[:60] or "topology"
