"""What one node writes and reads, by its own settings and keys: the order of wrappers in one place."""

from __future__ import annotations

from serfsim.protocol.directory import Directory, Record
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.datagram import encode_datagram
from serfsim.protocol.memberlist.messages import Packet, StreamMessage, StreamPing
from serfsim.protocol.wire.decode_memberlist import Datagram, DatagramReader
from serfsim.protocol.wire.envelope import compressed_if_shorter, with_crc
from serfsim.protocol.wire.streams import decode_stream, encode_stream, unwrap_stream, wrap_stream
from serfsim.wire_crypto import Keyring


class Codec:
    """All that reads raises WireError for what cannot be read."""

    def __init__(self, directory: Directory, config: MemberlistConfig, keyring: Keyring | None) -> None:
        self.directory = directory
        self.config = config
        self.keyring = keyring
        self._datagrams = DatagramReader(
            directory,
            keyring,
            b"",
            config.gossip_verify_incoming,
            narrow=not config.mechanisms.splits_compounds,
        )

    @property
    def _sealer(self) -> Keyring | None:
        """The keys that what goes out is encrypted with, if any."""
        return self.keyring if self.config.gossip_verify_outgoing else None

    # Datagrams -----------------------------------------------------------------------------------

    def write_datagram(self, packet: Packet, me: Record) -> bytes:
        data = encode_datagram(packet, me, self.directory)
        if self.config.enable_compression:
            data = compressed_if_shorter(data)
        if packet.has_crc:
            data = with_crc(data)
        return data if self._sealer is None else self._sealer.seal(data, b"")

    def read_datagram(self, data: bytes) -> Datagram:
        return self._datagrams.read(data)

    # Streams -------------------------------------------------------------------------------------

    def write_stream(self, message: StreamMessage, me: Record) -> bytes:
        is_nameless = isinstance(message, StreamPing) and not self.config.mechanisms.ping_source
        data = encode_stream(message, None if is_nameless else me, self.directory)
        return wrap_stream(data, self.config.enable_compression, self._sealer)

    def unwrap_stream(self, data: bytes) -> bytes:
        """Type byte and body of a whole message."""
        return unwrap_stream(data, self.keyring, b"", self.config.gossip_verify_incoming)

    def decode_stream(self, data: bytes) -> StreamMessage:
        """The message in an unwrapped type byte and body."""
        return decode_stream(data, self.directory)
