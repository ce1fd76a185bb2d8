"""Conservation of streams."""

from __future__ import annotations

from typing import Any

from serfsim.checks.online.checker import Checker
from serfsim.checks.online.observed import Observed
from serfsim.native import i64


class StreamsEnd(Checker):
    """Count the streams that each process dials and the ends that it learns of."""

    name = "streams_end_once"
    rule = "each stream that a process dials ends once for it: with an answer, an error, or its deadline"

    def __init__(self, run: Observed) -> None:
        super().__init__(run)
        self._ended = [0] * run.n
        self._dialled_before = [0] * run.n  # by earlier processes

    def started(self, member: i64) -> None:
        self._ended[member] = 0
        self._dialled_before[member] = self.run.hosts[member].dials

    def stream_ended(self, member: i64, token: i64, outcome: i64) -> None:
        self._ended[member] += 1

    def finished(self, recording: Any) -> None:
        for member, _ in self.run.running():
            host = self.run.hosts[member]
            without_end = host.dials - self._dialled_before[member] - self._ended[member]
            if without_end != len(host.dialled) and not host.stalled:
                text = f"{without_end} of its streams have no end, and {len(host.dialled)} are open"
                self.report(member, text)
