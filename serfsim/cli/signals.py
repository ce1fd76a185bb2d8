"""Signals for commands that run an event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def call_on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, call: Callable[[], object]
) -> None:
    """Call a function on a signal from the event loop, also on Windows, whose loops lack signal handlers."""
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))
