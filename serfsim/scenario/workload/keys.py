"""`keys`: a member changes or lists the encryption keys of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from serfsim.native import Random
from serfsim.protocol import log_lines
from serfsim.protocol.serf.key_queries import COMMANDS, INSTALL, LIST, REMOVE, USE, encode_key_request
from serfsim.protocol.serf.outgoing_queries import QueryParams
from serfsim.scenario.controls import Controls
from serfsim.scenario.keys import Key, decode_key
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.roster import Roster
from serfsim.scenario.units import PART, Kind
from serfsim.scenario.workload.work import ByOne, check_accepted

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode

QUERIES: Final = {"install": INSTALL, "use": USE, "remove": REMOVE}
EXPECTED: Final = "`list`, or a mapping with one of install, use or remove"


class KeyChange(Part):
    """A change of the keys: one of the three."""

    shorthand: ClassVar = {"const": "list"}

    install: Key | None = Field(default=None, description="key that members decrypt with from now on")
    use: Key | None = Field(default=None, description="installed key that members encrypt with from now on")
    remove: Key | None = Field(
        default=None, description="key that members forget; not the one they encrypt with"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> KeyChange:
        given = [key for key in QUERIES if getattr(self, key) is not None]
        if len(given) != 1:
            raise invalid(EXPECTED, found=" and ".join(f"`{key}`" for key in given) or "none of them")
        return self


def _read_change(value: Any) -> Any:
    if value == "list" or isinstance(value, KeyChange):
        return value
    if not isinstance(value, Mapping):
        raise invalid(EXPECTED, value)
    return KeyChange.model_validate(dict(value))


Change = Annotated[
    KeyChange | Literal["list"],
    BeforeValidator(_read_change),
    Kind("install, use or remove with a key, or list", {PART: "KeyChange"}),
]


class Keys(ByOne):
    """Change or list the keys of all members, as `serf keys` does, by one of Serf's own queries.

    Each member answers whether it could: a key that is encrypted with stays, and without encryption there are
    none.
    """

    verb: ClassVar = "keys"
    example: ClassVar = "{keys: {install: 'AgICAgICAgICAgICAgICAg=='}, from: node-00, at: 10s}"

    change: Change = Field(
        alias="keys", description="`install`, `use` or `remove` with a key in base64, or `list`"
    )

    @property
    def _query(self) -> tuple[str, str]:
        """The query's name and its key, "" for a list."""
        for word, query in QUERIES.items():
            key = None if self.change == "list" else getattr(self.change, word)
            if key is not None:
                return query, key
        return LIST, ""

    def describe(self) -> str:
        name, key = self._query
        what = {
            INSTALL: "installs a key at all members",
            USE: "makes all members encrypt with a key",
            REMOVE: "removes a key from all members",
            LIST: "lists the keys of all members",
        }[name]
        return f"{self._describe_sender()} {what}{f' ({key[:6]}...)' if key else ''}"

    def prepare(self, roster: Roster, random: Random) -> bytes:
        key = self._query[1]
        return encode_key_request(decode_key(key) if key else b"")

    def act(self, controls: Controls, machine: SerfNode, prepared: bytes) -> None:
        name, now = self._query[0], controls.now_at(controls.number_of(machine))
        machine.log(now, log_lines.KEY_COMMAND, -1, 0, 0, COMMANDS[name])
        machine.query(name, prepared, QueryParams(), now)
        check_accepted(machine.last_error, "a key query", controls)
