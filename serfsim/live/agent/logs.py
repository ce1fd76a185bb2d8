"""The agent's log: the lines that a real agent would have logged, in its words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from serfsim.logs.lines import LEVELS, rank, stamped
from serfsim.logs.words import Entry, Words
from serfsim.protocol import events
from serfsim.protocol.serf.node import SerfNode

LEVEL_NAMES: Final = {"trace": "TRACE", "debug": "DEBUG", "info": "INFO", "warn": "WARN", "err": "ERR"}


class NodeLog:
    """Has `write` take a line for each thing that a node reports, if its level is `level` or above."""

    node: SerfNode

    def __init__(self, write: Callable[[str], None], level: str = "info", release: str = "0.9") -> None:
        self._write = write
        self._least = LEVELS.index(LEVEL_NAMES[level])
        self._words = Words(release, self)

    def say(self, text: str) -> None:
        """A line whose text begins with its level in brackets."""
        if rank(text) >= self._least:
            self._write(stamped(time.time(), 0.0, text.rstrip("\n")))

    def report(self, event: int, subject: int, detail: int) -> None:
        """What `Runtime.notify` was told."""
        if event < events.COUNTED_ONLY:
            self.log(event, subject, detail, 0, "")

    def log(self, line: int, subject: int, a: int, b: int, text: str) -> None:
        """What `Runtime.log` was told."""
        if not self._words.has(line) or not hasattr(self, "node"):
            return
        found = self._words.of(Entry(line, int(self.node.me), subject, a, b, text))
        if found:
            self.say(found)

    # `serfsim.logs.words.Names` --------------------------------------------------------------------

    def name(self, member: int) -> str:
        names = self.node.directory.names
        return names[member] if 0 <= member < len(names) else "?"

    def endpoint(self, member: int) -> str:
        directory = self.node.directory
        if not 0 <= member < len(directory.names):
            return "?:0"
        record = self.node.memberlist.core.members.record(member)
        return directory.endpoint(record.address) if record.address >= 0 else "?:0"

    def ip(self, member: int) -> str:
        return self.endpoint(member).rpartition(":")[0].strip("[]")
