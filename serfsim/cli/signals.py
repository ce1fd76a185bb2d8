"""Signals for commands that run an event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def call_on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, call: Callable[[], object]
) -> None:
    """Call on a signal, from the loop; on Windows too, whose loops have no signal handlers."""
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))
