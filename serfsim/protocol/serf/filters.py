"""Whom a query is for: a list of names, or a regular expression on a tag (spec serf.md section 7)."""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol.directory import Directory, string_size
from serfsim.protocol.serf.application import Application
from serfsim.protocol.wire.msgpack import array_header, map_header, text

NODE_FILTER: Final = 0
TAG_FILTER: Final = 1


@mypyc_attr(acyclic=True, allow_interpreted_subclasses=True)
class Filter:
    """A filter of a kind that this release does not know: it lets nobody through."""

    def __init__(self, kind: i64) -> None:
        self.kind: i64 = kind

    def lets_through(self, name: str, tags: dict[str, str], application: Application) -> bool:
        """Is the query for a node of this name and these tags?"""
        return False

    def size(self) -> i64:
        return 1

    def encode(self, directory: Directory) -> bytes:
        """Type byte and content."""
        return int(self.kind).to_bytes(1, "big")


@mypyc_attr(acyclic=True)
class NodeFilter(Filter):
    """Only these members."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(NODE_FILTER)
        self.names = names

    def lets_through(self, name: str, tags: dict[str, str], application: Application) -> bool:
        return name in self.names

    def size(self) -> i64:
        size: i64 = 2 if len(self.names) <= 15 else 4
        for name in self.names:
            size += string_size(len(name.encode()))
        return size

    def encode(self, directory: Directory) -> bytes:
        parts = b"\x00" + array_header(len(self.names))
        for name in self.names:
            parts += text(name)
        return parts


@mypyc_attr(acyclic=True)
class TagFilter(Filter):
    """Only members whose tag has a match of the expression; a missing tag is an empty one."""

    def __init__(self, tag: str, expression: str) -> None:
        super().__init__(TAG_FILTER)
        self.tag = tag
        self.expression = expression

    def lets_through(self, name: str, tags: dict[str, str], application: Application) -> bool:
        return application.matches(self.expression, tags.get(self.tag, ""))

    def size(self) -> i64:
        return 11 + string_size(len(self.expression.encode())) + string_size(len(self.tag.encode()))

    def encode(self, directory: Directory) -> bytes:
        parts = b"\x01" + map_header(2) + text("Expr") + text(self.expression)
        return parts + text("Tag") + text(self.tag)
