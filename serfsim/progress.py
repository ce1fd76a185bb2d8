"""A progress bar for whoever waits: in a terminal on standard error, in Jupyter in the cell; else nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[float], None]


@contextmanager
def bar(name: str, quiet: bool = False) -> Iterator[Report]:
    """Yields what is told the share that is done, 0 to 1. The bar is gone when the work is."""
    if not quiet and in_jupyter():
        from serfsim.jupyter import cell_bar

        with cell_bar(name) as report:
            yield report
        return
    if quiet or not sys.stderr.isatty():
        yield lambda fraction: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)


@contextmanager
def runs_bar(name: str, total: int, quiet: bool = False) -> Iterator[Callable[[bool], None]]:
    """Yields what is told of every run that ends whether it failed."""
    with bar(name, quiet) as report:
        ended = 0

        def tell(failed: bool) -> None:
            nonlocal ended
            ended += 1
            report(ended / total)

        yield tell


def in_jupyter() -> bool:
    """Whether the cell of a notebook is what runs."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
