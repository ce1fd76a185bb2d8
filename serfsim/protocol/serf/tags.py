"""A member's tags as its metadata, 0xff and a msgpack map (spec serf.md section 11), and their order.

Serf leaves the order of tags to chance, as Go does with a loop over a map.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.protocol.wire.reader import Reader, WireError

# Serf protocol from which on members have tags; before, only a role.
TAGS_PROTOCOL: Final = 3
# memberlist's MetaMaxSize, in bytes of encoded tags.
LONGEST_META: Final = 512
GO_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
TOO_LONG: Final = f"Encoded length of tags exceeds limit of {LONGEST_META} bytes"


def encode_meta(tags: dict[str, str], protocol_version: i64) -> bytes:
    """Return the metadata of a member: all tags, or its bare role before Serf's protocol had tags."""
    return encode_tags(tags) if protocol_version >= TAGS_PROTOCOL else tags.get("role", "").encode()


def encode_tags(tags: dict[str, str]) -> bytes:
    """Encode tags for the Meta field of alive messages, with keys in the order given."""
    count = len(tags)
    head = bytes([0xFF, 0x80 + count]) if count <= 15 else bytes([0xFF, 0xDE, count >> 8, count & 0xFF])
    body = b""
    for key, value in tags.items():
        body += _raw(key) + _raw(value)
    return head + body


def _raw(text: str) -> bytes:
    encoded = text.encode()
    size = len(encoded)
    if size <= 31:
        return bytes([0xA0 + size]) + encoded
    return bytes([0xDA, size >> 8, size & 0xFF]) + encoded


def decode_tags(meta: bytes) -> dict[str, str]:
    """Decode the tags in metadata; metadata that does not begin with 0xff is an old member's role.

    Where it cannot be read on, the tags before count, as in the library.
    """
    if len(meta) == 0 or meta[0] != 0xFF:
        return {"role": meta.decode("utf-8", "replace")}
    tags: dict[str, str] = {}
    reader = Reader(meta, 1)
    try:
        entries = reader.map_entries()
        while entries > 0:
            entries -= 1
            key = reader.text()
            tags[key] = reader.text()
    except WireError:
        pass
    return tags


SLOTS: Final = 8  # of a bucket of a Go map


def shuffled(names: list[str], rng: Random) -> list[str]:
    """Return the names in random order."""
    order = names.copy()
    i: i64 = 0
    while i < len(order):
        j: i64 = rng.randrange(i + 1)
        other = order[i]
        order[i] = order[j]
        order[j] = other
        i += 1
    return order


def as_go_ranges(entries: dict[str, str], rng: Random) -> dict[str, str]:
    """Return the entries of a Go map in the order of one loop over it, which differs each time.

    Up to eight entries lie in one bucket in the order in which they were put there, and a loop goes
    round from a random slot; those of a larger map lie scattered.
    """
    count: i64 = len(entries)
    if count < 2:
        return entries
    names = list(entries)
    if count <= SLOTS:
        start: i64 = rng.randrange(SLOTS)
        if start < count:
            names = names[start:] + names[:start]
    else:
        names = shuffled(names, rng)
    return {name: entries[name] for name in names}


def go_duration(text: str) -> float:
    """Return the seconds of a duration as Go reads it, such as 1h30m; -1 for what it does not read."""
    total = 0.0
    number, unit = "", ""
    for letter in text + "0":
        if unit != "" and (letter.isdecimal() or letter == "."):
            if unit not in GO_UNITS or number.count(".") > 1 or number.strip(".") == "":
                return -1.0
            total += float(number) * GO_UNITS[unit]
            number, unit = letter, ""
        elif letter.isdecimal() or letter == ".":
            number += letter
        else:
            unit += letter
    return total if number == "0" and text != "" and text[-1] > "9" else -1.0
