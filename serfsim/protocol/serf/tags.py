"""A member's tags as its metadata: 0xff and a msgpack map (spec serf.md section 11)."""

from __future__ import annotations


def encode_tags(tags: dict[str, str]) -> bytes:
    """The bytes that travel in the Meta field of alive messages; keys in the order given."""
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
    """The tags in metadata; what does not begin with 0xff is the role of an old member."""
    if len(meta) == 0 or meta[0] != 0xFF:
        return {"role": meta.decode()}
    tags: dict[str, str] = {}
    count, at = _read_header(meta, 1)
    for _ in range(count):
        key, at = _read_raw(meta, at)
        value, at = _read_raw(meta, at)
        tags[key] = value
    return tags


def _read_header(data: bytes, at: int) -> tuple[int, int]:
    """The entries of a map, and where they begin."""
    if data[at] == 0xDE:
        return data[at + 1] << 8 | data[at + 2], at + 3
    return data[at] & 0x0F, at + 1


def _read_raw(data: bytes, at: int) -> tuple[str, int]:
    """A text, and where the next one begins."""
    if data[at] == 0xDA:
        size = data[at + 1] << 8 | data[at + 2]
        at += 3
    else:
        size = data[at] & 0x1F
        at += 1
    return data[at : at + size].decode(), at + size
