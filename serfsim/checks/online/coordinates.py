"""Network coordinates."""

from __future__ import annotations

import math
from typing import Final

from serfsim.checks.online.checker import Checker
from serfsim.native import i64
from serfsim.protocol.events import COORDINATE_RESET
from serfsim.protocol.vivaldi.client import Client

FURTHEST_S: Final = 100.0  # ten times the longest round trip that Serf takes for one
UNCHECKED = "Serf before 0.8.2 takes whatever a peer sends, spec/coordinate.md"


class CoordinatesValid(Checker):
    """Read each running process's own coordinate at each sample."""

    name = "coordinates_valid"
    rule = (
        "a coordinate is finite; one of Serf's has the configured dimensions, no part beyond 100 s, a height"
        " of at least height_min, and an error above 0 and at most vivaldi_error_max"
    )

    events = (COORDINATE_RESET,)

    def recorded(self, observer: i64, event: i64, subject: i64, detail: i64) -> None:
        self.report(observer, "its coordinate became invalid, and it began anew")

    def sampled(self) -> None:
        for number, node in self.run.running():
            coordinate, config = node.vivaldi.coordinate, node.vivaldi.config
            vector = list(coordinate.vec)
            known = None if config.checks else UNCHECKED
            is_serfs = isinstance(node.vivaldi, Client)
            if is_serfs and len(vector) != config.dimensionality:
                text = f"its coordinate has {len(vector)} dimensions, not {config.dimensionality}"
                self.report(number, text, known=known)
            parts = (*vector, coordinate.height, coordinate.adjustment, coordinate.error)
            if not math.isfinite(sum(parts)):
                self.report(number, f"its coordinate is not finite: {parts}", known=known)
            elif not is_serfs:
                continue
            elif max(map(abs, parts)) > FURTHEST_S:
                self.report(number, f"its coordinate is beyond {FURTHEST_S:g} s: {parts}", known=known)
            elif coordinate.height < config.height_min:
                self.report(
                    number,
                    f"its height is {coordinate.height:g} s, below {config.height_min:g} s",
                    known=known,
                )
            elif not 0.0 < coordinate.error <= config.vivaldi_error_max:
                self.report(
                    number,
                    f"its error is {coordinate.error:g}; the limit is {config.vivaldi_error_max:g}",
                    known=known,
                )
