"""Encryption and label of what a node sends in a simulation: its size, and who can read it.

A simulated message is no bytes, so nothing is encrypted on its way. Its seal says under which key and
label it is sent, and how long that makes it; its receiver's own keys decide whether it can be read.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64
from serfsim.protocol.wire.cipher import block_size

LABEL_HEADER: Final = 2
LONGEST_LABEL: Final = 255
# What encryption puts before a stream message: its type and length.
STREAM_FRAME: Final = 5


def label_size(label: bytes) -> i64:
    """Bytes that a label takes in front of a datagram or stream."""
    return LABEL_HEADER + len(label) if len(label) > 0 else 0


class Seal:
    """The wrapping of a sender's messages, shared by all that it sends.

    `key` is empty where they are not encrypted. The label, sent or not, is authenticated with the rest.
    `by_tcp`: its packets have streams of their own, and all its streams begin as dskit's do.
    """

    def __init__(self, key: bytes, version: i64, label: bytes, by_tcp: bool = False) -> None:
        self.by_tcp = by_tcp
        self.key = key
        self.version: i64 = version
        self.label = label
        self.label_size: i64 = label_size(label)

    @property
    def is_encrypted(self) -> bool:
        return len(self.key) > 0

    def datagram_size(self, plain: i64) -> i64:
        """Bytes of a datagram around `plain` bytes."""
        if len(self.key) == 0:
            return self.label_size + plain
        return self.label_size + block_size(self.version, plain)

    def stream_size(self, plain: i64) -> i64:
        """Bytes on a stream of a message of `plain` bytes; a label before it does not count."""
        if len(self.key) == 0:
            return plain
        return STREAM_FRAME + block_size(self.version, plain)
