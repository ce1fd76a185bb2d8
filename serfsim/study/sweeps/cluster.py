"""The workers of a Dask cluster that is there already.

A run holds its process's interpreter, so each worker process has one run at a time, however many
threads it has; whatever dies with a worker is then one run, as on this machine. A run is bound to the
worker that it was given to: when that worker leaves the cluster, it is known to have died with it, and
is given to another. Workers that join later are used too.

Only texts and small dictionaries travel, and nothing but this process writes files.
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
from serfsim.study.sweeps.worker import Answer, carry_out

ANSWER_S: Final = 5.0  # how long the scheduler may take to answer at first
WORKERS_S: Final = 30.0  # how long a cluster may be without workers
LOOK_S: Final = 0.5  # how often to look which workers are there while nothing ends
FETCH_S: Final = 10.0  # how long an answer may take from its worker to here


class DaskWorkers:
    """The workers of the scheduler at `address`, such as tcp://10.0.0.5:8786."""

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
            stack.enter_context(silenced("distributed", "distributed.client", "tornado"))
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
            carry_out,
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

    def finished(self) -> Sequence[Completion]:
        try:
            future = self._ended.get(timeout=LOOK_S)
        except queue.Empty:
            return self._died()
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
            self._workers()  # says so if it is the scheduler that is gone
            return Completion(task, None, "its worker left before it had answered")
        except (ImportError, AttributeError) as error:
            raise SweepError(f"{self._address}: a worker cannot run serfsim: {error}") from None

    def _died(self) -> list[Completion]:
        """The runs whose workers have left the cluster."""
        there = self._workers()
        completions = []
        for future, (worker, task) in list(self._busy.items()):
            if worker not in there:
                del self._busy[future]
                future.cancel()
                completions.append(Completion(task, None, f"worker {worker} left the cluster"))
        return completions

    def _workers(self) -> list[str]:
        """The addresses of those that are there. SweepError where nobody has been for long."""
        there = list(self._asked(self._client.nthreads))
        now = time.monotonic()
        if there:
            self._workers_seen = now
        elif now - self._workers_seen > WORKERS_S:
            raise SweepError(f"{self._address}: the cluster has no workers; runs that are finished are kept")
        return there

    def _check_workers(self) -> None:
        """Before the first run: those that are there run the same code."""
        codes = self._asked(lambda: self._client.run(code_version, on_error="return"))
        for worker, code in codes.items():
            if isinstance(code, BaseException):
                raise SweepError(f"{self._address}: worker {worker} cannot run serfsim: {code}")
            if code != code_version():
                raise SweepError(
                    f"{self._address}: worker {worker} runs serfsim {code}, this is {code_version()}:"
                    f" {self.same_code}"
                )

    def _asked(self, question: Callable[[], Any]) -> Any:
        """What the scheduler answers. SweepError where it no longer does."""
        try:
            if self._client.status != "running":
                raise OSError("the connection is closed")
            return question()
        except (OSError, TimeoutError) as error:
            raise SweepError(
                f"{self._address}: the scheduler is gone ({error}); runs that are finished are kept,"
                " and the same command goes on"
            ) from None


def check_address(address: str) -> None:
    """Raises SweepError for what is no address: Dask's own refusals leave it unable to connect again."""
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
            f"{address}: found no address of a Dask scheduler ({reason}); expected one like tcp://10.0.0.5:8786"
        ) from None


def check_answer(address: str) -> None:
    """Raises SweepError where no scheduler answers within ANSWER_S.

    A client waits without end where something accepts the connection and then says nothing.
    """
    # start-up: distributed is an extra, and slow to import
    import distributed
    import distributed.comm.core

    connect: Any = distributed.comm.core.connect
    security: Any = distributed.Security

    async def asked() -> None:
        connection = await connect(address, timeout=ANSWER_S, **security().get_connection_args("client"))
        connection.abort()

    async def in_time() -> None:
        await asyncio.wait_for(asked(), ANSWER_S)

    try:
        # In a thread of its own, since a notebook has a loop running in this one.
        with silenced("distributed", "tornado"), ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, in_time()).result()
    except Exception:  # whatever the words of something else are taken for
        raise SweepError(f"{address}: no Dask scheduler answered within {ANSWER_S:g} s") from None


@contextmanager
def silenced(*names: str) -> Iterator[None]:
    """What these loggers would print is said by our own messages."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
