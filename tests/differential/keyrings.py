"""Keyrings and encrypted blocks: keys installed, used and removed, and blocks whole, cut and changed."""

from __future__ import annotations

from typing import Any

from serfsim.protocol.wire.cipher import PADDED_OVERHEAD, PLAIN_OVERHEAD, block_size
from serfsim.protocol.wire.reader import WireError
from serfsim.wire_crypto import Keyring
from tests.differential.replaying import Outcome, Replay, Vector, compare

KEYS = (
    b"0123456789abcdef",
    b"fedcba9876543210",
    b"0123456789abcdef01234567",
    b"0123456789abcdef0123456789abcdef",
    b"ABCDEFGHABCDEFGH",
    b"short",
    b"0123456789abcdef0",
    b"",
)
OVERHEADS = (PADDED_OVERHEAD, PLAIN_OVERHEAD)


def change(keyring: Keyring, step: Vector) -> str:
    """Change the keys and return memberlist's error, or ""."""
    key = KEYS[step["key"]]
    if step["op"] == "add":
        return keyring.ring.add(key)
    return keyring.ring.use(key) if step["op"] == "use" else keyring.ring.remove(key)


def opened(keyring: Keyring, step: Vector) -> dict[str, Any]:
    plain, authenticated = bytes.fromhex(step["plain"]), bytes.fromhex(step["with"])
    version = step["version"]
    sealed = Keyring([KEYS[step["key"]]], version).seal(plain, authenticated)
    found, error = b"", ""
    try:
        found = keyring.open(bytes.fromhex(step["block"]), authenticated)
    except WireError as refusal:
        error = str(refusal)
    assert len(sealed) == block_size(version, len(plain))
    return {
        "length": len(sealed),
        "found": found.hex(),
        "error": error,
        "overhead": OVERHEADS[version],
    }


def play(vector: Vector, number: int) -> Outcome:
    keyring = Keyring([KEYS[vector[0]["first"]]])
    for at, step in enumerate(vector[1:]):
        if step["op"] == "open":
            simulated = opened(keyring, step)
        else:
            simulated = {"error": change(keyring, step)}
        simulated["keys"] = [KEYS.index(key) for key in keyring.keys]
        if difference := compare({key: step[key] for key in simulated}, simulated):
            return Outcome(at + 1, f"{step['op']}: {difference}")
    return Outcome(len(vector) - 1)


KEYRING = Replay(
    "keys",
    "the keyring, and blocks whole, cut, changed and of other keys, with the errors",
    "step",
    play,
)
