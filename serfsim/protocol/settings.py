"""Rows of settings: type, and defaults by profile and release.

The rows are in `memberlist/config.py`, `serf/config.py` and `vivaldi/config.py`, beside the classes that
the machines read. Everything else about a setting is derived from its row: the defaults of these classes,
the schema of a scenario's `config`, its description, and the warning where no simulated member uses it.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from serfsim.native import i64
from serfsim.protocol.versions import BASELINE, reaches

Value: TypeAlias = bool | int | float | str | None  # as the machines have it: seconds, bytes

PROFILES: Final = ("lan", "wan", "local")

# Layers, by the name of the configuration that has the setting in a real cluster.
MEMBERLIST: Final = "memberlist"
SERF: Final = "Serf"
AGENT: Final = "agent"

# Whether a simulated member obeys a setting.
MODELLED: Final = "yes"
NOT_MODELLED: Final = "no"

SHORTEST_INTERVAL: Final = 100e-6  # seconds: of what is done again and again; below, a run would have no end
MOST_KEPT: Final = 1_000_000  # entries of a buffer or a queue; no machine holds more for every member
LARGEST_DATAGRAM: Final = 65_507  # bytes of UDP over IPv4


class Kind(NamedTuple):
    """Kind of a setting: its type, and bounds in the type's unit.

    `type` is switch, count, size (bytes), duration (seconds), number, networks, address, key, tag or choice.
    `low` and `high` are included, None where only the type bounds them; `above` excludes `low` itself.
    `or_zero` allows 0 beside the range, which turns something off; `optional` allows None. `options` are a
    choice's.
    """

    type: str
    low: float | None = None
    high: float | None = None
    above: bool = False
    or_zero: bool = False
    optional: bool = False
    options: tuple[str, ...] = ()


SWITCH: Final = Kind("switch")
DURATION: Final = Kind("duration", 0.0)
POSITIVE_DURATION: Final = Kind("duration", 0.0, above=True)
TIMEOUT: Final = Kind("duration", 1e-6)
INTERVAL: Final = Kind("duration", SHORTEST_INTERVAL)
INTERVAL_OR_OFF: Final = Kind("duration", SHORTEST_INTERVAL, or_zero=True)
PORT: Final = Kind("count", 0, 65_535)
PROTOCOL_VERSION: Final = Kind("count", 1, 255)
MULTIPLIER: Final = Kind("count", 1, 1000)
FEW: Final = Kind("count", 0, 1000)
FEW_OR_NONE: Final = Kind("count", 0, 1000, optional=True)
KEPT: Final = Kind("count", 1, MOST_KEPT)
KEPT_OR_NOTHING: Final = Kind("count", 0, MOST_KEPT)
MESSAGE_SIZE: Final = Kind("size", 0, LARGEST_DATAGRAM)
CONSTANT: Final = Kind("number", 0.0, 1e6, above=True)
NETWORKS: Final = Kind("networks", optional=True)
ADDRESS: Final = Kind("address")
KEY: Final = Kind("key", optional=True)
TAG: Final = Kind("tag")


class Setting(NamedTuple):
    """One setting. Its values are as the machines have them: seconds, bytes, True and False.

    `default` is that of the LAN profile in the release BASELINE; `wan` and `local` are those of the other
    profiles where they differ. `before` and `since` are the LAN profile's in other releases of the layer, as
    pairs of a release and the value before it, or from it on; `products` are those of products that set it.
    `unit` is of a count; `floor` is what the
    agent raises a lower value to. `field` is the attribute of the configuration that the machines read: the
    same name unless given, "" where the simulation itself reads the setting. `needs` names the row of
    `rules.RULES` without which a member's release has nothing that the setting could change. `modelled` is
    MODELLED or NOT_MODELLED; `instead` is what does the work of one that is not modelled.
    """

    name: str
    kind: Kind
    default: Value
    meaning: str
    layer: str = MEMBERLIST
    wan: Value = None
    local: Value = None
    before: tuple[tuple[str, Value], ...] = ()
    since: tuple[tuple[str, Value], ...] = ()
    products: tuple[tuple[str, Value], ...] = ()
    unit: str = ""
    floor: float = 0.0
    rule: str = ""
    needs: str = ""
    field: str | None = None
    modelled: str = MODELLED
    instead: str = ""

    @property
    def attribute(self) -> str:
        """The attribute of the machines' configuration; "" where it has none."""
        if self.modelled == NOT_MODELLED:
            return ""
        return self.name if self.field is None else self.field

    @property
    def differs_by_release(self) -> bool:
        return bool(self.before or self.since or self.products)

    def of_profile(self, profile: str) -> Value:
        """Return a profile's own default; None where it is the LAN profile's."""
        return {"lan": None, "wan": self.wan, "local": self.local}[profile]

    def default_in(self, profile: str, release: str = BASELINE) -> Value:
        """Return the default in a profile and a release."""
        own = self.of_profile(profile)
        if own is not None:
            return own
        for product, value in self.products:
            if release.partition(" ")[0] == product:
                return value
        for first, value in self.before:
            if not reaches(release, first, self.layer):
                return value
        found = self.default
        for first, value in self.since:
            if reaches(release, first, self.layer):
                found = value
        return found


class Defaults:
    """The defaults of some settings in one profile and release, by the machines' attribute."""

    def __init__(self, settings: tuple[Setting, ...], profile: str, release: str) -> None:
        self._values: dict[str, Value] = {
            setting.attribute: setting.default_in(profile, release) for setting in settings
        }

    def switch(self, attribute: str) -> bool:
        value = self._values[attribute]
        assert isinstance(value, bool)
        return value

    def count(self, attribute: str) -> i64:
        """Return a count or a size; -1 where there is none."""
        value = self._values[attribute]
        if value is None:
            return -1
        assert isinstance(value, int)
        return value

    def text(self, attribute: str) -> str:
        """Return a choice or the name of a tag."""
        value = self._values[attribute]
        assert isinstance(value, str)
        return value

    def seconds(self, attribute: str) -> float:
        return self.number(attribute)

    def number(self, attribute: str) -> float:
        value = self._values[attribute]
        assert isinstance(value, float)
        return value
