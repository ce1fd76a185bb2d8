"""The seam between the protocol and whatever encrypts: the protocol itself knows no cipher.

A block is version byte, nonce, ciphertext, tag (spec wire.md section 2). Around a block on a stream
stand its type and length, which with the label are what is authenticated besides; in a datagram that
is the label alone.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.wire.envelope import ENCRYPT
from serfsim.protocol.wire.reader import Reader, WireError

NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
BLOCK_SIZE: Final = 16
PADDED_VERSION: Final = 0  # what protocol 1 sends: PKCS7 before encryption
PLAIN_VERSION: Final = 1
LARGEST_BLOCK: Final = 20 * 1024 * 1024
# What memberlist keeps free for encryption: a version 0 block with the most padding.
PLAIN_OVERHEAD: Final = 29
PADDED_OVERHEAD: Final = 45

NOT_CONFIGURED: Final = "Remote state is encrypted and encryption is not configured"
NOT_ENCRYPTED: Final = "Encryption is configured but remote state is not encrypted"
WRONG_KEYS: Final = "No installed keys could decrypt the message"


@mypyc_attr(allow_interpreted_subclasses=True)
class Cipher:
    """A keyring at work."""

    def seal(self, plain: bytes, authenticated: bytes) -> bytes:
        """Encrypt `plain` under the primary key and return the block."""
        raise NotImplementedError

    def open(self, block: bytes, authenticated: bytes) -> bytes:
        """Decrypt a block under any installed key. Raise WireError where none fits."""
        raise NotImplementedError

    def version(self) -> i64:
        """Return the version of the blocks that `seal` makes."""
        return PLAIN_VERSION


def block_size(version: i64, plain: i64) -> i64:
    """Bytes of a block around `plain` bytes."""
    padding: i64 = BLOCK_SIZE - plain % BLOCK_SIZE if version == PADDED_VERSION else 0
    return 1 + NONCE_SIZE + plain + padding + TAG_SIZE


def check_block(block: bytes) -> None:
    """Can this be a block at all? Raises WireError."""
    if len(block) == 0:
        raise WireError("Cannot decrypt empty payload")
    version: i64 = i64(block[0])
    if version > PLAIN_VERSION:
        raise WireError(f"Unsupported encryption version {version}")
    if len(block) < block_size(version, 0):
        raise WireError(f"Payload is too small to decrypt: {len(block)}")


def seal_stream(cipher: Cipher, label: bytes, plain: bytes) -> bytes:
    """Return an encrypted stream message: type, length, block."""
    length = block_size(cipher.version(), len(plain))
    header = b"\x0a" + int(length).to_bytes(4, "big")
    return header + cipher.seal(plain, header + label)


def open_stream(cipher: Cipher | None, label: bytes, data: bytes, must_be: bool) -> bytes:
    """Decrypt a stream message; return an unencrypted one unchanged, unless it `must_be` encrypted."""
    reader = Reader(data)
    if reader.left() == 0:
        raise WireError("EOF")
    if reader.peek() != ENCRYPT:
        if cipher is not None and must_be:
            raise WireError(NOT_ENCRYPTED)
        return data
    if cipher is None:
        raise WireError(NOT_CONFIGURED)
    header = reader.take(5)
    length: i64 = i64(Reader(header, 1).big_endian(4))
    if length > LARGEST_BLOCK:
        raise WireError(f"Remote node state is larger than limit ({length})")
    return cipher.open(reader.take(length), header + label)
