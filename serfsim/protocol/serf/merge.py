"""Serf's own checks of members before it asks the application's merge delegate (spec releases.md S1).

A real Serf makes them from 0.9.5 on, and only where the application sets a merge delegate, as Consul and
Nomad do and `serf agent` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.protocol.directory import NodeIdentity
from serfsim.protocol.serf.tags import LONGEST_META, TOO_LONG

if TYPE_CHECKING:
    from serfsim.protocol.serf.core import SerfCore

LONGEST_NAME: Final = 128
NAME_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.")


def invalid_name(name: str) -> str:
    """Return Serf's error for a name that `validate_node_names` refuses, or ""."""
    if not NAME_CHARACTERS.issuperset(name):
        return (
            f"Node name contains invalid characters {name} , Valid characters include all alpha-numerics and"
            " dashes and '.' "
        )
    if len(name.encode()) > LONGEST_NAME:
        return f"Node name is {name} characters. Valid length is between 1 and {LONGEST_NAME} characters"
    return ""


def invalid_member(record: NodeIdentity, name: str, validates_names: bool) -> str:
    """Return Serf's error for a member that nobody may merge, or ""."""
    error = invalid_name(name) if validates_names else ""
    if error != "":
        return error
    if record.address_length != 4 and record.address_length != 16:
        return f"IP byte length is invalid: {record.address_length} bytes is not either 4 or 16"
    return TOO_LONG if len(record.meta) > LONGEST_META else ""


def refusal(core: SerfCore, records: list[NodeIdentity]) -> str:
    """Return why members may not be merged, or "": Serf's own checks come before the application's."""
    if core.config.features.name_validation:
        for record in records:
            name = core.directory.names[record.node]
            error = invalid_member(record, name, core.config.validate_node_names)
            if error != "":
                return error
    return core.application.merge(records)
