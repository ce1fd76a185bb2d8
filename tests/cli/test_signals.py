"""Commands that run an event loop end on signals, with or without the loop's own handlers."""

from __future__ import annotations

import asyncio
import signal

import pytest

from serfsim.cli.signals import call_on_signal


@pytest.mark.parametrize("has_handlers", [True, False])
def test_a_signal_calls_the_loop_also_where_loops_take_no_handlers(has_handlers: bool) -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if not has_handlers:

            def refuse(*_: object) -> None:
                raise NotImplementedError

            loop.add_signal_handler = refuse  # type: ignore[method-assign]
        came = asyncio.Event()
        call_on_signal(loop, signal.SIGTERM, came.set)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(came.wait(), 5.0)
        assert came.is_set()

    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGTERM, before)
