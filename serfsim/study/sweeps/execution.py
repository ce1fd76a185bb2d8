"""Execution of many runs.

A run that raises fails with its error. A run whose worker died is retried once, after all others; if its
worker dies again, it fails and the others go on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import SweepError
from serfsim.scenario.problems import found_expected, quoted
from serfsim.study.sweeps.keys import code_version, run_key, scenario_text
from serfsim.study.sweeps.pools import Completion, InProcess, ProcessPool, Task, WorkerPool
from serfsim.study.sweeps.worker import FAILED, OTHER_CODE, Answer, Job, Outcome, Work

if TYPE_CHECKING:
    from serfsim.study.sweeps.store import Store

TRIES: Final = 2
OnDone = Callable[[Outcome], None]


def run_all(
    jobs: Iterable[Job],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    store: Store | None = None,
    on_done: OnDone | None = None,
) -> list[Outcome]:
    """Run all jobs and return their outcomes in the order of the jobs.

    `workers`: processes on this machine, by default one per processor; 1 is this process itself. `scheduler`:
    the address of a Dask scheduler whose workers run the jobs instead. `store` holds the runs of earlier
    calls and keeps each run of this one as it finishes. `on_done` is called with every outcome as it arrives.

    Raises SweepError where no worker can run the jobs; KeyboardInterrupt stops the workers first.
    """
    check_workers(workers)
    return _Execution(list(jobs), store, on_done or (lambda outcome: None)).carry_out(workers, scheduler)


def text_of(job: Job) -> str:
    """Return the text that a worker gets."""
    work = job.scenario
    return work.text if isinstance(work, Work) else scenario_text(work)


def find_finished(jobs: Iterable[Job], store: Store) -> list[Outcome]:
    """Return the outcomes of the jobs that a store has finished; none runs."""
    found = (store.find(job, run_key(text_of(job), job.seed, job.parameters)) for job in jobs)
    return [outcome for outcome in found if outcome is not None]


def check_workers(workers: int | None) -> None:
    """Raise SweepError for an invalid number of processes."""
    if workers is not None and (not isinstance(workers, Integral) or workers < 1):
        raise SweepError(f"workers: {found_expected(quoted(workers), 'a whole number of at least 1')}")


def processes(workers: int | None, runs: int) -> int:
    """Return the number of processes used for so many runs; `workers` as in `run_all`."""
    if workers is None:
        # start-up: joblib is slow to import
        import joblib

        workers = joblib.cpu_count()
    return max(1, min(workers, runs))


class _Execution:
    """State of one call of `run_all`."""

    def __init__(self, jobs: Sequence[Job], store: Store | None, on_done: OnDone) -> None:
        self._jobs = jobs
        self._store = store
        self._on_done = on_done
        self._outcomes: dict[int, Outcome] = {}
        self._keys: list[str] = []
        self._deaths = [0] * len(jobs)
        self._waiting: deque[Task] = deque()

    def carry_out(self, workers: int | None, scheduler: str | None) -> list[Outcome]:
        self._take_stock()
        if self._waiting:
            with pool_of(workers, scheduler, len(self._waiting)) as pool:
                self._see_through(pool)
        return [self._outcomes[number] for number in range(len(self._jobs))]

    def _take_stock(self) -> None:
        """Separate the runs finished earlier from those to be done."""
        texts: dict[int, str] = {}
        code = code_version()
        for number, job in enumerate(self._jobs):
            if id(job.scenario) not in texts:
                texts[id(job.scenario)] = text_of(job)
            text = texts[id(job.scenario)]
            key = run_key(text, job.seed, job.parameters)
            self._keys.append(key)
            found = self._store.find(job, key) if self._store else None
            if found is not None:
                self._settle(number, found)
            else:
                self._waiting.append(Task(number, text, job.seed, code))

    def _see_through(self, pool: WorkerPool) -> None:
        left = len(self._waiting)
        while left:
            for worker in pool.idle():
                if not self._waiting:
                    break
                pool.start(worker, self._waiting.popleft())
            for completion in pool.wait():
                left -= self._take(completion, pool)

    def _take(self, completion: Completion, pool: WorkerPool) -> bool:
        """Process a completion; return True if it settles the run.

        Raises SweepError where the worker runs other code.
        """
        task, answer = completion.task, completion.answer
        job, key = self._jobs[task.number], self._keys[task.number]
        if answer is None:
            self._deaths[task.number] += 1
            if self._deaths[task.number] < TRIES:
                self._waiting.append(task)
                return False
            error = f"its worker died in {TRIES} tries: {completion.death}"
            self._keep(task.number, Outcome(job, key, FAILED, error))
            return True
        if answer["status"] == OTHER_CODE:
            raise SweepError(
                f"a worker runs serfsim {answer['code']}, this is {task.code}: {pool.same_code};"
                " finished runs are kept"
            )
        self._keep(task.number, outcome_of(job, key, answer))
        return True

    def _keep(self, number: int, outcome: Outcome) -> None:
        if self._store is not None:
            self._store.keep(outcome)
        self._settle(number, outcome)

    def _settle(self, number: int, outcome: Outcome) -> None:
        self._outcomes[number] = outcome
        self._on_done(outcome)


def outcome_of(job: Job, key: str, answer: Answer) -> Outcome:
    """Convert a worker's answer to an outcome."""
    return Outcome(job, key, answer["status"], answer["error"], **_done(answer))


def _done(answer: Answer) -> dict[str, Any]:
    if answer["status"] == FAILED:
        return {}
    return {
        "row": {name: math.nan if value is None else value for name, value in answer["figures"].items()},
        "claims": tuple(answer["claims"]),
        **{name: answer[name] for name in ("digest", "complete", "cpu_s", "wall_s")},
    }


def pool_of(workers: int | None, scheduler: str | None, runs: int) -> WorkerPool:
    """Create the pool for so many runs."""
    if scheduler is not None:
        # start-up: it imports asyncio
        from serfsim.study.sweeps.cluster import DaskWorkers

        return DaskWorkers(scheduler)
    if workers == 1:
        return InProcess()
    return ProcessPool(processes(workers, runs))
