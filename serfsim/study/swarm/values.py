"""Values of a scenario file, drawn from its JSON Schema.

Types that name members, and quantities, are recognised by their schema, whichever key has them; everything
else is drawn from what its schema allows. So a new verb or key is drawn as soon as the models have it, and
one of a type that nothing here knows is an error.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from serfsim.manual.schema import scenario_schema
from serfsim.scenario import units
from serfsim.scenario.addresses import Addresses, Advertised
from serfsim.scenario.faults.fault import SnapshotChoice
from serfsim.scenario.forgery import Address, States
from serfsim.scenario.keys import Key, Label
from serfsim.scenario.names import Name, Pairs
from serfsim.scenario.selection import Nodes, Sides

KEYS: Final = ("AgICAgICAgICAgICAgICAg==", "AwMDAwMDAwMDAwMDAwMDAw==", "BAQEBAQEBAQEBAQEBAQEBA==")
"""Encryption keys of drawn clusters, the first of them their primary one."""
WORDS: Final = ("deploy", "restart", "rotate", "uptime")
TAGS: Final[Mapping[str, Sequence[str]]] = {"role": ("web", "db"), "dc": ("east", "west")}
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_WORDLESS: Final = ("description", "default", "patternErrorMessage", "examples", "title")
LEAST_INTERVAL_S: Final = 1e-3


class Cast(NamedTuple):
    """The members and groups that a drawn entry can name; `whole`: their number."""

    nodes: tuple[str, ...]
    groups: tuple[str, ...] = ()


class UnknownType(LookupError):
    """A schema that no value can be drawn from: teach `values` its type."""


@cache
def parts() -> Mapping[str, Any]:
    """Return the schemas of a scenario's parts by name; "" is the scenario itself."""
    found = scenario_schema()
    return {"": found, **found["$defs"]}


def _form(schema: Any) -> Any:
    """Return a schema without words, without null, and without bounds beside alternatives."""
    if isinstance(schema, Mapping):
        own = {key: _form(value) for key, value in schema.items() if key not in _WORDLESS}
        if "anyOf" not in own:
            return own
        some = [one for one in own["anyOf"] if one != {"type": "null"}]
        rest = {key: value for key, value in own.items() if key not in _BOUNDS and key != "anyOf"}
        if len(some) == 1 and not rest:
            return some[0]
        return {**rest, "anyOf": [inner for one in some for inner in _alternatives(one)]}
    return [_form(one) for one in schema] if isinstance(schema, (list, tuple)) else schema


def _alternatives(schema: Any) -> list[Any]:
    return list(schema["anyOf"]) if isinstance(schema, dict) and set(schema) == {"anyOf"} else [schema]


def _fingerprint(schema: Any) -> str:
    return json.dumps(_form(schema), sort_keys=True)


class Values:
    """Draws values for one entry or section.

    `span`: least and greatest duration, in seconds, of keys that no rule knows. `rules` draw whole parts
    whose keys depend on each other, `hints` the values of keys by name.
    """

    def __init__(
        self,
        rng: random.Random,
        cast: Cast,
        span: tuple[float, float],
        rules: Mapping[str, Callable[[Values], Any]] = {},
        hints: Mapping[str, Callable[[Values], Any]] = {},
    ) -> None:
        self.rng = rng
        self.cast = cast
        self.span = span
        self.rules = rules
        self.hints = hints
        self.optional = 0.3  # the chance of a key that need not be given

    # Types that are known by their schema ----------------------------------------------------------

    def node(self) -> str:
        return self.rng.choice(self.cast.nodes)

    def names(self, most: int) -> list[str]:
        count = self.rng.randint(1, max(1, min(most, len(self.cast.nodes))))
        return sorted(self.rng.sample(self.cast.nodes, count))

    def nodes(self) -> Any:
        """Draw a selector of members."""
        few = max(1, len(self.cast.nodes) // 4)
        kinds: list[Callable[[], Any]] = [
            lambda: self.names(min(3, few)),
            lambda: self.names(few),
            lambda: self.rng.randint(1, min(3, len(self.cast.nodes))),
            lambda: f"{self.rng.choice((10, 20, 30, 50))}%",
            lambda: "all",
            self.pattern,
        ]
        if self.cast.groups:
            kinds.append(lambda: [self.rng.choice(self.cast.groups)])
        return self.rng.choice(kinds)()

    def pattern(self) -> str:
        name = self.node()
        return f"{name[:-1]}*"

    def pairs(self) -> list[list[str]]:
        ends = self.names(4)
        if len(ends) == 1 or self.rng.random() < 0.3:
            return [[ends[0], "rest"]]
        return [list(pair) for pair in zip(ends[::2], ends[1::2], strict=False)]

    def sides(self) -> list[Any]:
        """Draw the sides of a partition, no member on two."""
        names = list(self.cast.nodes)
        self.rng.shuffle(names)
        if len(names) > 2 and self.rng.random() < 0.3:
            return [f"{self.rng.choice((20, 50))}%", "rest"]
        if len(names) > 3 and self.rng.random() < 0.3:
            third = len(names) // 3
            return [sorted(names[:third]), sorted(names[third : 2 * third]), "rest"]
        return [sorted(names[: max(1, len(names) // 2)]), "rest"]

    def duration(self, low: float | None = None, high: float | None = None) -> str:
        """Draw a duration as text, every order of magnitude as likely, rounded to two digits."""
        least, most = self.span[0] if low is None else low, self.span[1] if high is None else high
        drawn = least * (most / least) ** self.rng.random()
        return units.write_duration(max(LEAST_INTERVAL_S, float(f"{drawn:.1e}")))

    def signed_duration(self) -> str:
        return self.rng.choice(("", "-")) + self.duration(1.0, 3600.0)

    def time_span(self) -> str:
        low, high = sorted(units.read_duration(self.duration()) for _ in range(2))
        return units.write_span((low, high))

    def share(self) -> str:
        return f"{self.rng.choice((1, 2, 5, 10, 20, 30, 50, 80))}%"

    def size(self) -> str:
        return f"{self.rng.choice((0, 1, 10, 50, 100, 200))}B"

    def bandwidth(self) -> str:
        return self.rng.choice(("128kbit", "512kbit", "2mbit", "10mbit", "1gbit"))

    def clock_rate(self) -> float:
        return self.rng.choice((0.5, 0.9, 0.99, 1.01, 1.1, 2.0))

    def key(self) -> str:
        return self.rng.choice(KEYS)

    def address(self) -> str:
        return f"10.{self.rng.randint(200, 220)}.{self.rng.randint(0, 255)}.{self.rng.randint(1, 254)}"

    def states(self) -> dict[str, str]:
        said = ("alive", "suspect", "dead", "left")
        return {name: self.rng.choice(said) for name in self.names(2)}

    # Anything --------------------------------------------------------------------------------------

    def draw(self, schema: Mapping[str, Any], key: str = "") -> Any:
        """Draw a value of a schema. Raises UnknownType for a type of text that nothing here knows."""
        if key in self.hints:
            return self.hints[key](self)
        known = known_types().get(_fingerprint(schema))
        if known is not None:
            return known(self)
        if "$ref" in schema:
            return self.part(schema["$ref"].rpartition("/")[2])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.rng.choice([one for one in schema["enum"] if one is not None])
        if "properties" in schema:
            return self.keys_of(schema)
        if "anyOf" in schema:
            some = [one for one in schema["anyOf"] if one.get("type") != "null"]
            bounds = {bound: schema[bound] for bound in _BOUNDS if bound in schema}
            return self.draw({**self.rng.choice(some), **bounds}, key)
        return self._of_type(schema, key)

    def _of_type(self, schema: Mapping[str, Any], key: str) -> Any:
        kind = schema.get("type")
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind == "integer":
            return self._whole(schema)
        if kind == "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0.0))
            base = max(low, schema.get("default", 1.0))
            drawn = float(f"{base * self.rng.choice((1.1, 1.5, 2.0, 3.0)):.3g}")
            return min(schema.get("maximum", drawn), drawn)
        if kind == "array":
            least = schema.get("minItems", 1)
            return [self.draw(schema["items"], key) for _ in range(max(1, least))]
        if kind == "object":
            tags = self.rng.sample(sorted(TAGS), self.rng.randint(1, len(TAGS)))
            return {tag: self.rng.choice(TAGS[tag]) for tag in tags}
        if kind == "string" and "pattern" not in schema:
            return self.rng.choice(WORDS)
        raise UnknownType(f"`{key}`: the swarm cannot draw a value of {json.dumps(_form(schema))}")

    def _whole(self, schema: Mapping[str, Any]) -> int:
        low = int(schema.get("minimum", 0))
        high = int(schema.get("maximum", 2**31 - 1))
        near = [low, low + 1, low + 2, low + self.rng.randint(0, 20)]
        if high >= 2**32 - 1:
            near.append(high)
        return min(high, self.rng.choice(near))

    def part(self, name: str) -> Any:
        """Draw a part by its name in the schema."""
        if name in self.rules:
            return self.rules[name](self)
        return self.draw(parts()[name])

    def keys_of(
        self, schema: Mapping[str, Any], without: frozenset[str] = frozenset(), given: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Draw a mapping: its required keys, those `given`, and others by chance, but none of `without`.

        Of the alternatives in its `anyOf`, such as the releases of an upgrade, it gets one.
        """
        ways = [one["required"] for one in schema.get("anyOf", ()) if "required" in one]
        ways = [way for way in ways if not without.intersection(way)]
        if ways:
            way = self.rng.choice(ways)
            without = without | {key for other in ways for key in other if key not in way}
            given = (*given, *way)
        needed = {*schema.get("required", ()), *given} - without
        return {
            key: self.draw(value, key)
            for key, value in schema["properties"].items()
            if key not in without and (key in needed or self.rng.random() < self.optional)
        }


@cache
def known_types() -> Mapping[str, Callable[[Values], Any]]:
    """Return what draws the types that are known by their schema."""
    types: list[tuple[Any, Callable[[Values], Any]]] = [
        (Nodes, Values.nodes),
        (Pairs, Values.pairs),
        (Sides, Values.sides),
        (Name, Values.node),
        (States, Values.states),
        (units.Duration, Values.duration),
        (units.PositiveDuration, Values.duration),
        (units.SignedDuration, Values.signed_duration),
        (units.Span, Values.time_span),
        (units.Share, Values.share),
        (units.Size, Values.size),
        (units.Bandwidth, Values.bandwidth),
        (units.ClockRate, Values.clock_rate),
        (Key, Values.key),
        (Label, lambda values: values.rng.choice(("blue", "green"))),
        (Address, Values.address),
        (Addresses, Values.address),
        (Advertised, Values.address),
        (SnapshotChoice, lambda values: "empty"),
    ]
    return {_fingerprint(TypeAdapter(one).json_schema()): draw for one, draw in types}
