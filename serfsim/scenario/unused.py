"""Parts of a scenario or its files that no run obeys: allowed, with a warning that names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from serfsim.base.errors import ScenarioError
from serfsim.protocol.settings import MODELLED, Setting
from serfsim.protocol.versions import DELEGATE_MIN, features_of
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.part import Part
from serfsim.scenario.problems import Path
from serfsim.scenario.roster import build_roster, releases_of
from serfsim.scenario.sections import Sections
from serfsim.scenario.settings import SETTINGS, chosen
from serfsim.scenario.topologies import Graph

SAME_RECORD: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "views": (("changes", "none"), "every change of a view is kept, since the figures need it"),
    "packets": (("counts", "none"), "packets are always counted"),
}
"""Keys of `record`, with values among which nothing differs, and why."""


def unused(scenario: Sections) -> Iterator[str]:
    """Yield a warning for each setting and key that was given another value without any effect.

    And one for members whose releases refuse each other, which are never one cluster.
    """
    yield from _settings(scenario.cluster)
    yield from _gate(scenario.cluster)
    for key, (_, why) in SAME_RECORD.items():
        if getattr(scenario.record, key) == "none":
            yield f"record.{key}: none has no effect: {why}"
    yield from _overruled(scenario)
    yield from _graph(scenario.network.topology)


def why_unused(path: Path, *values: object) -> str:
    """Return why values at a path of a scenario change no figure; "" where they may change one."""
    if len(path) > 1 and path[-2] == "config" and path[-1] in SETTINGS:
        setting = SETTINGS[str(path[-1])]
        return "" if setting.modelled == MODELLED else not_used(setting)
    if len(path) == 2 and path[0] == "record" and path[1] in SAME_RECORD:
        same, why = SAME_RECORD[str(path[1])]
        return why if all(value in same for value in values) else ""
    return ""


def not_used(setting: Setting) -> str:
    """Return the warning about a setting that no simulated member reads."""
    return f"a simulated member does not use it; {setting.instead}"


def _settings(cluster: Cluster) -> Iterator[str]:
    """Each setting once, wherever it was changed."""
    configs: dict[str, Mapping[str, Any]] = {"cluster.config": chosen(cluster.config)}
    configs.update({f"cluster.groups.{name}.config": group.config for name, group in cluster.groups.items()})
    if isinstance(cluster.nodes, tuple):
        configs.update({f"cluster.nodes.{node.name}.config": node.config for node in cluster.nodes})
    places: dict[str, list[str]] = {}
    for path, config in configs.items():
        for name, value in config.items():
            if SETTINGS[name].modelled != MODELLED and value != SETTINGS[name].default:
                places.setdefault(name, []).append(f"{path}.{name}")
    for name, (first, *others) in places.items():
        more = f" (and {len(others)} more place{'s' if len(others) > 1 else ''})" if others else ""
        yield f"{first}{more}: {not_used(SETTINGS[name])}"


def _gate(cluster: Cluster) -> Iterator[str]:
    """Members that speak a protocol of Serf which others do not understand, whatever they are joined to."""
    if len(releases_of(cluster)) < 2:
        return
    spoken: dict[int, str] = {}
    understood: dict[int, str] = {}
    for member in build_roster(cluster).members:
        spoken.setdefault(member.config.protocol_version, f"{member.name} ({member.version})")
        understood.setdefault(
            int(features_of(member.version).delegate_max), f"{member.name} ({member.version})"
        )
    newest, oldest = max(spoken), min(understood)
    if newest > oldest:
        yield (
            f"cluster: {spoken[newest]} speaks Serf's protocol {newest} and {understood[oldest]} understands"
            f" {DELEGATE_MIN} to {oldest}: they refuse each other's exchanges of state and are never one"
            f" cluster; `config: {{protocol_version: {oldest}}}` lets them"
        )


def _overruled(scenario: Sections) -> Iterator[str]:
    """Keys that were given although another key beside them leaves nothing for them to say."""
    start, topology = scenario.cluster.start, scenario.network.topology
    if start.at is not None:
        yield from _idle(start, "cluster.start", ("spread",), "`at` says when each node starts")
    if isinstance(topology, Graph) and topology.generator is not None:
        keys = ("weight", "unit", "loss", "kind", "directed", "format")
        yield from _idle(topology, "network.topology", keys, "a generator makes links that have a latency")
    if isinstance(topology, Graph) and topology.edges is not None:
        yield from _idle(topology, "network.topology", ("format",), "`edges` are no file")


def _idle(part: Part, path: str, keys: Iterable[str], why: str) -> Iterator[str]:
    for key in keys:
        if key in part.model_fields_set and getattr(part, key) != type(part).model_fields[key].default:
            yield f"{path}.{key}: has no effect: {why}"


def _graph(topology: Any) -> Iterator[str]:
    """Yield the parts of a file of links that no packet meets."""
    if not isinstance(topology, Graph) or topology.file is None:
        return
    # start-up: it imports networkx and numpy
    from serfsim.topology.graph import load_graph, unread_attributes

    try:
        graph = load_graph(topology.file, topology.format, topology.weight, topology.directed)
    except ScenarioError:
        return  # whoever builds the topology says so
    unread = unread_attributes(graph, topology.weight, topology.loss)
    if unread:
        yield (
            f"network.topology.file: {topology.file.name} has {', '.join(unread)}, which nothing reads; "
            "network.jitter, its pairs and network.bandwidth are used instead"
        )
