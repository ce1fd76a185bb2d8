"""Encryption as in memberlist: AES-GCM with a keyring (spec memberlist.md section 12).

The protocol calls this through `protocol.wire.cipher`. A key has 16, 24 or 32 bytes. The first is the primary
key, which encrypts; decryption tries all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.wire.cipher import (
    BLOCK_SIZE,
    NONCE_SIZE,
    PADDED_VERSION,
    PLAIN_VERSION,
    WRONG_KEYS,
    Cipher,
    check_block,
)
from serfsim.protocol.wire.reader import WireError


class Keyring(Cipher):
    """A keyring that encrypts.

    `keys` start with the primary key; `ring` has them, and changes them. `nonces` makes 12 bytes that never
    repeat under one key. Raises ValueError for a key of another size, no keys, and an unknown version.
    """

    def __init__(
        self,
        keys: Iterable[bytes],
        version: int = PLAIN_VERSION,
        nonces: Callable[[], bytes] = lambda: os.urandom(NONCE_SIZE),
    ) -> None:
        if version not in (PADDED_VERSION, PLAIN_VERSION):
            raise ValueError(f"encryption version: found {version}; expected 0 or 1")
        self.ring = KeyRing(list(keys))
        self._version = version
        self._nonces = nonces

    @property
    def keys(self) -> list[bytes]:
        """The keys, the primary one first."""
        return list(self.ring.keys)

    def version(self) -> int:
        return self._version

    def seal(self, plain: bytes, authenticated: bytes) -> bytes:
        nonce = self._nonces()
        if self._version == PADDED_VERSION:
            plain = pad(plain)
        head = bytes([self._version]) + nonce
        return head + AESGCM(self.ring.primary).encrypt(nonce, plain, authenticated)

    def open(self, block: bytes, authenticated: bytes) -> bytes:
        check_block(block)
        nonce, sealed = block[1 : 1 + NONCE_SIZE], block[1 + NONCE_SIZE :]
        for key in self.ring.keys:
            try:
                plain = AESGCM(key).decrypt(nonce, sealed, authenticated)
            except InvalidTag:
                continue
            return unpad(plain) if block[0] == PADDED_VERSION else plain
        raise WireError(WRONG_KEYS)


def pad(data: bytes) -> bytes:
    """Pad to blocks of 16 bytes (PKCS7)."""
    count = BLOCK_SIZE - len(data) % BLOCK_SIZE
    return data + bytes([count]) * count


def unpad(data: bytes) -> bytes:
    """Remove the padding.

    Raises WireError for invalid padding.
    """
    if not data or not 1 <= data[-1] <= BLOCK_SIZE or len(data) < data[-1]:
        raise WireError("found invalid padding")
    return data[: -data[-1]]
