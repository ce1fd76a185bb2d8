"""Logs as lists of lines with time and node, in the moments between what was done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

# What depends on a port, on how the agents were asked, or on what was in an event.
REPLACED = [
    (re.compile(r"10\.0\.0\.\d+:(?!7946\b)(?:\d+|PORT)\b"), "ADDRESS:PORT"),
    (re.compile(r"Payload: .*"), "Payload"),
]
# Of the agents' RPC and scripts, which the scenario does without.
LEFT_OUT = ("[INFO] agent.ipc:", "[DEBUG] agent: Event 'query' script output", "[ERR] Error writing payload")


class Line(NamedTuple):
    t: float
    node: str
    text: str


class Moment(NamedTuple):
    """What was logged from `begin` on, when something was done, to the next such time."""

    begin: float
    lines: list[Line]

    def of(self, node: str) -> list[Line]:
        return [line for line in self.lines if line.node == node]


def read_line(text: str, offset: float = 0.0) -> Line | None:
    """A line of log.txt or of a recording, with another origin of time; what goes on has the text "+ ..."."""
    t, node, rest = text.split(None, 2)
    for pattern, replacement in REPLACED:
        rest = pattern.sub(replacement, rest)
    rest = re.sub(r"^[+*\s]*\* ", "+ * ", rest)
    return None if rest.startswith(LEFT_OUT) else Line(float(t) + offset, node, rest)


def recorded_moments(text: str) -> list[Moment]:
    moments: list[Moment] = []
    for row in text.splitlines():
        if row.startswith("# "):
            moments.append(Moment(float(row.split()[1]), []))
        else:
            line = read_line(row)
            if line is not None:
                moments[-1].lines.append(line)
    return moments


def simulated_moments(rows: Iterable[str], offset: float, begins: list[float], end: float) -> list[Moment]:
    """The same of a simulated log; `offset` makes its times those of the recording."""
    moments = [Moment(begin, []) for begin in begins]
    for row in rows:
        line = read_line(row, offset)
        if line is None or line.t > end:
            continue
        # What is done at a moment is logged in it.
        place = max((at for at, begin in enumerate(begins) if begin <= line.t + 1e-6), default=0)
        moments[place].lines.append(line)
    return moments
