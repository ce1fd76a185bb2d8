"""A progress bar in a notebook cell, without widgets.

It is one output, updated a few times a second and cleared at the end. Work of less than a second shows none,
so a cell of many short runs does not flicker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from serfsim.base.pace import Pace

SHOWN_AFTER_S = 1.0
RENEWED_AFTER_S = 0.2


@contextmanager
def cell_bar(
    name: str, show: Callable[..., Any] | None = None, words: Callable[[], str] | None = None
) -> Iterator[Callable[[float], None]]:
    """Yield a callback that takes the fraction done, 0 to 1.

    `show` is IPython's `display` by default. `words`: text beside the bar instead of percentage and remaining
    time.
    """
    if show is None:
        # start-up: IPython is slow to import
        from IPython.display import display as show
    assert show is not None
    handle: Any = None
    began = told = time.monotonic()
    pace = Pace(began)

    def report(share: float) -> None:
        nonlocal handle, told
        now = time.monotonic()
        pace.tell(share, now)
        if now - began < SHOWN_AFTER_S or now - told < RENEWED_AFTER_S:
            return
        told = now
        bar = bar_of(name, share, words() if words else time_words(share, pace.seconds_left(now)))
        if handle is None:
            handle = show(bar, raw=True, display_id=True)
        else:
            handle.update(bar, raw=True)

    try:
        yield report
    finally:
        if handle is not None:
            handle.update({"text/plain": "", "text/html": ""}, raw=True)


def time_words(share: float, left_s: float | None) -> str:
    """Format the percentage, and the remaining time where known."""
    text = f"{100 * share:.0f} %"
    return text if left_s is None else f"{text}, {left_s:.0f} s left"


def bar_of(name: str, share: float, words: str) -> dict[str, str]:
    """Return the bar in the two MIME types a front end chooses from."""
    bar = f'<progress value="{share:.3f}" max="1" style="width:20em"></progress>'
    return {"text/plain": f"{name}: {words}", "text/html": f"{escape(name)} {bar} {escape(words)}"}
