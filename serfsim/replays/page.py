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
from serfsim.replays.agent_logs import AgentLogs, logs_bytes
from serfsim.replays.captures import Capture, capture_bytes
from serfsim.replays.document import Caption, document_bytes, require_recording
from serfsim.results.run_result import RunResult

TITLE: Final = "<!--title-->"
DATA: Final = "<!--data-->"
SCRIPT: Final = '<script type="application/octet-stream" class="replay-data">'
LIVE: Final = '<meta name="serfsim-live" content="{}">'
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
    title = " and ".join(str(one.summary["name"]) for one in results)
    return _page(title, [document_bytes(one, captions) for one in results])


def live_page(name: str, *, needs_token: bool) -> str:
    """Return the page without data, which asks the server that it comes from for a running simulation."""
    source = LIVE.format("token" if needs_token else "open")
    return _template().replace(TITLE, f"{html.escape(name)} — live", 1).replace(DATA, source, 1)


def replay_logs(logs: AgentLogs, path: str | Path) -> Path:
    """Write the page that plays the logs of some agents, and return its path.

    Raises ResultError if it cannot be written.
    """
    names = [logs.members[number] for number in logs.observers]
    return _write(Path(path), _page(f"logs of {', '.join(names[:4])}", [logs_bytes(logs)]))


def replay_capture(capture: Capture, path: str | Path) -> Path:
    """Write the page that plays the packets of captures, and return its path.

    Raises ResultError if it cannot be written.
    """
    names = [capture.members[number] for number in capture.observers]
    return _write(Path(path), _page(f"packets of {', '.join(names[:4])}", [capture_bytes(capture)]))


def _page(title: str, documents: Sequence[bytes]) -> str:
    scripts = [f"{SCRIPT}{_packed(document)}</script>" for document in documents]
    # The data come last, and hold nothing that looks like a marker.
    whole = _template().replace(TITLE, f"{html.escape(title)} — replay", 1)
    return whole.replace(DATA, "\n".join(scripts), 1)


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


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
    return _write(Path(path), replay_page(first, second, captions=captions))


def _opened(result: RunResult | str | Path) -> RunResult:
    if isinstance(result, RunResult):
        require_recording(result, str(result.summary["name"]))
        return result
    opened = RunResult.open(result)
    require_recording(opened, str(result))
    return opened


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data, LEVEL)).decode()
