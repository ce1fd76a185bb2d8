"""Key queries, which change or list the keys of all members (spec serf.md section 7.2).

    install-key    a further key          use-key      encrypt with this one from now on
    remove-key     not the primary one    list-keys    all, the primary one apart

A member answers whether it could, and the member that asked collects the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.wire.msgpack import NIL_VALUE
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.serf_fields import (
    KEY_REQUEST_FIELDS,
    KEY_RESPONSE,
    KEY_RESPONSE_FIELDS,
)

if TYPE_CHECKING:
    from serfsim.protocol.serf.core import SerfCore

INSTALL: Final = "_serf_install-key"
USE: Final = "_serf_use-key"
REMOVE: Final = "_serf_remove-key"
LIST: Final = "_serf_list-keys"
KEY_QUERIES: Final = (INSTALL, USE, REMOVE, LIST)

COMMANDS: Final = {
    INSTALL: "key installation",
    USE: "primary key change",
    REMOVE: "key removal",
    LIST: "key listing",
}
"""What the agent's log says is begun, by query."""

NO_KEYRING: Final = "No keyring to modify (encryption not enabled)"
EMPTY_KEYRING: Final = "Keyring is empty (encryption not enabled)"
UNTRUNCATABLE: Final = "Failed to truncate response so that it fits into message"

# The length of the shortest key in an answer, by which Serf reckons how many fit.
SHORTEST_KEY: Final = 25


def encode_key_request(key: bytes) -> bytes:
    """Encode the payload of a query that changes keys."""
    return KEY_REQUEST_FIELDS.encode([key])


def encode_key_response(result: bool, message: str, keys: list[str], primary: str) -> bytes:
    """Encode the payload of an answer to a key query; no keys are encoded as nil."""
    return KEY_RESPONSE_FIELDS.encode([keys if len(keys) > 0 else NIL_VALUE, message, primary, result])


LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def base64_text(data: bytes) -> str:
    """Encode bytes as base64, as keys are written in answers."""
    text = ""
    at: i64 = 0
    while at < len(data):
        group = data[at : at + 3]
        bits = int.from_bytes(group + bytes(3 - len(group)), "big")
        letters = "".join([LETTERS[bits >> shift & 63] for shift in (18, 12, 6, 0)])
        text += letters[: len(group) + 1] + "=" * (3 - len(group))
        at += 3
    return text


def capacity(count: i64) -> i64:
    """Return the room of a Go slice of text that grew one by one to `count`."""
    room: i64 = 1
    while room < count:
        room *= 2
    return room


@mypyc_attr(allow_interpreted_subclasses=True)
class KeyQueries:
    """Answers key queries, and takes the answers to this node's own."""

    def __init__(self, core: SerfCore) -> None:
        self.core = core

    def _keys(self) -> KeyRing | None:
        gate = self.core.memberlist.gate
        return None if gate is None else gate.keys

    def handle(self, received: ReceivedQuery, now: float) -> None:
        if received.query.name == LIST:
            self._list(received, now)
        else:
            result, message = self._change(received.query.name, received.query.payload, now)
            self._answer(received, encode_key_response(result, message, [], ""), now)

    # Changes ---------------------------------------------------------------------------------------

    def _change(self, name: str, payload: bytes, now: float) -> tuple[bool, str]:
        """Change the keys; return whether that was done, and the message of the answer."""
        try:
            key = KEY_REQUEST_FIELDS.decode(Reader(payload, 1)).raw("Key")
        except WireError as error:
            self._log(now, log_lines.KEY_ERROR, f"Failed to decode key request: {error}")
            return False, ""
        keys = self._keys()
        if keys is None:
            self._log(now, log_lines.KEY_ERROR, NO_KEYRING)
            return False, NO_KEYRING
        self._log(now, log_lines.KEY_QUERY, name.removeprefix("_serf_"))
        what = "install key"
        if name == INSTALL:
            message = keys.add(key)
        elif name == USE:
            what, message = "change primary key", keys.use(key)
        else:
            what, message = "remove key", keys.remove(key)
        if message != "":
            self._log(now, log_lines.KEY_ERROR, f"Failed to {what}: {message}")
            return False, message
        gate = self.core.memberlist.gate
        if gate is not None:
            gate.renew()
        return True, ""

    # The list --------------------------------------------------------------------------------------

    def _list(self, received: ReceivedQuery, now: float) -> None:
        """Answer with all keys, or as many as fit into an answer."""
        ring = self._keys()
        if ring is None:
            self._log(now, log_lines.KEY_ERROR, EMPTY_KEYRING)
            self._answer(received, encode_key_response(False, EMPTY_KEYRING, [], ""), now)
            return
        self._log(now, log_lines.KEY_QUERY, "list-keys")
        keys = [base64_text(key) for key in ring.keys]
        if not self.core.config.features.truncates_key_lists:
            self._answer(received, encode_key_response(True, "", keys, keys[0]), now)
            return
        self._list_what_fits(received, keys, now)

    def _list_what_fits(self, received: ReceivedQuery, keys: list[str], now: float) -> None:
        """Shorten the list by one key at a time until it fits.

        Before Serf 0.9.8 it is cut to as many as there might be, without a look at how many there are: empty
        keys follow, and past the end of the list's memory the process dies (releases.md S5).
        """
        core = self.core
        actual: i64 = len(keys)
        primary, message = keys[0], ""
        shown: i64 = core.config.query_response_size_limit // SHORTEST_KEY
        gate = core.memberlist.gate
        is_live = gate is not None and gate.is_open  # which does without that defect
        if core.config.features.bounds_key_lists or is_live:
            shown = min(shown, actual)
        room = capacity(actual)
        while shown >= 0:
            payload = encode_key_response(True, message, keys, primary)
            response = core.queries.response(received, payload)
            if core.queries.fits(response):
                if actual > shown:
                    self._log(now, log_lines.KEY_WARNING, message)
                self._answer(received, payload, now)
                return
            if shown > room:
                core.is_shut_down = True
                core.application.shut_down(now)
                return
            keys = (keys + [""] * (shown - len(keys)))[:shown] if shown > len(keys) else keys[:shown]
            message = f"truncated key list response, showing first {shown} of {actual} keys"
            shown -= 1
        self._log(now, log_lines.KEY_ERROR, UNTRUNCATABLE)

    def _answer(self, received: ReceivedQuery, payload: bytes, now: float) -> None:
        queries = self.core.queries
        error = queries.respond(received, queries.response(received, payload), now)
        if error != "":
            self._log(now, log_lines.KEY_ERROR, f"Failed to respond to key query: {error}")

    # Answers to this node's own --------------------------------------------------------------------

    def answered(self, name: str, source: i64, payload: bytes, now: float) -> None:
        """Note an answer to a query of this node's: an error, or a list that was too long."""
        if name not in KEY_QUERIES:
            return
        try:
            if len(payload) == 0 or payload[0] != KEY_RESPONSE:
                raise WireError("Invalid key query response type")
            found = KEY_RESPONSE_FIELDS.decode(Reader(payload, 1))
            result, message = found.boolean("Result"), found.text("Message")
        except WireError:
            result, message = False, ""
        if not result:
            self.core.runtime.notify(now, events.KEY_REFUSED, source, KEY_QUERIES.index(name))
        elif message != "":
            self._log(now, log_lines.KEY_WARNING, message)

    def _log(self, now: float, line: i64, text: str) -> None:
        self.core.log(now, line, -1, 0, 0, text)
