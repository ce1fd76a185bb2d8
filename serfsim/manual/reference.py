"""The keys of a scenario with their meaning, for the manual, `explain` and the editor.

All of it comes from the classes themselves: the docstring is the summary, a key's meaning is the description
of its field, its values follow from its type, and its default is written as in a file.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from serfsim.manual.examples import KEY_EXAMPLES, MODEL_EXAMPLES
from serfsim.scenario.claims import Claim
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS, Fault
from serfsim.scenario.jitter import JITTERS
from serfsim.scenario.measured import GENERATORS, Measured
from serfsim.scenario.model import Scenario
from serfsim.scenario.network import GilbertElliott
from serfsim.scenario.part import Model, Part
from serfsim.scenario.problems import listed
from serfsim.scenario.settings import Settings
from serfsim.scenario.topologies import TOPOLOGIES
from serfsim.scenario.units import LARGEST_COUNT, LARGEST_NUMBER, Kind
from serfsim.scenario.workload import WORKLOAD, Work

MODELS: Final[Mapping[str, Mapping[str, type[Part]]]] = {
    "topology": TOPOLOGIES,
    "jitter": JITTERS,
    "loss": {"gilbert_elliott": GilbertElliott},
    "generator": GENERATORS,
}
"""The models by the key that takes one."""
VERBS: Final[Mapping[str, Mapping[str, type[Entry]]]] = {"fault": FAULTS, "workload": WORKLOAD}


class Key(NamedTuple):
    """One key. `default` as a file would have it, None where the key must be given or has none.

    `path` has `[]` after a list's key, and NAME where the author chooses the key. `example` is a value.
    """

    path: str
    meaning: str
    expects: str
    default: str | None
    is_required: bool
    example: str


class PartReference(NamedTuple):
    """A verb or a model. `example` is a line of a scenario file without its comment."""

    name: str
    summary: str
    details: str
    example: str
    keys: list[Key]


def verb_reference(entry: type[Entry]) -> PartReference:
    """Return everything that a fault or a verb of the workload says of itself."""
    summary, details = summary_of(entry)
    example = entry.example.partition("  #")[0].rstrip()
    # The keys of the verb itself come before those that all verbs have.
    keys = sorted(keys_of(entry), key=lambda key: (key.path.split(".")[0] != entry.verb, key.path in _COMMON))
    return PartReference(entry.verb, summary, details, example, keys)


def model_reference(name: str, model: type[Part]) -> PartReference:
    """Return everything that a model says of itself."""
    summary, details = summary_of(model)
    # How nodes stand on places comes after the places.
    keys = sorted(keys_of(model), key=lambda key: (key.path != "model", key.path in Measured.model_fields))
    return PartReference(name, summary, details, MODEL_EXAMPLES[name], keys)


def scenario_keys() -> list[Key]:
    """Return the keys of a scenario file, in order, but those of settings, verbs and models."""
    return list(keys_of(Scenario))


_COMMON = frozenset(field.alias or name for name, field in Fault.model_fields.items())
_ELSEWHERE: Final = (Settings, Fault, Work, Model, Claim)
"""Parts with a reference of their own."""


def summary_of(part: type[Part]) -> tuple[str, str]:
    """Return the docstring of a part: the first sentence or two, and the rest."""
    summary, _, details = cleandoc(part.__doc__ or "").partition("\n\n")
    return " ".join(summary.split()), " ".join(details.split())


def meaning_of(part: type[Part], name: str) -> str:
    """Return the meaning of a key; of `model` it is the summary of the model."""
    described = part.model_fields[name].description
    return described or (summary_of(part)[0] if name == "model" else "")


def keys_of(part: type[Part], path: str = "") -> Iterator[Key]:
    """Yield every key of a part in its order, those of parts inside it after their own."""
    defaults = part.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    for name, field in part.model_fields.items():
        key = field.alias or name
        default = None if field.is_required() else _written(defaults.get(key))
        expects = expectation(field)
        chosen = [KEY_EXAMPLES.get(f"{base.__name__}.{key}") for base in part.__mro__]
        example = next(filter(None, chosen), None) or _example(field, default, expects)
        yield Key(path + key, meaning_of(part, name), expects, default, field.is_required(), example)
        for below, inner in _parts(field.annotation):
            yield from keys_of(inner, f"{path}{key}{below}.")


def _written(value: Any) -> str | None:
    if value is None or value in ([], {}, ""):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, (dict, list)) else None


def expectation(field: FieldInfo) -> str:
    """Return the values that a key takes in words: 'a duration such as 500ms', 'udp, tcp or all'."""
    place = max((at for at, one in enumerate(field.metadata) if isinstance(one, Kind)), default=-1)
    if place >= 0:
        text: str = field.metadata[place].text
        return text + _bounds(field.metadata[place + 1 :])
    return " or ".join(dict.fromkeys(_expected(field.annotation))) + _bounds(field.metadata)


_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


_NO_BOUNDS: Final = (LARGEST_COUNT, LARGEST_NUMBER)


def _bounds(metadata: list[Any]) -> str:
    """Return ', more than 0, at most 10' of a number's bounds that say more than its type."""
    found = [
        f", {words} {value}" if isinstance(value, int) else f", {words} {value:g}"
        for given in metadata
        for one in (given.metadata if isinstance(given, FieldInfo) else [given])
        for name, words in _BOUNDS.items()
        if (value := getattr(one, name, None)) is not None and abs(value) not in _NO_BOUNDS
    ]
    return "".join(found)


def _expected(annotation: Any) -> Iterator[str]:
    origin = get_origin(annotation)
    if origin is Literal:
        yield listed(str(value) for value in get_args(annotation))
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            if one is not type(None):
                yield from _expected(one)
    elif hasattr(annotation, "__metadata__"):
        metadata = list(annotation.__metadata__)
        place = max((at for at, one in enumerate(metadata) if isinstance(one, Kind)), default=-1)
        if place >= 0:
            yield metadata[place].text + _bounds(metadata[place + 1 :])
        else:
            yield from _expected(annotation.__origin__)
    elif origin in (tuple, list):
        yield "a list"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, Part)):
        yield "a mapping"
    else:
        yield _PLAIN.get(annotation, "any value")


_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "text", None: "nothing"}


def _parts(annotation: Any) -> Iterator[tuple[str, type[Part]]]:
    """Yield the parts that a key may hold, each with what stands between their paths."""
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        if not issubclass(annotation, _ELSEWHERE):
            yield "", annotation
    elif hasattr(annotation, "__metadata__"):
        yield from _parts(annotation.__origin__)
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _parts(one)
    elif origin is tuple:
        yield from (("[]", part) for below, part in _parts(get_args(annotation)[0]) if not below)
    elif origin is dict:
        yield from ((".NAME", part) for below, part in _parts(get_args(annotation)[1]) if not below)


def _example(field: FieldInfo, default: str | None, expects: str) -> str:
    """Return a value that a key may have: another than its default where the type says which."""
    choices = [str(value) for value in _choices(field.annotation)]
    if choices:
        return next((choice for choice in choices if choice != default), choices[0])
    if expects.startswith("true or false"):
        return "false" if default == "true" else "true"
    if default is not None:
        return default
    such = re.search(r"such as (\[\[.*?\]\]|\[.*?\]|[^\s,]+)", expects)
    if such:
        return such[1]
    if expects.startswith("a duration"):
        return "5s"
    return "3" if "number" in expects else "name" if expects.startswith(("text", "a name")) else "{}"


def _choices(annotation: Any) -> tuple[Any, ...]:
    """Return the words that a key takes, if it takes nothing else."""
    if hasattr(annotation, "__metadata__"):
        return _choices(annotation.__origin__)
    if get_origin(annotation) in (Union, types.UnionType):
        (one, *more) = [one for one in get_args(annotation) if one is not type(None)]
        return () if more else _choices(one)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
