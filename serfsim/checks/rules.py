"""The checkers of a run by the names of their rules."""

from __future__ import annotations

from typing import Final

from serfsim.checks.checker import Checker
from serfsim.checks.coordinates import CoordinatesValid
from serfsim.checks.deliveries import DeliveredOnce
from serfsim.checks.incarnations import IncarnationsGrow
from serfsim.checks.lamport import LamportGrows
from serfsim.checks.packets import PacketsConserved
from serfsim.checks.stopped import StoppedSilent

CHECKERS: Final[dict[str, type[Checker]]] = {
    checker.name: checker
    for checker in (
        PacketsConserved,
        StoppedSilent,
        DeliveredOnce,
        LamportGrows,
        IncarnationsGrow,
        CoordinatesValid,
    )
}
