"""Ctrl-C during `serfsim run`: immediate, and finished work is kept.

| pressed while           | answer                                                                |
|-------------------------|-----------------------------------------------------------------------|
| the cluster runs        | the run ends; the time simulated is scored and saved, marked partial  |
| the run is scored       | scoring goes on; the result is saved without figures, marked partial  |
| the result is written   | it is rewritten without figures, marked partial                       |
| it is pressed again     | nothing is kept                                                       |
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED = "interrupted: saving the partial result; Ctrl-C again discards it"


class Interruption:
    """State of an interruptible run.

    `pressed`: Ctrl-C was pressed. `simulated`: the cluster has run to the end of its scenario.
    """

    def __init__(self) -> None:
        self.pressed = False
        self.simulated = False

    def follow(self, report: Callable[[float], None]) -> Callable[[float], None]:
        """Wrap the callback `report` of the fraction done, so that this object sees the end too."""

        def follow(fraction: float) -> None:
            self.simulated = fraction >= 1.0
            report(fraction)

        return follow

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal.

        Raises KeyboardInterrupt where work has to stop.
        """
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        print(STOPPED, file=sys.stderr, flush=True)
        if not self.simulated:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle Ctrl-C as in the table above while the block runs, in the main thread."""
    interruption = Interruption()
    usual = signal.getsignal(signal.SIGINT)
    ours = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, interruption.handle)
    try:
        yield interruption
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)
