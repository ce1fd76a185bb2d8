"""Ctrl-C during `serfsim run`: answered at once, and what is finished is kept.

| pressed while           | answer                                                                |
|-------------------------|-----------------------------------------------------------------------|
| the cluster runs        | the run ends there; what came before is scored and saved, as partial  |
| the run is scored       | scoring goes on, and its result is saved as partial, without figures  |
| the result is written   | it is written anew, as partial, without figures                       |
| it is pressed once more | nothing is kept                                                       |
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED = "interrupted: keeping what came before; Ctrl-C again drops it"


class Interruption:
    """`pressed`: Ctrl-C came. `simulated`: the cluster has run to the end of its scenario."""

    def __init__(self) -> None:
        self.pressed = False
        self.simulated = False

    def followed(self, report: Callable[[float], None]) -> Callable[[float], None]:
        """`report`, which is called with the share that is done, so that this knows it too."""

        def follow(fraction: float) -> None:
            self.simulated = fraction >= 1.0
            report(fraction)

        return follow

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler. Raises KeyboardInterrupt where something is to end."""
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
        print(STOPPED, file=sys.stderr, flush=True)
        if not self.simulated:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Ctrl-C as the table above has it while the block runs, in the main thread."""
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
