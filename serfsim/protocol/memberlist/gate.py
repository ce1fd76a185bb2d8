"""Admission: which datagrams and streams a node can read, by their encryption and their label.

Verdicts, their order and their words are memberlist's (spec memberlist.md sections 2, 12 and 14): the label
first, then the keys, then what is left as plain bytes. A request that cannot be decrypted is answered with
the error; one with the wrong label is not answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from serfsim.native import i64
from serfsim.protocol import events, log_lines
from serfsim.protocol.memberlist.config import TCP
from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.memberlist.messages import (
    COMPOUND_HEADER,
    COMPOUND_PART,
    GOSSIP,
    USER,
    Packet,
    StreamError,
    StreamMessage,
)
from serfsim.protocol.memberlist.packet_writer import PACKET_TYPE, STREAM_TYPE, TYPE_SIZE
from serfsim.protocol.memberlist.seal import Seal, label_size
from serfsim.protocol.wire.cipher import (
    NOT_CONFIGURED,
    NOT_ENCRYPTED,
    PADDED_OVERHEAD,
    PADDED_VERSION,
    PLAIN_OVERHEAD,
    PLAIN_VERSION,
    WRONG_KEYS,
    block_size,
)
from serfsim.protocol.wire.envelope import LABEL, label_error, wrap_compressed
from serfsim.protocol.wire.memberlist_fields import (
    COMPOUND,
    COMPRESS,
    ERROR_FIELDS,
    HAS_CRC,
    INDIRECT_PING,
    PING,
    UNREADABLE,
)

if TYPE_CHECKING:
    from serfsim.protocol.memberlist.core import Core

# What a refusal was about, as the events' detail.
DATAGRAM: Final = 0
REQUEST: Final = 1
ANSWER: Final = 2

# An encrypted datagram read as a plain one: the version is its type, and its nonce no map. memberlist's error
# depends on the nonce; this is that of every second one.
NO_MAP: Final = "codec.decoder: Only encoded map or array can be decoded into a struct. (valueType: 2)"

NOBODY: Final = Seal(b"", PLAIN_VERSION, b"")  # on no message: whoever accepts it looks at every one


class Gate:
    """One node's keys and label; `keys` None: without encryption.

    `is_open`: messages have been decrypted before they come here, as in a live agent.
    """

    def __init__(self, core: Core, keys: KeyRing | None, label: bytes, is_open: bool = False) -> None:
        self.core = core
        self.keys = keys
        self.label = label
        self.is_open = is_open
        config = core.config
        self.version: i64 = PADDED_VERSION if config.protocol_version == 1 else PLAIN_VERSION
        self.by_tcp = config.packet_transport == TCP
        taken = label_size(label)
        core.label_size = taken + TYPE_SIZE if self.by_tcp else taken
        core.gossip_room -= taken
        core.send_room -= taken
        if keys is not None:
            overhead: i64 = PADDED_OVERHEAD if self.version == PADDED_VERSION else PLAIN_OVERHEAD
            core.gossip_room -= overhead
            if config.gossip_verify_outgoing:
                core.send_room -= overhead
        self.renew()

    def renew(self) -> None:
        """Send under the primary key from now on, and accept it without a look where it can be read."""
        core, keys = self.core, self.keys
        key = b"" if keys is None or not core.config.gossip_verify_outgoing else keys.primary
        core.seal = self._shared(key)
        if self.is_open:
            core.accepted = None
        elif (
            self._undecryptable(core.seal, NOT_ENCRYPTED) == ""
            and self._label_error(core.seal, "packet") == ""
        ):
            core.accepted = core.seal
        else:
            core.accepted = NOBODY

    def _shared(self, key: bytes) -> Seal | None:
        """Return the seal of all who send under this key and label; None for plain messages."""
        if len(key) == 0 and len(self.label) == 0 and not self.by_tcp:
            return None
        seals = self.core.directory.seals
        which = (key, int(self.version), self.label, self.by_tcp)
        seal = seals.get(which)
        if not isinstance(seal, Seal):
            seal = Seal(key, self.version, self.label, self.by_tcp)
            seals[which] = seal
        return seal

    # Verdicts: "", or memberlist's error -----------------------------------------------------------

    def _label_error(self, seal: Seal | None, what: str) -> str:
        """Return "" for an acceptable label of a "packet" or a "stream", else memberlist's error."""
        features = self.core.features
        skips_check = self.core.config.skip_inbound_label_check
        if not features.labels or (skips_check and features.ignores_labels):
            return ""
        return label_error(what, b"" if seal is None else seal.label, self.label, skips_check)

    def _is_foreign(self, seal: Seal | None) -> bool:
        """Return whether a message came by another transport than this node's."""
        return (seal is not None and seal.by_tcp) != self.by_tcp

    def _foreign_type(self, request: StreamMessage) -> str:
        """Return the error about the first byte of a stream of the other transport."""
        if self.by_tcp:
            first: i64 = COMPRESS if self.core.config.enable_compression else request.kind
            return f"unknown message type [{first}]"
        return f"Received invalid msgType ({PACKET_TYPE if request.packet is not None else STREAM_TYPE})"

    def _undecryptable(self, seal: Seal | None, plain: str) -> str:
        """Return "" for a seal that the keys open, else the error; `plain` is that of no encryption."""
        keys = self.keys
        is_encrypted = seal is not None and seal.is_encrypted
        if keys is None:
            return NOT_CONFIGURED if is_encrypted else ""
        if seal is None or not is_encrypted:
            return plain if self.core.config.gossip_verify_incoming else ""
        return "" if keys.has(seal.key) and seal.label == self.label else WRONG_KEYS

    # Datagrams -------------------------------------------------------------------------------------

    def admits(self, packet: Packet, source: i64, now: float) -> bool:
        """Return whether this node can read a datagram; log it where it cannot."""
        if self.is_open:
            return True
        core, seal = self.core, packet.seal
        if self._is_foreign(seal):
            return False  # nobody listens there
        error = self._label_error(seal, "packet")
        if error != "":
            self._refuse(events.MISLABELLED, error, source, now)
            return False
        if seal is not None and len(seal.label) > 0 and not core.features.labels:
            self._refuse(events.MISLABELLED, self._unknown_type(), source, now)
            return False
        keys = self.keys
        is_encrypted = seal is not None and seal.is_encrypted
        if keys is not None:
            error = self._undecryptable(seal, self._plain_error(packet))
            if error == "":
                return True
            if core.config.gossip_verify_incoming:
                event: i64 = events.UNDECRYPTABLE if is_encrypted else events.UNENCRYPTED
                self._refuse(event, f"Decrypt packet failed: {error}", source, now)
                return False
        if not is_encrypted or seal is None:
            return True
        kind: i64 = PING if seal.version == PADDED_VERSION else INDIRECT_PING
        self._refuse(events.UNDECRYPTABLE, f"Failed to {UNREADABLE[int(kind)]}: {NO_MAP}", source, now)
        return False

    def _unknown_type(self) -> str:
        """Return the error of a release without labels, for which a label is a type of message."""
        if self.keys is not None and self.core.config.gossip_verify_incoming:
            return f"Decrypt packet failed: Unsupported encryption version {LABEL}"
        return f"msg type ({LABEL}) not supported"

    def _plain_error(self, packet: Packet) -> str:
        """Return the error of decrypting a datagram that is not encrypted, which its first byte decides."""
        kind = first_byte(packet)
        if kind > PLAIN_VERSION:
            return f"Unsupported encryption version {kind}"
        size = packet.size
        return f"Payload is too small to decrypt: {size}" if size < block_size(kind, 0) else WRONG_KEYS

    # Streams ---------------------------------------------------------------------------------------

    def can_read(self, request: StreamMessage) -> bool:
        """Return whether a request is more than an error to this node."""
        if self.is_open:
            return True
        seal = request.seal
        if self._is_foreign(seal):
            return False
        if seal is not None and len(seal.label) > 0 and not self.core.features.labels:
            return False
        return self._label_error(seal, "stream") == "" and self._error_of(request) == ""

    def _error_of(self, message: StreamMessage) -> str:
        return self._undecryptable(message.seal, NOT_ENCRYPTED)

    def refusal(self, request: StreamMessage, source: i64, now: float) -> StreamError | None:
        """Log why a request cannot be read; return the answer to it, None to hang up without one."""
        core, seal = self.core, request.seal
        if self._is_foreign(seal):
            self._refuse(events.MISLABELLED, self._foreign_type(request), source, now, request)
            return None
        error = self._label_error(seal, "stream")
        if error != "":
            self._refuse(events.MISLABELLED, error, source, now, request)
            return None
        event: i64 = events.MISLABELLED
        if seal is not None and len(seal.label) > 0 and not core.features.labels:
            if self.keys is None or not core.config.gossip_verify_incoming:
                self._refuse(event, f"Received invalid msgType ({LABEL})", source, now, request)
                return None
            error = NOT_ENCRYPTED
        else:
            error = self._error_of(request)
            event = events.UNENCRYPTED if error == NOT_ENCRYPTED else events.UNDECRYPTABLE
        self._refuse(event, f"failed to receive: {error}", source, now, request)
        answer = StreamError(error)
        if core.config.enable_compression:
            answer.size = len(wrap_compressed(ERROR_FIELDS.encode([error])))
        core.put_on_stream(answer, answer.size)
        return answer

    def trouble(self, answer: StreamMessage, now: float) -> str:
        """Return why this node cannot read the answer to its request; "" where it can."""
        if self.is_open:
            return ""
        error = self._error_of(answer)
        if error != "":
            event: i64 = events.UNENCRYPTED if error == NOT_ENCRYPTED else events.UNDECRYPTABLE
            self.core.notify(now, event, -1, ANSWER)
        return error

    def _refuse(
        self, event: i64, error: str, source: i64, now: float, request: StreamMessage | None = None
    ) -> None:
        core = self.core
        directory = core.directory
        where = directory.endpoint(source)
        detail: i64 = DATAGRAM
        if request is not None:
            detail = REQUEST
            where = f"{where.rpartition(':')[0]}:{request.port}"
        core.notify(now, event, directory.at_address(source), detail)
        core.log(now, log_lines.NOT_ADMITTED, -1, 0, 0, f"{error} from={where}")


def first_byte(packet: Packet) -> i64:
    """Return the type that a datagram without encryption begins with."""
    if packet.has_crc:
        return HAS_CRC
    leads: i64 = 0 if packet.kind == GOSSIP or packet.kind == USER else 1
    broadcasts = packet.broadcasts
    plain: i64 = packet.leading_size
    if broadcasts is not None and leads == 1:
        plain += COMPOUND_HEADER + COMPOUND_PART
        for message in broadcasts:
            plain += COMPOUND_PART + message.size
    size = packet.size
    if size < plain:
        return COMPRESS
    if leads == 1:
        return packet.kind if broadcasts is None else COMPOUND
    if broadcasts is not None and len(broadcasts) == 1 and packet.leading_size <= broadcasts[0].size:
        return broadcasts[0].kind
    return COMPOUND
