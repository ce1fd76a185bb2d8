"""`serfsim.swarm(...)`: random scenarios under all checks; what fails is shrunk."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base.errors import SweepError
from serfsim.base.progress import runs_bar
from serfsim.scenario.problems import found_expected, quoted
from serfsim.speed import is_compiled
from serfsim.study.swarm.drawing import PROFILES
from serfsim.study.swarm.examining import carry_out, swarm_version
from serfsim.study.swarm.findings import DIED, Finding
from serfsim.study.swarm.folder import SwarmFolder
from serfsim.study.swarm.interpreted import examine_interpreted, with_interpreted
from serfsim.study.sweeps.execution import check_workers, pool_of
from serfsim.study.sweeps.grid import check_seeds
from serfsim.study.sweeps.pools import Completion, Task, WorkerPool
from serfsim.study.sweeps.worker import OTHER_CODE

if TYPE_CHECKING:
    import pandas as pd

TRIES: Final = 2
ONE_IN: Final = 50  # seeds that run again interpreted,
FEWEST_AGAIN: Final = 8  # or so many, but at most every tenth


@dataclass(frozen=True)
class Seed:
    """The verdict on one seed. `shrunk`: the text of the smallest scenario that fails, "" where none does."""

    seed: int
    findings: tuple[Finding, ...]
    coverage: Mapping[str, Mapping[str, int]]
    shrunk: str = ""
    nodes: int = 0
    cpu_s: float = 0.0
    digest: str = ""
    found: bool = False

    @property
    def failures(self) -> list[Finding]:
        """Findings that no documented behaviour explains."""
        return [one for one in self.findings if not one.known]


@dataclass
class Swarm:
    """The verdicts on all seeds examined, in order; `left` seeds were not, for lack of time."""

    seeds: list[Seed]
    left: int = 0
    folder: Path | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def failed(self) -> list[Seed]:
        return [one for one in self.seeds if one.failures]

    @property
    def coverage(self) -> pd.DataFrame:
        """The coverage table: kind, name, count, seeds, reason."""
        # start-up: pandas is slow to import
        from serfsim.study.swarm.coverage import coverage_table

        return coverage_table(one.coverage for one in self.seeds)

    @property
    def table(self) -> pd.DataFrame:
        """A row for each seed: seed, nodes, rules broken, known behaviours, CPU seconds, digest."""
        # start-up: pandas is slow to import
        from serfsim.study.swarm.coverage import seed_table

        return seed_table(self.seeds)

    @property
    def known(self) -> dict[str, int]:
        """{known behaviour: seeds until it was found}, the first found first."""
        found: dict[str, int] = {}
        for number, one in enumerate(self.seeds, start=1):
            for finding in one.findings:
                if finding.known:
                    found.setdefault(finding.known, number)
        return found


def swarm(
    seeds: Iterable[int] | str = range(1, 101),
    *,
    minutes: float | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    profile: str = "full",
    progress: bool = True,
    lines: bool = False,
) -> Swarm:
    """Draw a scenario from each seed, run it with all checks, and shrink what fails.

    `minutes`: begin no further seed after that time. `out`: a folder that keeps every verdict; the same call
    goes on from there. `workers`, `scheduler`: as for `serfsim.sweep`. `profile`: "full" draws 2 to 200
    members, "small" clusters that take some 20 ms each.

    Raises SweepError for invalid arguments.
    """
    numbers = check_seeds(seeds)
    check_workers(workers)
    if profile not in PROFILES:
        raise SweepError(f"profile: {found_expected(quoted(profile), ' or '.join(PROFILES))}")
    if minutes is not None and not minutes > 0:
        raise SweepError(f"minutes: {found_expected(quoted(minutes), 'more than 0')}")
    deadline = None if minutes is None else time.monotonic() + 60.0 * minutes
    folder = None if out is None else SwarmFolder(Path(out), profile)
    with folder.lock() if folder is not None else nullcontext():
        run = _Run(numbers, profile, folder, deadline)
        with runs_bar("swarm", len(numbers), not progress, lines) as tell:
            try:
                run.carry_out(workers, scheduler, tell)
                run.repeat_interpreted()
            finally:
                ended = run.ended()
                if folder is not None:
                    ended.files = folder.write(ended)
    return ended


class _Run:
    """State of one call of `swarm`."""

    def __init__(
        self, seeds: list[int], profile: str, folder: SwarmFolder | None, deadline: float | None
    ) -> None:
        self._seeds = seeds
        self._profile = profile
        self._folder = folder
        self._deadline = deadline
        self._ended: dict[int, Seed] = {}
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._deaths: dict[int, int] = {}

    def ended(self) -> Swarm:
        done = [self._ended[seed] for seed in self._seeds if seed in self._ended]
        return Swarm(done, len(self._seeds) - len(done), self._folder.folder if self._folder else None)

    def carry_out(self, workers: int | None, scheduler: str | None, tell: Callable[..., None]) -> None:
        """Examine all seeds that no earlier call has."""
        waiting: deque[Task] = deque()
        code = swarm_version()
        for seed in self._seeds:
            found = None if self._folder is None else self._folder.find(seed)
            if found is not None:
                self._answers[seed] = found
                self._settle(seed_of(seed, found, True), tell)
            else:
                waiting.append(Task(seed, self._profile, seed, code, carry_out))
        if waiting:
            with pool_of(workers, scheduler, len(waiting)) as pool:
                self._see_through(pool, waiting, tell)

    def repeat_interpreted(self) -> None:
        """Run some seeds again in the interpreted form, for the network's rows and to compare digests."""
        if not is_compiled() or self._is_late():
            return
        done = [seed for seed in self._seeds if seed in self._answers and "digest" in self._answers[seed]]
        few = max(min(FEWEST_AGAIN, len(done) // 10), len(done) // ONE_IN)
        for seed in done[:: max(1, len(done) // few)] if few else ():
            answer = self._answers[seed]
            if self._is_late() or "interpreted" in answer or not answer["digest"]:
                continue
            answer = with_interpreted(answer, examine_interpreted(self._profile, seed))
            self._answers[seed] = answer
            if self._folder is not None:
                self._folder.keep(seed, answer)
            self._ended[seed] = seed_of(seed, answer, self._ended[seed].found)

    def _see_through(self, pool: WorkerPool, waiting: deque[Task], tell: Callable[..., None]) -> None:
        running = 0
        while running or (waiting and not self._is_late()):
            if not self._is_late():
                for worker in pool.idle():
                    if waiting:
                        pool.start(worker, waiting.popleft())
                        running += 1
            if not running:
                break
            for completion in pool.wait():
                running -= 1
                self._take(completion, waiting, pool, tell)

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _take(
        self, completion: Completion, waiting: deque[Task], pool: WorkerPool, tell: Callable[..., None]
    ) -> None:
        task, answer = completion.task, completion.answer
        if answer is None:
            self._deaths[task.seed] = self._deaths.get(task.seed, 0) + 1
            if self._deaths[task.seed] < TRIES:
                waiting.append(task)
                return
            answer = {"findings": [list(Finding(DIED, completion.death))], "coverage": {}}
        elif answer.get("status") == OTHER_CODE:
            raise SweepError(f"a worker runs serfsim {answer['code']}, this is {task.code}: {pool.same_code}")
        elif "findings" not in answer:  # the pool's own words for what no worker should raise
            answer = {"findings": [list(Finding("error", answer["error"]))], "coverage": {}}
        if self._folder is not None:
            self._folder.keep(task.seed, answer)
        self._answers[task.seed] = answer
        self._settle(seed_of(task.seed, answer, False), tell)

    def _settle(self, one: Seed, tell: Callable[..., None]) -> None:
        self._ended[one.seed] = one
        tell(failed=bool(one.failures), found=one.found)


def seed_of(seed: int, answer: Mapping[str, Any], found: bool) -> Seed:
    """Read a worker's answer, or what a folder kept of it."""
    return Seed(
        seed,
        tuple(Finding(*one) for one in answer["findings"]),
        answer["coverage"],
        answer.get("shrunk", ""),
        answer.get("nodes", 0),
        answer.get("cpu_s", 0.0),
        answer.get("digest", ""),
        found,
    )
