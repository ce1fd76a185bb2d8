"""Pools that carry out runs: this process itself, or worker processes on this machine.

A pool has workers, each with at most one run. `start` gives a run to one of the `idle` workers, `wait`
returns when at least one has answered. Each worker process is its own executor (loky's, bundled with joblib),
so a worker that dies takes only its own run with it. Worker processes end when this one does, however it
ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import Any, Final, Protocol

from serfsim.speed import PURE, is_compiled
from serfsim.study.sweeps.worker import Answer, carry_out, failure

LOOK_S: Final = 0.5  # seconds between a worker's checks that its parent is alive

# Each run is one thread; keep libraries from starting more in every process.
ONE_THREAD: Final = {
    f"{library}_NUM_THREADS": "1"
    for library in ("BLIS", "MKL", "NUMBA", "NUMEXPR", "OMP", "OPENBLAS", "VECLIB_MAXIMUM")
}


@dataclass(frozen=True)
class Task:
    """A worker's input, with which it calls `work`: see `carry_out`.

    `number` identifies the job.
    """

    number: int
    text: str
    seed: int
    code: str
    work: Callable[[str, int, str], Answer] = field(default_factory=lambda: carry_out)


@dataclass(frozen=True)
class Completion:
    """A task that ended with an answer, or with the death of its worker (`death` is the cause)."""

    task: Task
    answer: Answer | None
    death: str = ""


class WorkerPool(Protocol):
    """Workers, as a context manager; leaving it stops running tasks.

    `same_code`: advice for a worker whose code differs from this process's.
    """

    same_code: str

    def __enter__(self) -> WorkerPool: ...

    def __exit__(self, *raised: object) -> None: ...

    def idle(self) -> Sequence[Hashable]:
        """Return the workers without a run."""

    def start(self, worker: Any, task: Task) -> None:
        """Give a run to an idle worker."""

    def wait(self) -> Sequence[Completion]:
        """Wait for the next completions; empty where only the set of workers has changed."""


class InProcess:
    """Runs one after another in this process, where a debugger can follow them."""

    same_code = "begin again"

    def __init__(self) -> None:
        self._completion: Completion | None = None

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def idle(self) -> Sequence[Hashable]:
        return () if self._completion else (0,)

    def start(self, worker: Any, task: Task) -> None:
        self._completion = Completion(task, task.work(task.text, task.seed, task.code))

    def wait(self) -> Sequence[Completion]:
        assert self._completion is not None
        completion, self._completion = self._completion, None
        return (completion,)


class ProcessPool:
    """Worker processes, started when first needed and again when they die."""

    same_code = "its sources changed meanwhile; begin again"

    def __init__(self, workers: int) -> None:
        self._executors: dict[int, Any] = dict.fromkeys(range(workers))
        self._busy: dict[Future[Answer], tuple[int, Task]] = {}

    def __enter__(self) -> ProcessPool:
        # start-up: joblib is slow to import
        from joblib.externals.loky.backend import resource_tracker as lokys_tracker

        # Both resources are shared by the processes. Starting one resets the signal mask, so start them
        # before `hold_interruptions` sets it.
        resource_tracker.ensure_running()
        lokys_tracker.ensure_running()
        # Warning about a worker that ended because its memory had grown; another takes its place.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
        return self

    def __exit__(self, *raised: object) -> None:
        started = [executor for executor in self._executors.values() if executor is not None]
        for wait_for_it in (False, True):  # signal all of them before waiting for any
            for executor in started:
                executor.shutdown(wait=wait_for_it, kill_workers=True)

    def idle(self) -> Sequence[Hashable]:
        busy = {worker for worker, _ in self._busy.values()}
        return [worker for worker in self._executors if worker not in busy]

    def start(self, worker: Any, task: Task) -> None:
        with hold_interruptions():
            if self._executors[worker] is None:
                self._executors[worker] = _executor()
            future = self._executors[worker].submit(task.work, task.text, task.seed, task.code)
        self._busy[future] = (worker, task)

    def wait(self) -> Sequence[Completion]:
        done, _ = wait(self._busy, return_when=FIRST_COMPLETED)
        return [self._completion(future) for future in self._busy.copy() if future in done]

    def _completion(self, future: Future[Answer]) -> Completion:
        # start-up: joblib is slow to import
        from joblib.externals.loky.process_executor import BrokenProcessPool

        worker, task = self._busy.pop(future)
        try:
            return Completion(task, future.result())
        except BrokenProcessPool as error:
            self._end(worker)
            return Completion(task, None, how_it_take_dead(error))
        except (Exception, SystemExit) as error:
            return Completion(task, failure(error))

    def _end(self, worker: int) -> None:
        executor, self._executors[worker] = self._executors[worker], None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)


def _executor() -> Any:
    # start-up: joblib is slow to import
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    form = {} if is_compiled() else {PURE: "1"}  # the parent has reported that it runs interpreted
    return ProcessPoolExecutor(
        max_workers=1, env={**ONE_THREAD, **form}, initializer=end_with_parent, initargs=(os.getpid(),)
    )


def how_it_take_dead(error: BaseException) -> str:
    """Describe a worker's death from loky's message: 'killed by SIGKILL'."""
    text = str(error)
    for name in signal.Signals.__members__:
        if f"{name}(-" in text:
            return f"killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
    return "its process ended"


def end_with_parent(parent: int) -> None:
    """End this process when its parent does, however the parent ends."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


@contextmanager
def hold_interruptions() -> Iterator[None]:
    """Block Ctrl-C in processes and threads that start here: this process ends them itself."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
