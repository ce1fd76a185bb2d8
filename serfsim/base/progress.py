"""Progress bars: on standard error in a terminal, in the cell in Jupyter, else none.

`bar` is for work with a known fraction done, `runs_bar` for many runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serfsim.base.jupyter import cell_bar
from serfsim.base.pace import Pace

Report = Callable[[float], None]


@contextmanager
def bar(name: str, quiet: bool = False) -> Iterator[Report]:
    """Yield a callback that takes the fraction done, 0 to 1; the bar disappears at the end."""
    if not quiet and in_jupyter():
        with cell_bar(name) as report:
            yield report
        return
    if quiet or not sys.stderr.isatty():
        yield lambda fraction: None
        return
    # start-up: rich is slow to import
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0, left="")
        pace = Pace(time.monotonic())

        def report(fraction: float) -> None:
            now = time.monotonic()
            pace.tell(fraction, now)
            left = pace.seconds_left(now)
            progress.update(task, completed=fraction, left="" if left is None else f"{clock_text(left)} left")

        yield report


LONGEST_NAME = 20
LINE_S = 30.0  # seconds between lines without a terminal

Tell = Callable[..., None]


class RunCount:
    """Count of finished runs in words, of `total`."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.failed = self.earlier = 0
        self._began = time.monotonic()

    def tell(self, *, failed: bool = False, found: bool = False) -> None:
        """Count a finished run; `found`: finished before this sweep began."""
        self.failed += failed
        self.done += not failed
        self.earlier += found

    @property
    def left(self) -> int:
        return self.total - self.done - self.failed

    @property
    def share(self) -> float:
        return 1.0 - self.left / self.total if self.total else 1.0

    def words(self) -> str:
        """Format '13 done, 1 failed, 26 left, 3.2 runs/s, 0:08 to go', with this sweep's rate."""
        parts = [f"{self.done} done"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        parts.append(f"{self.left} left")
        ended = self.done + self.failed - self.earlier
        passed = time.monotonic() - self._began
        if ended and passed > 0.0:
            rate = ended / passed
            parts.append(f"{rate:.3g} runs/s" if rate >= 1.0 else f"{rate * 60:.2g} runs/min")
            parts.append(f"{clock_text(self.left / rate)} to go")
        return ", ".join(parts)


def clock_text(seconds: float) -> str:
    """Format a duration: '0:08', '12:40', '1:02:03'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def runs_bar(name: str, total: int, quiet: bool = False, lines: bool = False) -> Iterator[Tell]:
    """Yield a callback for every finished run: see `RunCount.tell`.

    `lines`: without terminal and notebook, print a line now and then for the log of a CI job.
    """
    count = RunCount(total)
    with _show(name, count, quiet, lines) as renew:

        def tell(*, failed: bool = False, found: bool = False) -> None:
            count.tell(failed=failed, found=found)
            renew()

        yield tell


@contextmanager
def _show(name: str, count: RunCount, quiet: bool, lines: bool) -> Iterator[Callable[[], None]]:
    """Yield a callback for changes of the count."""
    if quiet:
        yield lambda: None
    elif in_jupyter():
        with cell_bar(name, words=count.words) as report:
            yield lambda: report(count.share)
    elif sys.stderr.isatty():
        with _in_terminal(name, count) as renew:
            yield renew
    elif lines:
        yield _line_now_and_then(name, count)
    else:
        yield lambda: None


@contextmanager
def _in_terminal(name: str, count: RunCount) -> Iterator[Callable[[], None]]:
    # start-up: rich is slow to import
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Words(ProgressColumn):
        """Progress text, refreshed a few times a second, since time passes between finished runs too."""

        def render(self, task: Task) -> Text:
            return Text(count.words())

    # Drop what does not fit on the line: first the bar, then the end of a long name.
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=LONGEST_NAME)),
        BarColumn(None, table_column=Column(ratio=1, max_width=40)),
        Words(table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        task = progress.add_task(name, total=count.total)
        yield lambda: progress.update(task, completed=count.done + count.failed)


def _line_now_and_then(name: str, count: RunCount) -> Callable[[], None]:
    last = time.monotonic()

    def renew() -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_S:
            last = time.monotonic()
            print(f"{name}: {count.words()}", file=sys.stderr, flush=True)

    return renew


def in_jupyter() -> bool:
    """Return True if a notebook cell is running this code."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
