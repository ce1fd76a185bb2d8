"""How many bytes the LZW wrapper leaves of what memberlist sends, without compressing it.

The simulation carries objects, so the compressed size is reckoned from the plain one. The
constants are fits to the real encoder (spec wire.md section 4) over the mixes that occur:
alive, suspect and intent messages with names like `node-07`. They hold to about 5 % for
datagrams and 3 % for push/pulls from 1 to 5000 members.
"""

from __future__ import annotations

import math
from typing import Final

from serfsim.native import i64

# What a datagram of n bytes of messages shrinks to is about SCALE * n ** EXPONENT, because every
# message repeats the field names of the ones before. Short messages repeat more of themselves.
_SCALE: Final = 7.12
_EXPONENT: Final = 0.6
_SHORT_MESSAGE: Final = 50.0
_SHORT_EXPONENT: Final = 0.35

# The eleven doubles of a coordinate do not shrink: they cost one and a half times their bytes.
_COORDINATE_PLAIN: Final = 100
_COORDINATE_COMPRESSED: Final = 150.0

# Push/pull streams: compressed share of the plain bytes at 2 ** (step / 2) members.
_STREAM_SHARES: Final = (
    0.320, 0.336, 0.351, 0.365, 0.375, 0.374, 0.367, 0.358, 0.345, 0.321, 0.291, 0.263, 0.238,
    0.219, 0.201, 0.184, 0.172, 0.163, 0.156, 0.160, 0.164, 0.167, 0.170, 0.174, 0.177, 0.180,
)  # fmt: skip


def compressed_datagram(plain: i64, parts: i64, has_coordinate: bool) -> i64:
    """Bytes of a datagram of `parts` messages in `plain` bytes; never more than plain.

    memberlist keeps the compressed form only where it is shorter (spec memberlist.md 2.3).
    """
    if parts < 2:
        return plain
    body = float(plain)
    fixed = 0.0
    if has_coordinate:
        body -= float(_COORDINATE_PLAIN)
        fixed = _COORDINATE_COMPRESSED
    scale = _SCALE
    average = body / float(parts)
    if average < _SHORT_MESSAGE:
        scale *= math.pow(average / _SHORT_MESSAGE, _SHORT_EXPONENT)
    size = i64(fixed + scale * math.pow(body, _EXPONENT))
    return size if size < plain else plain


def compressed_stream(plain: i64, entries: i64) -> i64:
    """Bytes of a push/pull stream of `plain` bytes that tells of `entries` members."""
    steps = 2.0 * math.log2(float(entries if entries > 1 else 1))
    last = len(_STREAM_SHARES) - 1
    if steps >= float(last):
        return i64(_STREAM_SHARES[last] * float(plain))
    below = math.floor(steps)
    share = _STREAM_SHARES[below]
    share += (steps - float(below)) * (_STREAM_SHARES[below + 1] - share)
    return i64(share * float(plain))


def compressed_ping_stream(plain: i64) -> i64:
    """Bytes of the TCP fallback ping: compressed always, even though it grows (74 for 61)."""
    return 74 + (plain - 61) * 7 // 10


def compressed_ack_stream(plain: i64) -> i64:
    """Bytes of its answer: 36 for 18 (spec wire.md section 7.16)."""
    return plain + 18
