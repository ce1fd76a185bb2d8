"""Wrappers of messages and their removal: label, CRC, compression, compound (spec wire.md section 2).

    [label] [encrypt] [crc] [compress] [compound] messages

Encryption is behind the seam in `cipher`. Everything that reads raises WireError.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, vec
from serfsim.protocol.wire.lzw import LZW, compress
from serfsim.protocol.wire.lzw_decoder import decompress
from serfsim.protocol.wire.memberlist_fields import COMPOUND as COMPOUND
from serfsim.protocol.wire.memberlist_fields import COMPRESS as COMPRESS
from serfsim.protocol.wire.memberlist_fields import COMPRESS_FIELDS, HAS_CRC
from serfsim.protocol.wire.memberlist_fields import ENCRYPT as ENCRYPT
from serfsim.protocol.wire.msgpack import BYTES, two_bytes
from serfsim.protocol.wire.reader import Reader, WireError

LABEL: Final = 244

CRC_HEADER: Final = 5
# The library's own bound on what it will unpack, streams and datagrams alike.
LARGEST_UNPACKED: Final = 40 * 1024 * 1024

POLYNOMIAL: Final = 0xEDB88320


def _crc_table() -> vec[i64]:
    table: vec[i64] = vec[i64]([0] * 256)
    start: i64 = 0
    while start < 256:
        value = start
        for _ in range(8):
            value = value >> 1 ^ POLYNOMIAL if value & 1 else value >> 1
        table[start] = value
        start += 1
    return table


CRC_TABLE: Final = _crc_table()


def crc32(data: bytes) -> i64:
    """Return the checksum of IEEE 802.3, as Go's hash/crc32 and zlib compute it."""
    table = CRC_TABLE
    value: i64 = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ i64(byte)) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF


def with_crc(data: bytes) -> bytes:
    return b"\x0c" + int(crc32(data)).to_bytes(4, "big") + data


def without_crc(data: bytes) -> bytes:
    """Return the data inside a checksum; data without one stays unchanged."""
    if len(data) < CRC_HEADER or data[0] != HAS_CRC:
        return data
    rest = data[CRC_HEADER:]
    expected = i64(Reader(data, 1).big_endian(4))
    found = crc32(rest)
    if found != expected:
        raise WireError(f"Got invalid checksum for UDP packet: {hex(found)[2:]}, {hex(expected)[2:]}")
    return rest


def wrap_compressed(data: bytes) -> bytes:
    """Return the compress message of `data`, even where that makes it longer, as on streams."""
    return COMPRESS_FIELDS.encode([LZW, compress(data)])


def compressed_if_shorter(data: bytes) -> bytes:
    """As in datagrams."""
    packed = wrap_compressed(data)
    return packed if len(packed) < len(data) else data


def unwrap_compressed(reader: Reader, limit: i64 = LARGEST_UNPACKED) -> bytes:
    """Return the data inside a compress message; `reader` stands behind its type byte."""
    found = COMPRESS_FIELDS.decode(reader)
    algorithm = found.number("Algo")
    if algorithm != LZW:
        raise WireError(f"Cannot decompress unknown algorithm {algorithm}")
    return decompress(found.raw("Buf"), limit)


def compound(parts: list[bytes]) -> bytes:
    """Several messages as one, each of at most 65535 bytes. Above 255 the count wraps, as in the library."""
    head = [b"\x07", BYTES[len(parts) & 255]]
    for part in parts:
        head.append(two_bytes(len(part)))
    return b"".join(head + parts)


def lengths_end(count: i64, narrow: bool) -> i64:
    """Return where a receiver expects the lengths of `count` messages to end, in bytes from their beginning.

    `narrow`: before memberlist 0.3.2 this is computed in one byte, which wraps from 128 messages on.
    """
    return 2 * count & 255 if narrow else 2 * count


def whole_messages(sizes: list[int], narrow: bool) -> list[int]:
    """Return the messages of a compound that a receiver finds where it looks, by their place in `sizes`.

    All of them, unless the count or, at a `narrow` receiver, the lengths' end wraps. Then it cuts the
    bytes elsewhere; what begins where a message begins, and is no shorter, decodes as that message.
    """
    sent: i64 = len(sizes)
    count: i64 = sent & 255
    if count == sent and lengths_end(count, narrow) == 2 * count:
        return list(range(sent))
    begins: dict[int, int] = {}
    end: i64 = 2 * sent
    for message, size in enumerate(sizes):
        begins[end] = message
        end += size
    found: list[int] = []
    at = lengths_end(count, narrow)
    place: i64 = 0
    while place < count and at + sizes[place] <= end:
        begun: i64 = begins.get(at, -1)
        if begun >= 0 and sizes[place] >= sizes[begun]:
            found.append(begun)
        at += sizes[place]
        place += 1
    return found


class Parts:
    """The messages of a compound; `truncated` counts those at the end that are not whole."""

    def __init__(self, data: bytes, at: i64, narrow: bool = False) -> None:
        """Read those that begin at `at`, behind the type byte; `narrow` as for `lengths_end`."""
        self.parts: list[bytes] = []
        self.truncated: i64 = 0
        if at >= len(data):
            raise WireError("missing compound length byte")
        count: i64 = i64(data[at])
        lengths = Reader(data, at + 1)
        if lengths.left() < 2 * count:
            raise WireError("truncated len slice")
        bodies = Reader(data, at + 1 + lengths_end(count, narrow))
        i: i64 = 0
        while i < count:
            length = i64(lengths.big_endian(2))
            if bodies.left() < length:
                self.truncated = count - i
                return
            self.parts.append(bodies.take(length))
            i += 1


def with_label(label: bytes, data: bytes) -> bytes:
    """Return `data` behind a cluster's label; without a label, unchanged."""
    if len(label) == 0:
        return data
    return b"\xf4" + len(label).to_bytes(1, "big") + label + data


def label_of(data: bytes) -> bytes:
    """Return the label that `data` begins with, or none. Its header takes two more bytes."""
    if len(data) == 0 or data[0] != LABEL:
        return b""
    if len(data) < 2:
        raise WireError("cannot decode label; packet has been truncated")
    size: i64 = i64(data[1])
    if size < 1:
        raise WireError("label header cannot be empty when present")
    if len(data) < size + 2:
        raise WireError("cannot decode label; packet has been truncated")
    return data[2 : 2 + size]


def label_error(what: str, found: bytes, label: bytes, skips_check: bool) -> str:
    """Return "" for an acceptable label of a "packet" or a "stream", else memberlist's error.

    `label` is the receiver's own. With `skips_check` something before it takes labels off.
    """
    if skips_check:
        return f"unexpected double {what} label header:" if len(found) > 0 else ""
    return "" if found == label else f"discarding {what} with unacceptable label {quoted(found)}:"


def without_label(label: bytes, data: bytes) -> bytes:
    """Return the data behind the label, which must be `label`; an empty `label` expects none."""
    found = label_of(data)
    error = label_error("packet", found, label, False)
    if error != "":
        raise WireError(error)
    return data[2 + len(found) :] if len(found) > 0 else data


def quoted(data: bytes) -> str:
    """Bytes as Go's %q writes them: in double quotes, with escapes for what cannot be printed."""
    text = ""
    for letter in data.decode("utf-8", "surrogateescape"):
        if letter in ('"', "\\"):
            text += "\\" + letter
        elif letter.isprintable():
            text += letter
        else:
            number = ord(letter)
            if number < 0x80 or 0xDC80 <= number <= 0xDCFF:
                text += f"\\x{number & 0xFF:02x}"
            else:
                text += f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    return f'"{text}"'
