"""Every setting of memberlist, of Serf and of its coordinates, by its own name in snake_case.

The rows of `SETTINGS` are those of the protocol's tables; the schema of `config`, its defaults and its
descriptions are derived from them. The schema's defaults are the LAN profile as the Serf agent runs it;
`PROFILES` holds what WAN and Local change, `release_settings` what differs from release to release. A file
names only what it changes; `Settings` of a cluster are always complete, and `model_fields_set` says which
the user gave. Groups and nodes carry an `Overrides`: a mapping of just the settings that they change.

Where memberlist and Serf use one name for two things, Serf keeps it and memberlist's has a prefix
(`protocol_version`, `memberlist_protocol_version`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, create_model

from serfsim.protocol import settings as table
from serfsim.protocol.memberlist.config import MEMBERLIST_SETTINGS
from serfsim.protocol.serf.config import AGENT_SETTINGS, SERF_SETTINGS
from serfsim.protocol.settings import SHORTEST_INTERVAL, Kind, Setting
from serfsim.protocol.versions import BASELINE, RULE_OF, release_with
from serfsim.protocol.vivaldi.config import COORDINATE_SETTINGS
from serfsim.scenario.keys import EXPECTED as ANY_KEY
from serfsim.scenario.keys import Key
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import (
    DURATION_SCHEMA,
    LARGEST_COUNT,
    LONGEST_S,
    PART,
    POSITIVE_SCHEMA,
    Duration,
    Number,
    PositiveDuration,
    Size,
    Switch,
    duration_between,
    is_address,
    write_duration,
    write_size,
)
from serfsim.scenario.units import Kind as Words

SETTINGS: Final[Mapping[str, Setting]] = {
    setting.name: setting
    for setting in (*MEMBERLIST_SETTINGS, *SERF_SETTINGS, *AGENT_SETTINGS, *COORDINATE_SETTINGS)
}
"""The row of every setting, by its name in a scenario."""

Profile = Literal["lan", "wan", "local"]
Interval = Annotated[
    float,
    duration_between(SHORTEST_INTERVAL, LONGEST_S),
    PlainSerializer(write_duration),
    Words(f"a duration of at least {write_duration(SHORTEST_INTERVAL)}", POSITIVE_SCHEMA),
]
"""Seconds between what is done again and again."""


def _read_networks(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise invalid("a list of networks such as ['10.0.0.0/8']", value)
    for position, network in enumerate(value):
        try:
            # As Go reads it: the length must be given, bits beyond it do not matter.
            if not isinstance(network, str) or "/" not in network:
                raise ValueError
            ipaddress.ip_network(network.strip(), strict=False)
        except ValueError:
            raise invalid("a network such as '10.0.0.0/8'", network, inside=(position,)) from None
    return tuple(network.strip() for network in value)


def _read_address(value: Any) -> Any:
    if not isinstance(value, str) or not is_address(value):
        raise invalid(f"an address such as '{SETTINGS['rpc_addr'].default}'", value)
    return value


def constraint(kind: Kind) -> str:
    """Return the constraint on a value, in a few words."""
    fixed = {
        "switch": "true or false",
        "networks": "a list such as ['10.0.0.0/8']",
        "address": "HOST:PORT",
        "key": f"{ANY_KEY}, or not given",
        "tag": "the name of a tag",
    }
    if kind.type == "choice":
        return " or ".join(kind.options)
    if kind.type in fixed:
        return fixed[kind.type]
    write: Callable[[Any], str] = {"duration": write_duration, "size": write_size}.get(
        kind.type, "{:g}".format
    )
    high = LONGEST_S if kind.type == "duration" and kind.high is None else kind.high
    least = write(kind.low or 0)
    if kind.above:
        text = f"more than {least}" + (f", at most {write(high)}" if high is not None else "")
    else:
        text = f"{least} to {write(high)}" if high is not None else f"at least {least}"
    return text + (f", or {write(0)}" if kind.or_zero else "") + (", or not given" if kind.optional else "")


def type_of_setting(kind: Kind) -> Any:
    """Return the type of a setting's value in the schema."""
    low, above = (None, kind.low) if kind.above else (kind.low, None)
    bounds = Field(ge=low, gt=above, le=kind.high)
    found: Any
    if kind.type == "duration":
        found = Annotated[_duration_type(kind), Words(constraint(kind), DURATION_SCHEMA)]
    elif kind.type == "count":
        most = LARGEST_COUNT if kind.high is None else kind.high
        found = Annotated[int, Strict(), Field(ge=kind.low, le=most)]
    elif kind.type == "choice":
        found = Literal[kind.options]
    else:
        found = {
            "switch": Switch,
            "size": Annotated[Size, bounds],
            "number": Annotated[Number, bounds],
            "networks": Annotated[
                tuple[str, ...] | None, BeforeValidator(_read_networks), Words(constraint(kind))
            ],
            "key": Key,
            "address": Annotated[str, BeforeValidator(_read_address), Words(constraint(kind))],
            "tag": Annotated[str, BeforeValidator(_read_tag), Words(constraint(kind))],
        }[kind.type]
    return found | None if kind.optional and kind.type != "networks" else found


def _read_tag(value: Any) -> Any:
    if not isinstance(value, str):
        raise invalid("the name of a tag", value)
    return value


def _duration_type(kind: Kind) -> Any:
    if kind.low == 0.0 and kind.high is None:
        return PositiveDuration if kind.above else Duration
    low, high = kind.low or 0.0, LONGEST_S if kind.high is None else kind.high
    return Annotated[float, duration_between(low, high, zero=kind.or_zero), PlainSerializer(write_duration)]


def _described(setting: Setting) -> str:
    """Return the meaning, the rule of thumb, and the user of a setting that no simulated member reads."""
    ignored = f"Not modelled: {setting.instead}." if setting.modelled != table.MODELLED else ""
    return " ".join(part for part in (setting.meaning, setting.rule, ignored) if part)


if TYPE_CHECKING:

    class Settings(Part):
        def __getattr__(self, name: str) -> Any: ...

else:
    Settings = create_model(
        "Settings",
        __base__=Part,
        __module__=__name__,
        __doc__="A complete set. Durations are seconds, sizes bytes.",
        **{
            name: (type_of_setting(row.kind), Field(row.default, description=_described(row)))
            for name, row in SETTINGS.items()
        },
    )

BY_RELEASE: Final = tuple(name for name, row in SETTINGS.items() if row.differs_by_release)
"""Settings whose defaults differ between releases, be it only in the LAN profile."""

PROFILES: Final[Mapping[str, Mapping[str, Any]]] = {
    profile: {name: own for name, row in SETTINGS.items() if (own := row.of_profile(profile)) is not None}
    for profile in table.PROFILES
}
"""What each profile has other than LAN."""


@cache
def release_settings(profile: str, version: str) -> Mapping[str, Any]:
    """Return the settings whose defaults differ between releases, with one release's defaults."""
    return {
        name: SETTINGS[name].default_in(profile, version)
        for name in BY_RELEASE
        if name not in PROFILES[profile]
    }


def complete(profile: str, given: Settings, version: str = BASELINE) -> Settings:
    """Those of profile and release with those that were given; these alone are in `model_fields_set`."""
    values = {name: field.default for name, field in Settings.model_fields.items()}
    values.update(PROFILES[profile])
    values.update(release_settings(profile, version))
    values.update(chosen(given))
    return Settings.model_construct(_fields_set=set(given.model_fields_set), **values)


def overridden(base: Settings, overrides: Mapping[str, Any]) -> Settings:
    """Return `base` with some settings changed; `base` itself if there are none."""
    return base.model_copy(update=dict(overrides)) if overrides else base


def chosen(settings: Settings) -> dict[str, Any]:
    """Only what was given, by name, in the order of the class."""
    given = settings.model_fields_set
    return {name: getattr(settings, name) for name in Settings.model_fields if name in given}


def _read_overrides(value: Any) -> dict[str, Any]:
    settings = value if isinstance(value, Settings) else Settings.model_validate(value)
    return chosen(settings)


def _write_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    settings = Settings.model_construct(_fields_set=set(overrides), **overrides)
    written: dict[str, Any] = settings.model_dump(mode="json", include=set(overrides))
    return written


Overrides = Annotated[
    Any,
    BeforeValidator(_read_overrides),
    PlainSerializer(_write_overrides),
    Words("a mapping of settings to values", {PART: "Settings"}),
]
"""Mapping of setting to value (seconds, bytes), only those that were given."""


def setting_rows() -> Iterator[dict[str, Any]]:
    """Yield every setting for a reference, all values as a scenario file has them.

    Keys: name, type, unit, defaults ({profile: value}), releases ({"before 0.8.2": value}, of LAN, where
    they differ), meaning, constraint, rule and needs (may be ""), layer, modelled ("yes" or for whom not),
    instead.
    """
    for name, row in SETTINGS.items():
        yield {
            "name": name,
            "type": row.kind.type,
            "unit": row.unit or {"duration": "s", "size": "B"}.get(row.kind.type, ""),
            "defaults": {profile: _written(row, row.default_in(profile)) for profile in table.PROFILES},
            "releases": {f"before {_of(row)}{name}": _written(row, value) for name, value in row.before}
            | {f"from {_of(row)}{name} on": _written(row, value) for name, value in row.since}
            | {f"in {name}": _written(row, value) for name, value in row.products},
            "meaning": row.meaning,
            "constraint": constraint(row.kind),
            "rule": row.rule,
            "needs": f"{release_with(row.needs)}: {RULE_OF[row.needs].meaning}" if row.needs else "",
            "layer": row.layer,
            "modelled": row.modelled,
            "instead": row.instead,
        }


def _of(row: Setting) -> str:
    return "memberlist " if row.layer == table.MEMBERLIST else ""


def written_value(name: str, value: Any) -> str:
    """Return a value of a setting as a scenario file has it; 'not given' for None."""
    return _written(SETTINGS[name], value)


def _written(row: Setting, value: Any) -> str:
    """Return a value as a scenario file has it."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(str, value))}]"
    if row.kind.type == "duration":
        return write_duration(value)
    return write_size(value) if row.kind.type == "size" else str(value)
