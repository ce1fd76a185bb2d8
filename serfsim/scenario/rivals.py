"""`cluster.protocol` and `cluster.rival`: which protocol members run, and the settings of one beside Serf's.

What only Serf or memberlist has is refused in a rival's cluster, with the name of the rival.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field, ValidationError, create_model

from serfsim.protocol.settings import Setting
from serfsim.rivals.rival_table import rival_names, rival_protocol
from serfsim.scenario.part import Part
from serfsim.scenario.problems import (
    Path,
    Problem,
    custom_error,
    found_expected,
    invalid,
    listed,
    problems_of,
)
from serfsim.scenario.settings import type_of_setting

if TYPE_CHECKING:
    from serfsim.scenario.cluster import Cluster
    from serfsim.scenario.entry import Entry

    ProtocolName = str
else:
    ProtocolName = Literal[("serf", "memberlist", *rival_names())]

OF_SERF: Final = ("event", "query", "keys", "force_leave")
OF_MEMBERLIST: Final = (*OF_SERF, "tags", "upgrade", "forge", "reconfigure", "join")
# Keys of a cluster, its groups and its nodes that only Serf's agents have.
CLUSTER_KEYS: Final = (
    *("config", "serf", "memberlist", "product", "tags", "keyring", "label", "merge", "rejoin", "zones"),
    *("pools", "profile"),
)


@cache
def _model(name: str, rows: tuple[Setting, ...]) -> type[Part]:
    """Return the model of a rival's settings."""
    fields: dict[str, Any] = {
        row.name: (type_of_setting(row.kind), Field(row.default, description=row.meaning)) for row in rows
    }
    return create_model(f"Rival_{name}", __base__=Part, **fields)


def is_rival(cluster: Cluster) -> bool:
    """Return True if the members run neither Serf nor memberlist."""
    return cluster.protocol in rival_names()


def rival_settings(protocol: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a rival in the words of a file; none for Serf and memberlist.

    Raises a custom error inside `rival` for what it does not have.
    """
    if protocol not in rival_names():
        if given:
            found = f"settings of a rival in a cluster of {protocol}"
            raise invalid("cluster.config, which has the settings of Serf", found=found, inside=("rival",))
        return {}
    values = read_settings(protocol, rival_protocol(protocol).settings, given, "rival")
    words: dict[str, Any] = values.model_dump(mode="json")
    for low, high in rival_protocol(protocol).below:
        if getattr(values, low) >= getattr(values, high):
            expected = f"a time below the `{high}` of {protocol}, {words[high]}"
            raise invalid(expected, found=str(words[low]), inside=("rival", low))
    for low, high in rival_protocol(protocol).at_most:
        if getattr(values, low) > getattr(values, high):
            expected = f"no more than the `{high}` of {protocol}, {words[high]}"
            raise invalid(expected, found=str(words[low]), inside=("rival", low))
    return words


def machine_settings(protocol: str, words: Mapping[str, Any]) -> dict[str, float]:
    """Return a rival's settings as its members have them: seconds, numbers, and switches as 0 and 1."""
    return settings_as_numbers(protocol, rival_protocol(protocol).settings, words)


def read_settings(name: str, rows: tuple[Setting, ...], given: Mapping[str, Any], key: str) -> Part:
    """Return all settings of a rival.

    Raises a custom error inside `key` of the cluster for what it does not have.
    """
    names = [row.name for row in rows]
    for own in given:
        if own not in names:
            raise invalid(f"a setting of {name}: {listed(names)}", found=f"'{own}'", inside=(key, own))
    try:
        return _model(name, rows)(**given)
    except ValidationError as error:
        first = problems_of(error)[0]
        raise custom_error({"message": first.message, "inside": (key, *first.path)}) from None


def settings_as_numbers(name: str, rows: tuple[Setting, ...], words: Mapping[str, Any]) -> dict[str, float]:
    """Return settings in the words of a file as machines have them."""
    values = _model(name, rows)(**words)
    return {row.name: float(getattr(values, row.name)) for row in rows}


def protocol_entry_problems(cluster: Cluster, entries: Sequence[tuple[Path, Entry]]) -> Iterator[Problem]:
    """Yield the entries that the cluster's protocol cannot carry out."""
    lacks = {"serf": (), "memberlist": OF_SERF}.get(cluster.protocol, OF_MEMBERLIST)
    for path, entry in entries:
        if entry.verb in lacks:
            alone = "memberlist alone" if cluster.protocol == "memberlist" else cluster.protocol
            found = f"`{entry.verb}` in a cluster of {alone}"
            yield Problem(
                (*path, entry.verb), found_expected(found, "cluster.protocol: serf, which has that")
            )


def rival_problems(cluster: Cluster) -> Iterator[Problem]:
    """Yield what a rival's cluster gives that only Serf's agents have."""
    if not is_rival(cluster):
        return
    name = cluster.protocol
    settings = listed([row.name for row in rival_protocol(name).settings])
    parts: list[tuple[Path, Part]] = [(("cluster",), cluster)]
    parts += [(("cluster", "groups", group), part) for group, part in cluster.groups.items()]
    if not isinstance(cluster.nodes, int):
        parts += [(("cluster", "nodes", number), node) for number, node in enumerate(cluster.nodes)]
    for path, part in parts:
        for key in CLUSTER_KEYS:
            if key not in part.model_fields_set or not _is_given(part, key):
                continue
            what = f"`{key}` of Serf's agents in a cluster of {name}"
            yield Problem((*path, key), found_expected(what, f"cluster.rival, with {settings}"))


def _is_given(part: Part, key: str) -> bool:
    value = getattr(part, key)
    if key == "config" and hasattr(value, "model_fields_set"):
        return bool(value.model_fields_set)
    return value not in (None, {}, (), "lan")
