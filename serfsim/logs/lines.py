"""An agent's log: levels, dates, recent lines, and readers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERR")  # ascending
KEPT_LINES: Final = 512
LONGEST_LINE: Final = 4096  # characters; a client's request may be much longer


class LogReader(Protocol):
    """A reader of a log's lines."""

    def take_line(self, line: str) -> None:
        """Take a line, of whatever level."""


def rank(line: str) -> int:
    """Return the place of a line's level in LEVELS; a line without one passes every filter."""
    level = line.partition("[")[2].partition("]")[0]
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def format_line(epoch: float, t: float, text: str) -> str:
    """Format a line as Go's logger does, with the date in UTC; `epoch` is the Unix time of t = 0."""
    return f"{time.strftime('%Y/%m/%d %H:%M:%S', time.gmtime(epoch + t))} {text}"


class LevelWriter:
    """Pass the lines at or above a level ("info") to `write`."""

    def __init__(self, write: Callable[[str], None], level: str) -> None:
        self._write = write
        self._lowest = LEVELS.index(level.upper())

    def take_line(self, line: str) -> None:
        if rank(line) >= self._lowest:
            self._write(line)


class AgentLog:
    """A log that keeps its last lines and passes each on.

    `epoch`: the Unix time at its clock's 0.
    """

    def __init__(self, epoch: float) -> None:
        self.epoch = epoch
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.readers: list[LogReader] = []

    def write(self, t: float, text: str) -> None:
        """Add a line at `t` seconds on the log's clock; `text` begins with its level in brackets."""
        line = format_line(self.epoch, t, text[:LONGEST_LINE])
        self.lines.append(line)
        for reader in list(self.readers):
            reader.take_line(line)

    def follow(self, reader: LogReader) -> None:
        """Pass the kept lines to a reader, then each new one."""
        for line in list(self.lines):
            reader.take_line(line)
        self.readers.append(reader)

    def leave(self, reader: LogReader) -> None:
        """Stop passing lines to a reader."""
        if reader in self.readers:
            self.readers.remove(reader)
