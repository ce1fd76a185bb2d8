"""Where a stream's message ends: its own words say so, since the connection stays open for the answer.

encrypted                type, length, as many bytes
compressed, ping ...     type, one msgpack value
push/pull                type, header, as many entries as that says, as many bytes of user state
user message             type, header, as many bytes as that says
"""

from __future__ import annotations

from typing import Final

from serfsim.protocol.memberlist.messages import ACK, ERROR, PING, PUSH_PULL, USER
from serfsim.protocol.wire.cipher import LARGEST_BLOCK
from serfsim.protocol.wire.envelope import COMPRESS, ENCRYPT
from serfsim.protocol.wire.reader import Reader, WireError

# What the codec says of data that ends too early.
INCOMPLETE: Final = "unexpected EOF"
# The library's bound on encrypted state; nothing else that it sends comes near it either.
LARGEST: Final = LARGEST_BLOCK + 5


class Incoming:
    """The bytes of one message as they come in. Entries that were passed over are not looked at again."""

    def __init__(self) -> None:
        self.data = b""
        self._at = 0  # all before is passed over
        self._entries = 0  # of a push/pull, still to come
        self._rest = 0  # bytes that follow them

    def feed(self, data: bytes) -> bool:
        """Take what came; True once the message is whole, or such that more would not help.

        Raises WireError if it is too large.
        """
        self.data += data
        if len(self.data) > LARGEST:
            raise WireError(f"Remote node state is larger than limit ({len(self.data)})")
        try:
            return self._is_whole()
        except WireError as error:
            return str(error) != INCOMPLETE

    def _is_whole(self) -> bool:
        reader = Reader(self.data, self._at)
        if self._at == 0:
            self._read_head(reader)
        while self._entries > 0:
            reader.skip()
            self._entries -= 1
            self._at = int(reader.at)
        return int(reader.left()) >= self._rest

    def _read_head(self, reader: Reader) -> None:
        kind = reader.byte()
        entries = rest = 0
        if kind == ENCRYPT:
            length = reader.big_endian(4)
            # One that is too long will be refused by its length.
            rest = length if length <= LARGEST_BLOCK else 0
        elif kind in (PUSH_PULL, USER):
            fields = reader.map_entries()
            for _ in range(fields):
                key = reader.raw()
                if key == b"Nodes":
                    entries = reader.integer()
                elif key in (b"UserStateLen", b"UserMsgLen"):
                    rest = reader.integer()
                else:
                    reader.skip()
        elif kind in (PING, ACK, ERROR, COMPRESS):
            reader.skip()
        # Any other will be refused by its type.
        self._entries, self._rest, self._at = entries, rest, int(reader.at)
