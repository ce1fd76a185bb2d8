"""Workers of an existing Dask cluster.

A run occupies its process's interpreter, so each worker process gets one run at a time, however many threads
it has; a worker that dies then takes one run with it, as on this machine. A run is bound to its worker: when
that worker leaves the cluster, the run is given to another. Workers that join later are used too.

Only texts and small dictionaries travel, and only this process writes files.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from uuid import uuid4

from serfsim.base.errors import SweepError
from serfsim.study.sweeps.keys import code_version
from serfsim.study.sweeps.pools import Completion, Task
from serfsim.study.sweeps.worker import Answer

ANSWER_S: Final = 5.0  # seconds the scheduler may take for its first answer
WORKERS_S: Final = 30.0  # seconds a cluster may be without workers
LOOK_S: Final = 0.5  # seconds between checks of the workers while no run ends
FETCH_S: Final = 10.0  # seconds an answer may take from its worker


class DaskWorkers:
    """Workers of the scheduler at `address`, such as tcp://10.0.0.5:8786."""

    same_code = "install the same version on every worker"

    def __init__(self, address: str) -> None:
        self._address = address
        self._stack = ExitStack()
        self._client: Any = None
        self._busy: dict[Any, tuple[str, Task]] = {}
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._workers_seen = time.monotonic()

    def __enter__(self) -> DaskWorkers:
        try:
            # start-up: distributed is an extra, and slow to import
            import distributed
        except ImportError:
            raise SweepError(
                "a Dask scheduler needs the package distributed: pip install 'serfsim[cluster]'"
            ) from None
        check_address(self._address)
        check_answer(self._address)
        with ExitStack() as stack:
            stack.enter_context(silence_loggers("distributed", "distributed.client", "tornado"))
            try:
                connect: Any = distributed.Client
                self._client = connect(self._address, timeout=ANSWER_S, set_as_default=False)
            except OSError:
                raise SweepError(
                    f"{self._address}: no Dask scheduler answered within {ANSWER_S:g} s"
                ) from None
            stack.callback(self._client.close, timeout=ANSWER_S)
            self._check_workers()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        with self._stack:
            for future in self._busy:
                future.cancel()

    def idle(self) -> Sequence[Hashable]:
        busy = {worker for worker, _ in self._busy.values()}
        return [worker for worker in self._workers() if worker not in busy]

    def start(self, worker: Any, task: Task) -> None:
        future = self._client.submit(
            task.work,
            task.text,
            task.seed,
            task.code,
            key=f"serfsim-{uuid4().hex}",
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )
        self._busy[future] = (worker, task)
        future.add_done_callback(self._ended.put)

    def wait(self) -> Sequence[Completion]:
        try:
            future = self._ended.get(timeout=LOOK_S)
        except queue.Empty:
            return self._take_dead()
        return [self._finish(future)] if future in self._busy else []

    def _finish(self, future: Any) -> Completion:
        # start-up: distributed is an extra, and slow to import
        import distributed

        _, task = self._busy.pop(future)
        try:
            answer: Answer = future.result(timeout=FETCH_S)
            return Completion(task, answer)
        except distributed.KilledWorker as error:
            return Completion(task, None, f"Dask gave it up ({error})".split(".")[0])
        except (TimeoutError, distributed.CancelledError, distributed.TimeoutError):
            self._workers()  # raises if the scheduler is gone
            return Completion(task, None, "its worker left before answering")
        except (ImportError, AttributeError) as error:
            raise SweepError(f"{self._address}: a worker cannot run serfsim: {error}") from None

    def _take_dead(self) -> list[Completion]:
        """Return the runs whose workers have left the cluster."""
        there = self._workers()
        completions = []
        for future, (worker, task) in list(self._busy.items()):
            if worker not in there:
                del self._busy[future]
                future.cancel()
                completions.append(Completion(task, None, f"worker {worker} left the cluster"))
        return completions

    def _workers(self) -> list[str]:
        """Return the addresses of the workers.

        Raises SweepError after WORKERS_S without any.
        """
        there = list(self._ask(self._client.nthreads))
        now = time.monotonic()
        if there:
            self._workers_seen = now
        elif now - self._workers_seen > WORKERS_S:
            raise SweepError(f"{self._address}: the cluster has no workers; finished runs are kept")
        return there

    def _check_workers(self) -> None:
        """Check before the first run that all workers run the same code."""
        codes = self._ask(lambda: self._client.run(code_version, on_error="return"))
        for worker, code in codes.items():
            if isinstance(code, BaseException):
                raise SweepError(f"{self._address}: worker {worker} cannot run serfsim: {code}")
            if code != code_version():
                raise SweepError(
                    f"{self._address}: worker {worker} runs serfsim {code}, this is {code_version()}:"
                    f" {self.same_code}"
                )

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Ask the scheduler.

        Raises SweepError where it no longer answers.
        """
        try:
            if self._client.status != "running":
                raise OSError("the connection is closed")
            return question()
        except (OSError, TimeoutError) as error:
            raise SweepError(
                f"{self._address}: lost the scheduler ({error}); finished runs are kept,"
                " and the same command resumes"
            ) from None


def check_address(address: str) -> None:
    """Raise SweepError for an invalid address: after Dask's own error it cannot connect again."""
    # start-up: distributed is an extra, and slow to import
    from distributed.comm.addressing import get_address_host_port, resolve_address

    try:
        port = int(get_address_host_port(address)[1])
        if not 0 < port < 65536:
            raise ValueError(f"there is no port {port}")
        resolve_address(address)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SweepError(
            f"{address}: invalid address of a Dask scheduler ({reason});"
            " expected one such as tcp://10.0.0.5:8786"
        ) from None


def check_answer(address: str) -> None:
    """Raise SweepError where no scheduler answers within ANSWER_S.

    A client would wait forever for a server that accepts the connection and stays silent.
    """
    # start-up: distributed is an extra, and slow to import
    import distributed
    import distributed.comm.core

    connect: Any = distributed.comm.core.connect
    security: Any = distributed.Security

    async def ask() -> None:
        connection = await connect(address, timeout=ANSWER_S, **security().get_connection_args("client"))
        connection.abort()

    async def ask_in_time() -> None:
        await asyncio.wait_for(ask(), ANSWER_S)

    try:
        # In its own thread, since a notebook has a loop running in this one.
        with silence_loggers("distributed", "tornado"), ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, ask_in_time()).result()
    except Exception:  # another service at this address may raise anything
        raise SweepError(f"{address}: no Dask scheduler answered within {ANSWER_S:g} s") from None


@contextmanager
def silence_loggers(*names: str) -> Iterator[None]:
    """Silence Dask's loggers: our own messages report the same."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
