"""The user's own code in one run: that of the scenario's `code`, and the objects given beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from numbers import Real
from pathlib import Path
from typing import Any, Final

from serfsim.base.errors import SerfsimError
from serfsim.protocol.serf.bare import BareNode
from serfsim.protocol.serf.node import SerfNode
from serfsim.rivals.coordinate_table import SERF
from serfsim.scenario.figures import OWN, OWN_FAILED
from serfsim.scenario.model import Scenario
from serfsim.scenario.own_code import OwnFigure, all_of, figure_of, import_path
from serfsim.scenario.own_sources import Sources, digest_of, in_force, place_of, sources_of, told
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.protocol_parts import PartClasses, class_path, read_parts

NODE_CLASSES: Final[Mapping[str, type[SerfNode]]] = {"serf": SerfNode, "memberlist": BareNode}
"""The node of each protocol that a cluster may run."""
Figures = Iterable[Callable[[Any], Any]]


class OwnCode:
    """`node_class`, `parts` and `figures` of a run. Objects given beside a scenario go before its own."""

    def __init__(
        self, scenario: Scenario, node_class: type[SerfNode], parts: PartClasses | None, figures: Figures
    ) -> None:
        named = None if scenario.code is None else scenario.code.objects
        self._named = named
        given = read_parts(parts)
        self.parts = {**(named.parts if named else {}), **given}
        rival = scenario.cluster.coordinates
        if "coordinates" in self.parts and rival != SERF:
            path = class_path(self.parts["coordinates"])
            found = f"{path} in the place of Serf's Vivaldi beside `cluster.coordinates: {rival}`"
            raise SerfsimError(f"parts, coordinates: {found_expected(found, 'one of them')}")
        default = NODE_CLASSES.get(scenario.cluster.protocol, SerfNode)
        self.node_class = default if node_class is SerfNode else node_class
        if node_class is SerfNode and named and named.node_class:
            self.node_class = named.node_class
        self._is_own_class = self.node_class is not default
        functions = list(figures)
        self.figures = {figure.name: figure for figure in named.figures} if named else {}
        for function in functions:
            figure = figure_of(function)
            self.figures[figure.name] = figure
        objects: list[Any] = [*given.values(), *functions]
        if node_class is not SerfNode:
            objects.append(node_class)
        self._given = _sources_of_objects(objects)

    def in_force(self) -> AbstractContextManager[None]:
        """Let functions of the scenario's own modules import others of them."""
        return in_force(all_of(self._named.sources)) if self._named else nullcontext()

    def versions(self) -> dict[str, Any]:
        """Return the entries of `versions` in summary.json; none without own code."""
        found: dict[str, Any] = {}
        if self._is_own_class:
            found["node_class"] = class_path(self.node_class)
        if self.parts:
            found["parts"] = {name: class_path(one) for name, one in self.parts.items()}
        if self._named and self._named.faults:
            found["faults"] = {verb: class_path(one) for verb, one in self._named.faults.items()}
        if self.figures:
            found["figures"] = {name: figure.path for name, figure in self.figures.items()}
        sources = dict(self._named.versions) if self._named else {}
        sources |= {path: digest_of(inner) for path, inner in self._given.items()}
        return found | ({"sources": sources} if sources else {})

    def measured(self, result: Any) -> dict[str, Any]:
        """Return the sections `own`, and `own_failed` where a function raised or gave no number."""
        own: dict[str, float | None] = {}
        failed: dict[str, str] = {}
        for figure in self.figures.values():
            short = figure.name.removeprefix(OWN)
            own[short] = None
            try:
                own[short] = _number(figure, result)
            except SerfsimError as error:
                failed[figure.name] = str(error)
            except Exception as error:  # the run is kept whatever a figure does
                failed[figure.name] = f"{place_of(error, self._all_sources()) or figure.path}: {told(error)}"
        return {"own": own} | ({OWN_FAILED: failed} if failed else {})

    def blamed(self, error: Exception) -> Exception:
        """Return the error of a run, as a message with FILE:LINE where the user's own code raised it."""
        place = "" if isinstance(error, SerfsimError) else place_of(error, self._all_sources())
        return SerfsimError(f"{place}: {told(error)}") if place else error

    def _all_sources(self) -> Sources:
        given = all_of(self._given)
        return {**(all_of(self._named.sources) if self._named else {}), **given}


def _number(figure: OwnFigure, result: Any) -> float | None:
    value = figure.function(result)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SerfsimError(
            found_expected(f"{quoted(value)} from {figure.path}", "a number, or None for no value")
        )
    number = float(value)
    return None if math.isnan(number) else number


def _sources_of_objects(objects: Iterable[Any]) -> dict[str, Sources]:
    """Return {import path: its modules}, without objects of a script or a notebook."""
    found: dict[str, Sources] = {}
    for one in objects:
        try:
            path = import_path(one)
            sources = sources_of(path.partition(":")[0])
        except SerfsimError:
            continue
        if sources and all(Path(source.file).is_file() for source in sources.values()):
            found[path] = sources
    return found
