"""The keys of a part of the scenario with their meaning, for the reference, `explain` and the editor.

All of it comes from the classes themselves: the docstring is the summary, a key's meaning is the description
of its field, its values follow from its type, and its default is written as in a file.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import Fault
from serfsim.scenario.part import Part
from serfsim.scenario.problems import listed
from serfsim.scenario.units import Kind


class Key(NamedTuple):
    """One key. `default` as a file would have it, None where the key must be given or has none."""

    path: str
    meaning: str
    expects: str
    default: str | None
    is_required: bool


class VerbReference(NamedTuple):
    """An entry of the reference. `example` is a line of a scenario file without its comment."""

    verb: str
    summary: str
    details: str
    example: str
    keys: list[Key]


def verb_reference(entry: type[Entry]) -> VerbReference:
    """Everything that a fault or a verb of the workload says of itself."""
    summary, details = summary_of(entry)
    example = entry.example.partition("  #")[0].rstrip()
    # The keys of the verb itself come before those that all verbs have.
    keys = sorted(keys_of(entry), key=lambda key: (key.path.split(".")[0] != entry.verb, key.path in _COMMON))
    return VerbReference(entry.verb, summary, details, example, keys)


_COMMON = frozenset(field.alias or name for name, field in Fault.model_fields.items())


def summary_of(part: type[Part]) -> tuple[str, str]:
    """Return the docstring of a part: the first sentence or two, and the rest."""
    summary, _, details = cleandoc(part.__doc__ or "").partition("\n\n")
    return " ".join(summary.split()), details


def meaning_of(part: type[Part], name: str) -> str:
    """Return the meaning of a key; of `model` it is the summary of the model."""
    described = part.model_fields[name].description
    return described or (summary_of(part)[0] if name == "model" else "")


def keys_of(part: type[Part], path: str = "") -> Iterator[Key]:
    """Every key of a part in its order, those of parts inside it after their own."""
    defaults = part.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    for name, field in part.model_fields.items():
        key = field.alias or name
        default = None if field.is_required() else _written(defaults.get(key))
        yield Key(path + key, meaning_of(part, name), expectation(field), default, field.is_required())
        for inner in _parts(field.annotation):
            yield from keys_of(inner, f"{path}{key}.")


def _written(value: Any) -> str | None:
    if value is None or value in ([], {}, ""):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, (dict, list)) else None


def expectation(field: FieldInfo) -> str:
    """Return the values that a key takes in words: 'a duration such as 500ms', 'udp, tcp or all'."""
    found = [kind for kind in field.metadata if isinstance(kind, Kind)]
    return found[-1].text if found else " or ".join(dict.fromkeys(_expected(field.annotation)))


def _expected(annotation: Any) -> Iterator[str]:
    origin = get_origin(annotation)
    if origin is Literal:
        yield listed(str(value) for value in get_args(annotation))
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            if one is not type(None):
                yield from _expected(one)
    elif hasattr(annotation, "__metadata__"):
        kinds = [kind for kind in annotation.__metadata__ if isinstance(kind, Kind)]
        if kinds:
            yield kinds[-1].text
        else:
            yield from _expected(annotation.__origin__)
    elif origin in (tuple, list):
        yield "a list"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, Part)):
        yield "a mapping"
    else:
        yield _PLAIN.get(annotation, "any value")


_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "text", None: "nothing"}


def _parts(annotation: Any) -> Iterator[type[Part]]:
    """Yield the parts that a key itself may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _parts(one)
