"""Keyring queries, answered by a node with a keyring (spec serf.md section 7.2).

install-key    a further key          use-key      encrypt with this one from now on
remove-key     not the primary one    list-keys    all, the primary one apart
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from serfsim.logs import live_words
from serfsim.protocol.serf.application import ReceivedQuery
from serfsim.protocol.serf.core import SerfCore
from serfsim.protocol.serf.queries import (
    KEY_CHANGES,
    LIST_KEYS,
    InternalQueries,
    encode_key_response,
)
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.serf_fields import KEY_REQUEST_FIELDS
from serfsim.wire_crypto import Keyring

INSTALL, USE, REMOVE = KEY_CHANGES


class KeyQueries(InternalQueries):
    """Serf's internal queries with those about `keyring` added.

    `say` takes log lines.
    """

    def __init__(self, core: SerfCore, keyring: Keyring, say: Callable[[str], None]) -> None:
        super().__init__(core)
        self.keyring = keyring
        self.say = say

    def handle(self, received: ReceivedQuery, now: float) -> None:
        name = received.query.name
        if name in KEY_CHANGES:
            error = self._change(name, received.query.payload)
            self._reply(received, encode_key_response(error is None, error or "", [], ""), now)
        elif name == LIST_KEYS:
            self._list(received, now)
        else:
            super().handle(received, now)

    def _change(self, name: str, payload: bytes) -> str | None:
        """Change the keyring; returns None, or the error."""
        try:
            key = read_key(payload)
        except WireError as error:
            self.say(live_words.KEY_QUERY_UNREADABLE.format(error=error))
            return ""
        self.say(live_words.KEY_QUERY_RECEIVED.format(query=name.removeprefix("_serf_")))
        change = {INSTALL: self.keyring.add, USE: self.keyring.use, REMOVE: self.keyring.remove}[name]
        try:
            change(key)
        except ValueError as error:
            return str(error)
        return None

    def _list(self, received: ReceivedQuery, now: float) -> None:
        """Respond with all keys, or as many as fit into a response."""
        self.say(live_words.KEY_QUERY_RECEIVED.format(query="list-keys"))
        keys = [base64.b64encode(key).decode() for key in self.keyring.keys]
        primary = keys[0]
        count = len(keys)
        while True:
            shown = len(keys)
            message = (
                ""
                if shown == count
                else f"truncated key list response, showing first {shown} of {count} keys"
            )
            payload = encode_key_response(True, message, keys, primary)
            if not keys or self.core.queries.fits(self.core.queries.response(received, payload)):
                break
            keys.pop()
        self._reply(received, payload, now)

    def _reply(self, received: ReceivedQuery, payload: bytes, now: float) -> None:
        self.core.queries.respond(received, self.core.queries.response(received, payload), now)


def read_key(payload: bytes) -> bytes:
    """Return the key in the payload of a query that changes keys.

    Raises WireError.
    """
    return KEY_REQUEST_FIELDS.decode(Reader(payload, 1)).raw("Key")
