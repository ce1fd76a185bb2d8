"""Who carries runs out: this process itself, or worker processes on this machine.

A pool has workers, each with at most one run at a time. `start` gives a run to one of the `idle`
workers, `finished` waits until at least one has an answer. Each worker process is an executor of its
own (loky's, which joblib brings), so that one that dies takes only its own run with it, and it is
known which. Worker processes end when this one does, however that ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, Final, Protocol

from serfsim.speed import PURE, is_compiled
from serfsim.study.sweeps.worker import Answer, carry_out, failure

LOOK_S: Final = 0.5  # how often a worker looks whether its parent is still there

# Every run is one thread; libraries that would start more of them in every process are held back.
ONE_THREAD: Final = {
    f"{library}_NUM_THREADS": "1"
    for library in ("BLIS", "MKL", "NUMBA", "NUMEXPR", "OMP", "OPENBLAS", "VECLIB_MAXIMUM")
}


@dataclass(frozen=True)
class Task:
    """What a worker is given: see `carry_out`. `number` tells whose it is."""

    number: int
    text: str
    seed: int
    code: str


@dataclass(frozen=True)
class Completion:
    """A task that ended with an answer, or with the death of its worker (`death` says how)."""

    task: Task
    answer: Answer | None
    death: str = ""


class WorkerPool(Protocol):
    """Workers. Used as a context; leaving it ends what still runs.

    `same_code` is what to do where a worker has other code than this process.
    """

    same_code: str

    def __enter__(self) -> WorkerPool: ...

    def __exit__(self, *raised: object) -> None: ...

    def idle(self) -> Sequence[Hashable]:
        """Workers without a run."""

    def start(self, worker: Any, task: Task) -> None:
        """Give one of them a run."""

    def finished(self) -> Sequence[Completion]:
        """Wait for the next to end. Empty where only the workers have changed."""


class InProcess:
    """Runs happen here, one after another, where a debugger can follow them."""

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
        self._completion = Completion(task, carry_out(task.text, task.seed, task.code))

    def finished(self) -> Sequence[Completion]:
        assert self._completion is not None
        completion, self._completion = self._completion, None
        return (completion,)


class ProcessPool:
    """As many worker processes as asked for, started when first needed and again when they die."""

    same_code = "its sources changed meanwhile; begin again"

    def __init__(self, workers: int) -> None:
        self._executors: dict[int, Any] = dict.fromkeys(range(workers))
        self._busy: dict[Future[Answer], tuple[int, Task]] = {}

    def __enter__(self) -> ProcessPool:
        # start-up: joblib is slow to import
        from joblib.externals.loky.backend import resource_tracker as lokys_tracker

        # Both watch over what processes share. To start one sets the mask of signals anew, so they are
        # started before `interruptions_held` needs the mask.
        resource_tracker.ensure_running()
        lokys_tracker.ensure_running()
        # Said of a worker that ends because its memory has grown; another takes its place.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
        return self

    def __exit__(self, *raised: object) -> None:
        started = [executor for executor in self._executors.values() if executor is not None]
        for wait_for_it in (False, True):  # all of them are told before any is waited for
            for executor in started:
                executor.shutdown(wait=wait_for_it, kill_workers=True)

    def idle(self) -> Sequence[Hashable]:
        busy = {worker for worker, _ in self._busy.values()}
        return [worker for worker in self._executors if worker not in busy]

    def start(self, worker: Any, task: Task) -> None:
        with interruptions_held():
            if self._executors[worker] is None:
                self._executors[worker] = _executor()
            future = self._executors[worker].submit(carry_out, task.text, task.seed, task.code)
        self._busy[future] = (worker, task)

    def finished(self) -> Sequence[Completion]:
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
            return Completion(task, None, how_it_died(error))
        except (Exception, SystemExit) as error:
            return Completion(task, failure(error))

    def _end(self, worker: int) -> None:
        executor, self._executors[worker] = self._executors[worker], None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)


def _executor() -> Any:
    # start-up: joblib is slow to import
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    form = {} if is_compiled() else {PURE: "1"}  # then it has been said already that it is interpreted
    return ProcessPoolExecutor(
        max_workers=1, env={**ONE_THREAD, **form}, initializer=end_with_parent, initargs=(os.getpid(),)
    )


def how_it_died(error: BaseException) -> str:
    """'killed by SIGKILL' of loky's words, where they tell."""
    text = str(error)
    for name in signal.Signals.__members__:
        if f"{name}(-" in text:
            return f"killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
    return "its process ended"


def end_with_parent(parent: int) -> None:
    """Have this process end when its parent does, however that ended: nobody else would tell it to."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


@contextmanager
def interruptions_held() -> Iterator[None]:
    """Processes and threads that begin here never see a Ctrl-C: it is this process that ends them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
