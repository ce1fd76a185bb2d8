"""The digest of a run that goes on: a forked process ends its copy of the run, and scores it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from serfsim.scenario.units import write_duration

if TYPE_CHECKING:
    from serfsim.simulation.simulation import Simulation

LONGEST_S: Final = 120.0  # of real time


async def digest_at(sim: Simulation, t: float) -> str | None:
    """Return the digest of a run that ends at `t`, not before its present time; None if it cannot be had.

    That of `serfsim run` is the same. Systems without fork, such as Windows, have none.
    """
    if not hasattr(os, "fork"):
        return None
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _tell_digest(sim, t, writing)
    os.close(writing)
    text = b""
    try:
        text = await asyncio.wait_for(_read(reading), LONGEST_S)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
    finally:
        os.close(reading)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
    return text.decode() or None


async def _read(pipe: int) -> bytes:
    """Read a pipe to its end."""
    loop = asyncio.get_running_loop()
    text = b""
    while True:
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(pipe, _resolve, ready)
        try:
            await ready
        finally:
            loop.remove_reader(pipe)
        piece = os.read(pipe, 4096)
        if not piece:
            return text
        text += piece


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _tell_digest(sim: Simulation, t: float, writing: int) -> None:
    """End the run in this forked process, write its digest, and end the process."""
    try:
        signal.set_wakeup_fd(-1)  # the parent's event loop would be woken
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        changes: dict[str, Any] = {"faults": [], "workload": [], "duration": write_duration(t)}
        sim.scenario = sim.scenario.with_settings(changes)  # its entries have been carried out
        os.write(writing, sim.run_whole().summary["digest"].encode())
    finally:
        os._exit(0)
