"""Pack the data of one or two results into the page."""

from __future__ import annotations

import html
import zlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from serfsim.base.atomic_files import write_whole
from serfsim.base.errors import ResultError
from serfsim.replays.document import Caption, document_bytes, require_recording
from serfsim.results.run_result import RunResult

TITLE: Final = "<!--title-->"
DATA: Final = "<!--data-->"
SCRIPT: Final = '<script type="application/octet-stream" class="replay-data">'
LEVEL: Final = 6  # of deflate


@cache
def _template() -> str:
    return (files(__package__) / "templates" / "replay.html").read_text(encoding="utf-8")


def replay_page(
    result: RunResult, other: RunResult | None = None, *, captions: Sequence[Caption] = ()
) -> str:
    """Return the page that plays a result, beside a second one if given.

    Raises ResultError if a result lacks what a replay needs.
    """
    results = [result] if other is None else [result, other]
    scripts = [f"{SCRIPT}{_packed(document_bytes(one, captions))}</script>" for one in results]
    title = html.escape(" and ".join(str(one.summary["name"]) for one in results))
    # The data come last, and hold nothing that looks like a marker.
    return _template().replace(TITLE, f"{title} — replay", 1).replace(DATA, "\n".join(scripts), 1)


def replay(
    result: RunResult | str | Path,
    path: str | Path,
    other: RunResult | str | Path | None = None,
    *,
    captions: Sequence[Caption] = (),
) -> Path:
    """Write the page that plays a result, beside a second one if given, and return its path.

    Results are those of `run`, or result folders. The page needs no network. `captions` appear as their times
    come. Raises ResultError if a result was not recorded for it (`record: {replay: true}`), or if the page
    cannot be written.
    """
    first = _opened(result)
    second = None if other is None else _opened(other)
    path = Path(path)
    text = replay_page(first, second, captions=captions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _opened(result: RunResult | str | Path) -> RunResult:
    if isinstance(result, RunResult):
        require_recording(result, str(result.summary["name"]))
        return result
    opened = RunResult.open(result)
    require_recording(opened, str(result))
    return opened


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data, LEVEL)).decode()
