"""Replaceable parts of the protocol: names, methods, and checks of their replacements.

    serfsim.run(scenario, parts={"suspicion": Mine})
    serfsim.run(scenario, parts={"suspicion": "my_module:Mine"})

A class is a subclass of the part that it replaces. docs/parts.md describes each part, with an example.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Final, NamedTuple

from serfsim.base.english import nearest
from serfsim.base.errors import SerfsimError
from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.broadcast import TransmitLimitedQueue
from serfsim.protocol.memberlist.gossip import GossipChoice
from serfsim.protocol.memberlist.probe_order import ProbeOrder
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.protocol.parts import Parts
from serfsim.protocol.vivaldi.client import Client
from serfsim.scenario.problems import found_expected, quoted, unknown_name

PartClasses = Mapping[str, type | str]


class Part(NamedTuple):
    """The class of a part without replacement, its constituents, and its methods with their parameters."""

    base: type
    made_of: tuple[str, ...]
    methods: dict[str, tuple[str, ...]]


PARTS: Final[dict[str, Part]] = {
    "awareness": Part(
        Awareness, ("max_multiplier",), {"apply_delta": ("delta",), "scale_timeout": ("timeout",)}
    ),
    "broadcasts": Part(
        TransmitLimitedQueue,
        ("retransmit_mult", "longest_first", "ledger"),
        {
            "retransmit_limit": ("n",),
            "queue": ("message", "name", "token"),
            "fill": ("n", "overhead", "limit", "filling"),
        },
    ),
    "coordinates": Part(
        Client, ("config", "rng"), {"update": ("peer", "other", "rtt_ns"), "forget_node": ("peer",)}
    ),
    "gossip_choice": Part(GossipChoice, ("core",), {"choose": ("now",)}),
    "probe_order": Part(ProbeOrder, ("core",), {"choose": ("now",), "wrap": ("now",)}),
    "suspicion": Part(
        SuspicionRule,
        ("core",),
        {"begin": ("node", "from_node", "now"), "remaining": ("suspicion", "now")},
    ),
}


def read_parts(given: PartClasses | None) -> dict[str, type]:
    """Return the replacing classes by part. Raises SerfsimError for one that cannot replace its part.

    A class can be given by its import path, `"module:Class"`.
    """
    classes: dict[str, type] = {}
    if given is not None and not isinstance(given, Mapping):
        expected = "a mapping of names of parts to classes"
        raise SerfsimError(f"parts: {found_expected(quoted(given), expected)}")
    for name, value in (given or {}).items():
        if name not in PARTS:
            raise SerfsimError(f"parts: {unknown_name(str(name), 'the name of a part', tuple(PARTS))}")
        try:
            classes[name] = part_class(name, find_class(value) if isinstance(value, str) else value)
        except SerfsimError as error:
            raise SerfsimError(f"parts, {name}: {error}") from None
    return classes


def part_class(name: str, found: object) -> type:
    """Return `found` if it can replace the part. SerfsimError with the reason if it cannot."""
    if name not in PARTS:
        raise SerfsimError(unknown_name(name, "the name of a part", tuple(PARTS)))
    trouble = _trouble(PARTS[name], found)
    if trouble:
        raise SerfsimError(trouble)
    assert isinstance(found, type)
    return found


def protocol_parts(classes: Mapping[str, type]) -> Parts:
    """Return `classes` as the protocol takes them, with the defaults for parts not replaced."""
    parts = Parts()
    for name, found in classes.items():
        setattr(parts, name, found)
    return parts


def class_path(found: type) -> str:
    """Return the qualified name of a class, as a result states it."""
    return f"{found.__module__}.{found.__qualname__}"


def find_class(path: str, importing: Callable[[str], ModuleType] = import_module) -> object:
    """Import `module:Name`, a class or function. Raises SerfsimError if it does not exist."""
    module_name, colon, name = path.partition(":")
    if not (module_name and colon and name):
        raise SerfsimError(found_expected(quoted(path), "an import path, module:Class"))
    try:
        module = importing(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        where = f"'{path}', but no module '{error.name}'"
        raise SerfsimError(found_expected(where, "a module that can be imported")) from None
    if not hasattr(module, name):
        where = f"'{path}', but no '{name}' in that module"
        own = [key for key, value in vars(module).items() if callable(value)]
        raise SerfsimError(found_expected(where, "a class or function of it", nearest(name, own)))
    return getattr(module, name)


def _trouble(part: Part, found: object) -> str:
    """Return the reason why `found` cannot replace a part; "" if it can."""
    expected = f"a subclass of {class_path(part.base)}"
    if not isinstance(found, type):
        shown = f"an instance of {type(found).__name__}" if hasattr(found, "__dict__") else quoted(found)
        return found_expected(shown, expected)
    if not issubclass(found, part.base):
        missing = [
            _signature(name, names) for name, names in part.methods.items() if not hasattr(found, name)
        ]
        lack = f" without {' and '.join(missing)}" if missing else ", which is not one"
        return found_expected(f"{found.__name__}{lack}", expected)
    for name, names in {"__init__": part.made_of, **part.methods}.items():
        function = _own(found, part.base, name)
        if function is not None and not _takes(function, len(names)):
            shown = f"{found.__name__}.{name}{inspect.signature(function)}"
            return found_expected(shown, _signature(name, ("self", *names)))
    return ""


def _signature(name: str, names: tuple[str, ...]) -> str:
    return f"{name}({', '.join(names)})"


def _own(found: type, base: type, name: str) -> Callable[..., object] | None:
    """Return the function by which a subclass overrides a method of `base`; None if it does not."""
    for owner in found.__mro__:
        if owner is base:
            return None
        function = vars(owner).get(name)
        if isinstance(function, FunctionType):
            return function
    return None


def _takes(function: Callable[..., object], arguments: int) -> bool:
    """Return True if a method can be called with this many arguments besides self."""
    try:
        inspect.signature(function).bind(*[None] * (arguments + 1))
    except TypeError:
        return False
    return True
