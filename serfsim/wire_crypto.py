"""Encryption as in memberlist: AES-GCM with a keyring (spec memberlist.md section 12).

The protocol calls this through `protocol.wire.cipher`. A key has 16, 24 or 32 bytes. The first is the primary
key, which encrypts; decryption tries all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serfsim.protocol.wire.cipher import (
    BLOCK_SIZE,
    NONCE_SIZE,
    PADDED_VERSION,
    PLAIN_VERSION,
    Cipher,
    check_block,
)
from serfsim.protocol.wire.reader import WireError

KEY_SIZES = (16, 24, 32)


class Keyring(Cipher):
    """A keyring.

    `keys` start with the primary key. `nonces` makes 12 bytes that never repeat under one key. Raises
    ValueError for a key of another size, no keys, and an unknown version.
    """

    def __init__(
        self,
        keys: Iterable[bytes],
        version: int = PLAIN_VERSION,
        nonces: Callable[[], bytes] = lambda: os.urandom(NONCE_SIZE),
    ) -> None:
        if version not in (PADDED_VERSION, PLAIN_VERSION):
            raise ValueError(f"encryption version: found {version}; expected 0 or 1")
        self._keys: list[bytes] = []
        self._version = version
        self._nonces = nonces
        for key in keys:
            self.add(key)
        if not self._keys:
            raise ValueError("an empty keyring")

    @property
    def keys(self) -> list[bytes]:
        """The keys, the primary one first."""
        return list(self._keys)

    def add(self, key: bytes) -> None:
        """Install a key; an installed one keeps its place."""
        if len(key) not in KEY_SIZES:
            raise ValueError("key size must be 16, 24 or 32 bytes")
        if key not in self._keys:
            self._keys.append(key)

    def use(self, key: bytes) -> None:
        """Make an installed key the primary one."""
        if key not in self._keys:
            raise ValueError("Requested key is not in the keyring")
        self._keys.remove(key)
        self._keys.insert(0, key)

    def remove(self, key: bytes) -> None:
        if key == self._keys[0]:
            raise ValueError("Removing the primary key is not allowed")
        if key in self._keys:
            self._keys.remove(key)

    def version(self) -> int:
        return self._version

    def seal(self, plain: bytes, authenticated: bytes) -> bytes:
        nonce = self._nonces()
        if self._version == PADDED_VERSION:
            plain = pad(plain)
        head = bytes([self._version]) + nonce
        return head + AESGCM(self._keys[0]).encrypt(nonce, plain, authenticated)

    def open(self, block: bytes, authenticated: bytes) -> bytes:
        check_block(block)
        nonce, sealed = block[1 : 1 + NONCE_SIZE], block[1 + NONCE_SIZE :]
        for key in self._keys:
            try:
                plain = AESGCM(key).decrypt(nonce, sealed, authenticated)
            except InvalidTag:
                continue
            return unpad(plain) if block[0] == PADDED_VERSION else plain
        raise WireError("No installed keys could decrypt the message")


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
