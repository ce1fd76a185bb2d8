"""The keys of one node (spec memberlist.md section 12): the primary key encrypts, all of them decrypt."""

from __future__ import annotations

from typing import Final

KEY_SIZES: Final = (16, 24, 32)

WRONG_SIZE: Final = "key size must be 16, 24 or 32 bytes"
NOT_INSTALLED: Final = "Requested key is not in the keyring"
PRIMARY_STAYS: Final = "Removing the primary key is not allowed"


class KeyRing:
    """Keys, the primary one first. What changes them returns "", or memberlist's error."""

    def __init__(self, keys: list[bytes]) -> None:
        """Raise ValueError for no keys and a key of another size; a key given twice counts once."""
        self.keys: list[bytes] = []
        for key in keys:
            error = self.add(key)
            if error != "":
                raise ValueError(error)
        if len(self.keys) == 0:
            raise ValueError("an empty keyring")

    @property
    def primary(self) -> bytes:
        return self.keys[0]

    def has(self, key: bytes) -> bool:
        return key in self.keys

    def add(self, key: bytes) -> str:
        """Install a key behind the others; an installed one keeps its place."""
        if len(key) not in KEY_SIZES:
            return WRONG_SIZE
        if key not in self.keys:
            self.keys.append(key)
        return ""

    def use(self, key: bytes) -> str:
        """Make an installed key the primary one; the others keep their order."""
        if key not in self.keys:
            return NOT_INSTALLED
        self.keys.remove(key)
        self.keys.insert(0, key)
        return ""

    def remove(self, key: bytes) -> str:
        """Remove a key; one that is not installed need not be."""
        if key == self.keys[0]:
            return PRIMARY_STAYS
        if key in self.keys:
            self.keys.remove(key)
        return ""
