"""`code`: what a scenario names of the user's own Python, by import paths `module:Name`.

    code: {parts: {suspicion: mine:Patient}, faults: [mine:Duplicate], figures: [mine:gap_s]}

A file that has it is refused without --allow-code (`loading.load`), since it is imported as soon as it is
read. From Python a class or function can stand for its path; what runs is still the text of its module.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from serfsim.base.errors import SerfsimError
from serfsim.scenario.figures import OWN, WAYS
from serfsim.scenario.own_sources import Source, Sources, digest_of, imported, in_force, sources_of
from serfsim.scenario.own_words import own_words
from serfsim.scenario.part import Part
from serfsim.scenario.problems import custom_error, found_expected, invalid, listed, quoted
from serfsim.scenario.units import Kind

HOW: Final = "--allow-code (from Python allow_code=True)"
_PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_FORM: Final = "an import path, module:Name"


def import_path(value: object) -> str:
    """Return the import path `module:Name` of a class or function.

    Raises SerfsimError for those of a script or a notebook: no worker could import them, and no digest would
    identify them.
    """
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise SerfsimError(found_expected(quoted(value), f"{_FORM}, or a class or function that has one"))
    expected = "one of a module, at its outermost level: put it into a file NAME.py and import it from there"
    if module == "__main__":
        raise SerfsimError(found_expected(f"{name} of a script or a notebook", expected))
    if not _PATH.fullmatch(f"{module}:{name}"):
        raise SerfsimError(found_expected(f"{name} of {module}", expected))
    return f"{module}:{name}"


def _read_path(value: Any) -> Any:
    if isinstance(value, str):
        if _PATH.fullmatch(value.strip()):
            return value.strip()
        raise invalid(_FORM, value)
    try:
        return import_path(value)
    except SerfsimError as error:
        raise custom_error({"message": str(error), "inside": ()}) from None


ImportPath = Annotated[
    str, BeforeValidator(_read_path), Kind(_FORM, {"type": "string", "pattern": rf"^\s*{_PATH.pattern}\s*$"})
]


class OwnFigure(NamedTuple):
    """A figure: `function` of a result gives a number, or None for no value. `name` as in a summary."""

    name: str
    path: str
    function: Callable[[Any], Any]


class OwnObjects(NamedTuple):
    """The classes and functions that the paths name.

    `versions`: {path: digest of its module}; `sources`: {module: what it is imported from}.
    """

    parts: dict[str, type]
    node_class: type | None
    faults: dict[str, Any]
    figures: tuple[OwnFigure, ...]
    versions: dict[str, str]
    sources: dict[str, Sources]


class Code(Part):
    """Python of the user's own, by import paths `module:Name`; a file that has it needs --allow-code."""

    folder: Path | None = Field(
        default=None,
        description="where modules are looked for first; the scenario file's folder unless given",
    )
    parts: dict[str, ImportPath | None] = Field(
        default_factory=dict, description="classes in place of parts of the protocol; null keeps the part"
    )
    node_class: ImportPath | None = Field(
        default=None, description="a subclass of SerfNode of which the members are made"
    )
    faults: tuple[ImportPath, ...] = Field(
        default=(), description="classes of faults, whose verbs `faults` may then have"
    )
    figures: tuple[ImportPath, ...] = Field(
        default=(), description="functions of a result, each a figure `own.NAME` of the summary"
    )

    _objects: OwnObjects | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _import(self) -> Code:
        words = own_words()
        if not words.kept:
            known = words.sources if words.folder in (None, self.folder) else {}
            self._objects = _Importing(self, known).objects()
            words.verbs.update(self._objects.faults)
            words.figures.update(figure.name for figure in self._objects.figures)
        return self

    @property
    def objects(self) -> OwnObjects:
        """The classes and functions of the paths. SerfsimError where the scenario was read with `kept`."""
        if self._objects is None:
            named = ", ".join(path for _, path in paths_in(self.model_dump(mode="json")))
            raise SerfsimError(
                found_expected(f"code that was not imported ({named})", f"a scenario read with {HOW}")
            )
        return self._objects

    @property
    def is_imported(self) -> bool:
        """False for a scenario that was read with `kept`."""
        return self._objects is not None


def all_of(sources: Mapping[str, Sources]) -> dict[str, Source]:
    """Return the modules of several together."""
    return {name: source for inner in sources.values() for name, source in inner.items()}


def paths_in(code: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the import paths of a `code` section as it is written, each with its place."""
    if not isinstance(code, Mapping):
        return
    for key in ("parts", "node_class", "faults", "figures"):
        value = code.get(key)
        if isinstance(value, Mapping):
            inner: list[tuple[Any, Any]] = list(value.items())
        elif isinstance(value, (list, tuple)):
            inner = list(enumerate(value))
        else:
            inner = [(None, value)]
        for place, path in inner:
            if path is not None:
                yield (key,) if place is None else (key, place), str(path)


def merged_code(code: Any, more: Mapping[str, Any]) -> Any:
    """Return a `code` section with more classes and functions; the validator refuses other values."""
    if code is not None and not isinstance(code, Mapping):
        return code
    merged: dict[str, Any] = dict(code or {})
    for key, value in more.items():
        if key == "parts":
            merged[key] = {**(merged.get(key) or {}), **value}
        elif key in ("faults", "figures"):
            merged[key] = [*(merged.get(key) or ()), *value]
        else:
            merged[key] = value
    return merged


def code_given(
    parts: Mapping[str, Any] | None, node_class: Any, faults: Iterable[Any], figures: Iterable[Any]
) -> dict[str, Any]:
    """Return the arguments of a call as a `code` section, without those that are empty."""
    if parts is not None and not isinstance(parts, Mapping):
        expected = "a mapping of names of parts to classes"
        raise SerfsimError(f"parts: {found_expected(quoted(parts), expected)}")
    given = {
        "parts": dict(parts or {}),
        "node_class": node_class,
        "faults": list(faults),
        "figures": list(figures),
    }
    return {key: value for key, value in given.items() if value}


class _Importing:
    """Imports what one `code` section names; mistakes are errors for a validator to raise."""

    def __init__(self, code: Code, given: Mapping[str, Sources]) -> None:
        self.code = code
        self.versions: dict[str, str] = {}
        self.sources: dict[str, Sources] = {}
        for inside, path in paths_in(code.model_dump(mode="json")):
            module = path.partition(":")[0]
            try:
                self.sources[module] = given.get(module) or sources_of(module, code.folder)
            except SerfsimError as error:
                raise _mistake(error, inside) from None
            self.versions[path] = digest_of(self.sources[module])
        self.together = all_of(self.sources)

    def objects(self) -> OwnObjects:
        code = self.code
        with in_force(self.together):
            return OwnObjects(
                {name: self._part(name, path) for name, path in code.parts.items() if path is not None},
                None if code.node_class is None else self._node_class(code.node_class),
                self._faults(),
                self._figures(),
                self.versions,
                self.sources,
            )

    def _named(self, path: str, inside: tuple[str | int, ...]) -> Any:
        """Import the class or function of a path."""
        # start-up: only scenarios with code need it
        from serfsim.scenario.protocol_parts import find_class

        try:
            return find_class(path, lambda module: imported(module, self.together))
        except SerfsimError as error:
            raise _mistake(error, inside) from None

    def _part(self, name: str, path: str) -> type:
        # start-up: it imports the protocol
        from serfsim.scenario.protocol_parts import part_class

        try:
            return part_class(name, self._named(path, ("parts", name)))
        except SerfsimError as error:
            raise _mistake(error, ("parts", name)) from None

    def _node_class(self, path: str) -> type:
        # start-up: it imports the protocol
        from serfsim.protocol.serf.node import SerfNode

        found = self._named(path, ("node_class",))
        if not isinstance(found, type) or not issubclass(found, SerfNode):
            raise invalid("a subclass of serfsim.SerfNode", found=path, inside=("node_class",))
        return found

    def _faults(self) -> dict[str, Any]:
        # start-up: modules of faults import this one's neighbours
        from serfsim.scenario.faults import FAULTS, Fault

        verbs: dict[str, Any] = {}
        for place, path in enumerate(self.code.faults):
            inside = ("faults", place)
            found = self._named(path, inside)
            if not isinstance(found, type) or not issubclass(found, Fault):
                expected = "a subclass of serfsim.scenario.faults.Fault, OnNodes, OnPackets or Departure"
                raise invalid(expected, found=path, inside=inside)
            verb = getattr(found, "verb", None)
            if not isinstance(verb, str) or verb not in set(found.keys()):
                raise invalid("a class whose `verb` names one of its keys", found=path, inside=inside)
            if verb in FAULTS or verb in verbs:
                raise invalid(
                    "another verb: this one is there already", found=f"'{verb}' of {path}", inside=inside
                )
            found.model_rebuild()  # its annotations may be names of its module
            verbs[verb] = found
        return verbs

    def _figures(self) -> tuple[OwnFigure, ...]:
        figures: dict[str, OwnFigure] = {}
        for place, path in enumerate(self.code.figures):
            inside = ("figures", place)
            try:
                figure = figure_of(self._named(path, inside), path)
            except SerfsimError as error:
                raise _mistake(error, inside) from None
            if figure.name in figures:
                raise invalid("each name once", found=f"{figure.name} twice", inside=inside)
            figures[figure.name] = figure
        return tuple(figures.values())


def figure_of(function: Any, path: str = "") -> OwnFigure:
    """Return the figure that a function gives: own.NAME, where its `better` says so own.higher.NAME.

    Raises SerfsimError for anything but a function of one argument.
    """
    name = getattr(function, "__name__", "")
    path = path or f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if not callable(function) or isinstance(function, type) or not name.isidentifier():
        raise SerfsimError(f"figures: {found_expected(quoted(function), 'a function of a result')}")
    if not _takes_one(function):
        found = f"{name}{inspect.signature(function)}"
        raise SerfsimError(f"figures: {found_expected(found, 'a function of a result alone')}")
    way = getattr(function, "better", "lower")
    if way not in WAYS:
        raise SerfsimError(f"figures: {name}.better: {found_expected(quoted(way), listed(WAYS))}")
    return OwnFigure(f"{OWN}{name}" if way == "lower" else f"{OWN}{way}.{name}", path, function)


def _takes_one(function: Any) -> bool:
    try:
        inspect.signature(function).bind(None)
    except (TypeError, ValueError):
        return False
    return True


def _mistake(error: SerfsimError, inside: tuple[str | int, ...]) -> Exception:
    return custom_error({"message": str(error), "inside": inside})
