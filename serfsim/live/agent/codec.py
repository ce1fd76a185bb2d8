"""Encoding and decoding of packets and stream messages with one node's settings and keys.

A stream stays open for the response, so the message itself determines its end:

labelled (a request)     type, length, the label, one of the others
encrypted                type, length, as many bytes
compressed, ping ...     type, one msgpack value
push/pull                type, header, the entries it counts, the bytes of user state it counts
user message             type, header, the bytes it counts
"""

from __future__ import annotations

from typing import Final

from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.messages import (
    ACK,
    ERROR,
    PING,
    PUSH_PULL,
    USER,
    Packet,
    StreamMessage,
    StreamPing,
)
from serfsim.protocol.wire.cipher import LARGEST_BLOCK
from serfsim.protocol.wire.decode_memberlist import Datagram, DatagramReader
from serfsim.protocol.wire.envelope import (
    COMPRESS,
    ENCRYPT,
    LABEL,
    compressed_if_shorter,
    label_error,
    label_of,
    with_crc,
    with_label,
)
from serfsim.protocol.wire.memberlist_fields import PUSH_PULL_FIELDS, STREAM_USER_FIELDS
from serfsim.protocol.wire.reader import Reader, WireError
from serfsim.protocol.wire.streams import decode_stream, encode_stream, unwrap_stream, wrap_stream
from serfsim.wire_crypto import Keyring

# The codec's message for data that ends too early.
INCOMPLETE: Final = "unexpected EOF"
# The library's limit on encrypted state; no other message comes near it.
LARGEST: Final = LARGEST_BLOCK + 5


class UnacceptableLabel(Exception):
    """A stream whose label its receiver refuses, which gets no answer."""


class Incoming:
    """The bytes of one message as they arrive.

    Entries once skipped are not parsed again.
    """

    def __init__(self) -> None:
        self.data = b""
        self._at = 0  # start of the unparsed part
        self._entries = 0  # entries of a push/pull still to come
        self._rest = 0  # bytes after the entries

    def feed(self, data: bytes) -> bool:
        """Take more bytes; return True once the message is complete or invalid.

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
        if kind == LABEL:
            reader.take(reader.byte())
            kind = reader.byte()
        if kind == ENCRYPT:
            length = reader.big_endian(4)
            # An overlong one is refused later because of its length.
            rest = length if length <= LARGEST_BLOCK else 0
        elif kind == PUSH_PULL:
            found = PUSH_PULL_FIELDS.decode(reader)
            entries, rest = found.integer("Nodes"), found.integer("UserStateLen")
        elif kind == USER:
            rest = STREAM_USER_FIELDS.decode(reader).integer("UserMsgLen")
        elif kind in (PING, ACK, ERROR, COMPRESS):
            reader.skip()
        # Other types are refused later.
        self._entries, self._rest, self._at = entries, rest, int(reader.at)


class Codec:
    """One node's encoder and decoder.

    Reading methods raise WireError for bytes that do not decode.
    """

    def __init__(
        self, directory: Directory, config: MemberlistConfig, keyring: Keyring | None, label: bytes = b""
    ) -> None:
        self.directory = directory
        self.config = config
        self.keyring = keyring
        self.label = label
        self._datagrams = DatagramReader(
            directory,
            keyring,
            label,
            config.gossip_verify_incoming,
            narrow=not config.features.splits_compounds,
        )

    @property
    def _sealer(self) -> Keyring | None:
        """The keys that encrypt outgoing messages, if any."""
        return self.keyring if self.config.gossip_verify_outgoing else None

    # Datagrams -----------------------------------------------------------------------------------

    def write_datagram(self, packet: Packet, me: NodeIdentity) -> bytes:
        """Encode, compress, checksum and encrypt a packet as configured."""
        data = encode_datagram(packet, me, self.directory)
        if self.config.enable_compression:
            data = compressed_if_shorter(data)
        if packet.has_crc:
            data = with_crc(data)
        if self._sealer is not None:
            data = self._sealer.seal(data, self.label)
        return with_label(self.label, data)

    def read_datagram(self, data: bytes) -> Datagram:
        """Decode a datagram; messages in it that do not decode are returned as errors."""
        if self.config.skip_inbound_label_check:
            error = label_error("packet", label_of(data), self.label, True)
            if error:
                raise WireError(error)
            data = with_label(self.label, data)
        return self._datagrams.read(data)

    # Streams -------------------------------------------------------------------------------------

    def write_request(self, message: StreamMessage, me: NodeIdentity) -> bytes:
        """Encode, compress, encrypt and label a request as configured."""
        return self._write_stream(message, me, True)

    def write_answer(self, message: StreamMessage, me: NodeIdentity) -> bytes:
        """Encode, compress and encrypt an answer, which has no label."""
        return self._write_stream(message, me, False)

    def _write_stream(self, message: StreamMessage, me: NodeIdentity, is_request: bool) -> bytes:
        is_nameless = isinstance(message, StreamPing) and not self.config.features.ping_source
        data = encode_stream(message, None if is_nameless else me, self.directory)
        return wrap_stream(data, self.config.enable_compression, self._sealer, self.label, is_request)

    def unwrap_request(self, data: bytes) -> bytes:
        """Decrypt and decompress a complete request; return its type byte and body.

        Raises UnacceptableLabel for one that another cluster sent.
        """
        try:
            found = label_of(data)
        except WireError as error:
            raise UnacceptableLabel(
                f"failed to receive and remove the stream label header: {error}"
            ) from None
        skips_check = self.config.skip_inbound_label_check
        refusal = label_error("stream", found, self.label, skips_check)
        if refusal:
            raise UnacceptableLabel(refusal)
        if skips_check:
            return self.unwrap_answer(data)
        return unwrap_stream(data, self.keyring, self.label, self.config.gossip_verify_incoming)

    def unwrap_answer(self, data: bytes) -> bytes:
        """Decrypt and decompress a complete answer; return its type byte and body."""
        labelled = with_label(self.label, data)
        return unwrap_stream(labelled, self.keyring, self.label, self.config.gossip_verify_incoming)

    def decode_stream(self, data: bytes) -> StreamMessage:
        """Decode an unwrapped type byte and body."""
        return decode_stream(data, self.directory)
