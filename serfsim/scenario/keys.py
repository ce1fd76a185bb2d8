"""Encryption keys and labels of a scenario's members."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator

from serfsim.protocol.memberlist.keyring import KEY_SIZES
from serfsim.protocol.memberlist.seal import LONGEST_LABEL
from serfsim.protocol.versions import features_of
from serfsim.scenario.problems import Path, Problem, found_expected, invalid
from serfsim.scenario.units import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serfsim.scenario.cluster import Cluster, Group, Node
    from serfsim.scenario.roster import Member

EXPECTED: Final = "a key of 16, 24 or 32 bytes in base64, as `serf keygen` makes"


def decode_key(text: str) -> bytes:
    """Decode a key from base64.

    Raises ValueError that says what was found, without the key itself.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("what is not base64") from None
    if len(key) not in KEY_SIZES:
        raise ValueError(f"a key of {len(key)} bytes")
    return key


def read_key(value: Any) -> Any:
    """Read a key, and leave it in base64."""
    if not isinstance(value, str):
        raise invalid(EXPECTED, value)
    try:
        decode_key(value)
    except ValueError as error:
        raise invalid(EXPECTED, found=str(error)) from None
    return value


def _read_label(value: Any) -> Any:
    if not isinstance(value, str):
        raise invalid("text (put it in quotes)", value)
    length = len(value.encode("utf-8", "surrogatepass"))
    if length > LONGEST_LABEL:
        raise invalid(f"at most {LONGEST_LABEL} bytes", found=f"a label of {length} bytes")
    return value


_KEY_SCHEMA: Final = {"type": "string", "pattern": r"^[A-Za-z0-9+/]{22,43}=*$"}
Key = Annotated[str, BeforeValidator(read_key), Kind(EXPECTED, _KEY_SCHEMA)]
"""A key in base64."""
Keyring = tuple[Key, ...]
"""Keys in base64, the primary one first; none for a member without encryption."""
Label = Annotated[
    str,
    BeforeValidator(_read_label),
    Kind(f"text of at most {LONGEST_LABEL} bytes", {"type": "string", "maxLength": LONGEST_LABEL}),
]

KEYRING: Final = (
    "encryption keys in base64, the primary one first; changes of the keys outlive the process, as with"
    " -keyring-file; `[]` is none"
)
LABEL: Final = (
    "label in front of each packet and stream, which all members of a cluster share (memberlist 0.3.0 or"
    " later); '' is none"
)


def keys_of(*levels: Cluster | Group | Node) -> tuple[str, ...] | None:
    """Return the keyring that a member's node, group and cluster say, the first of them that says any.

    None where a level's `encrypt_key` is nearer, which is in the member's settings, or none says any.
    """
    for level in levels:
        if level.keyring is not None:
            return level.keyring
        if says_key(level):
            return None
    return None


def label_of(*levels: Cluster | Group | Node) -> str:
    """Return the label that a member's node, group and cluster say."""
    return next((level.label for level in levels if level.label is not None), "")


def says_key(level: Cluster | Group | Node) -> bool:
    """Return whether the settings of a level name a key."""
    config: Any = level.config
    return "encrypt_key" in (config if isinstance(config, dict) else config.model_fields_set)


def has_key(member: Member) -> bool:
    """Return whether a member starts with a key."""
    return bool(member.config.encrypt_key if member.keyring is None else member.keyring)


def security_problems(cluster: Cluster, members: Iterable[Member]) -> Iterator[Problem]:
    """Yield keys said twice or beside the overhead that stands for them, and labels of old releases."""
    for path, level in _levels(cluster):
        if level.keyring is not None and says_key(level):
            found = "`config.encrypt_key` beside `keyring`"
            yield Problem((*path, "keyring"), found_expected(found, "only one of them"))
    for member in members:
        if member.config.encryption_overhead and has_key(member):
            found = f"encryption_overhead for {member.name}, which has a key"
            expected = "one of them: a key has its own overhead"
            yield Problem(("cluster", "config", "encryption_overhead"), found_expected(found, expected))
            break
    for member in members:
        words = label_words(member)
        if words:
            yield Problem(_label_path(cluster, member), found_expected(*words))
            break


def label_words(member: Member) -> tuple[str, str] | tuple[()]:
    """Return what was found and expected where a member's release does not know labels."""
    if not member.label or features_of(member.version).labels:
        return ()
    expected = "a release with labels: memberlist 0.3.0 or later, as in Serf 0.9.6 and latest"
    return (f"label '{member.label}' for {member.name}, which runs {member.version}", expected)


def _levels(cluster: Cluster) -> Iterator[tuple[Path, Cluster | Group | Node]]:
    yield ("cluster",), cluster
    for name, group in cluster.groups.items():
        yield ("cluster", "groups", name), group
    if not isinstance(cluster.nodes, int):
        for number, node in enumerate(cluster.nodes):
            yield ("cluster", "nodes", number), node


def _label_path(cluster: Cluster, member: Member) -> Path:
    """Return the path of the label written nearest to a member."""
    if not isinstance(cluster.nodes, int) and cluster.nodes[member.index].label is not None:
        return ("cluster", "nodes", member.index, "label")
    group = cluster.groups.get(member.group)
    if group is not None and group.label is not None:
        return ("cluster", "groups", member.group, "label")
    return ("cluster", "label")
