"""The history of the figures: one line of JSON for every accepted baseline.

`serfsim regress --accept` appends a line, and so does `--record`, meant for a CI job on the main branch. No
other run does: the file records the project's history, not everyone's experiments. A line is appended in a
single write. Readers skip a truncated line (a full disk, a kill) with a warning, and the next one starts on a
new line.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from serfsim.base.errors import BaselineError
from serfsim.study.regression.runs import DIGITS, Runs

SCHEMA_VERSION: Final = 1
FILE: Final = "history.jsonl"
ACCEPTED: Final = "accepted"
RECORDED: Final = "recorded"
HEADLINES: Final = (
    "detection.false_positives",
    "detection.suspicions",
    "detection.tcp_fallbacks",
    "detection.first_s.mean",
    "detection.full_s.max",
    "coordinates.relative_error.p50",
    "coordinates.relative_error.p90",
    "coordinates.believed_error.p50",
    "coordinates.drift_ms_per_s",
    "dissemination.events.p50_s",
    "dissemination.events.p99_s",
    "dissemination.queries.delivered_share",
    "convergence.one_view_s",
    "traffic.bytes_per_node_s",
    "health.score.mean",
)
"""Figures kept for each scenario, where its runs have them and they are not always 0."""


def line_of(scenarios: Mapping[str, Runs], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the history.

    `about` (kind, commit, date, code, because), and [p25, median, p75] of the headline figures.
    """
    kept = {name: {"runs": len(runs.seeds), **_headlines(runs)} for name, runs in sorted(scenarios.items())}
    return {"schema_version": SCHEMA_VERSION, **about, "scenarios": kept}


def _headlines(runs: Runs) -> dict[str, Any]:
    kept = {}
    for name in HEADLINES:
        values = runs.values(name)
        values = values[~np.isnan(values)]
        if len(values) and values.any():
            quartiles = np.quantile(values, (0.25, 0.5, 0.75))
            kept[name] = [float(f"{value:.{DIGITS}g}") for value in quartiles]
    return kept


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Append a line, whole or not at all.

    Raises BaselineError where it cannot be written.
    """
    text = json.dumps(line, allow_nan=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                text = "\n" + text
            data = text.encode()
            if os.write(handle, data) < len(data):
                os.truncate(handle, size)
                raise OSError("only part of it was written")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from None


def read_history(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all complete lines, oldest first, and a warning for each one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror}") from None
    lines, warnings = [], []
    for number, written in enumerate(text.splitlines(), 1):
        if not written.strip():
            continue
        try:
            line = json.loads(written)
        except ValueError:
            warnings.append(f"{path}:{number}: truncated line skipped")
            continue
        if isinstance(line, dict) and line.get("schema_version") == SCHEMA_VERSION and _is_whole(line):
            lines.append(line)
        else:
            warnings.append(f"{path}:{number}: line of unknown kind skipped")
    return lines, warnings


def _is_whole(line: Mapping[str, Any]) -> bool:
    scenarios = line.get("scenarios")
    return isinstance(scenarios, dict) and all(isinstance(kept, dict) for kept in scenarios.values())


def series(lines: list[dict[str, Any]], scenario: str, figure: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return [p25, median, p75] of every line, shape (lines, 3), NaN where a line has none."""
    out = np.full((len(lines), 3), math.nan)
    for place, line in enumerate(lines):
        kept = line["scenarios"].get(scenario, {}).get(figure)
        if (
            isinstance(kept, list)
            and len(kept) == 3
            and all(isinstance(value, (int, float)) for value in kept)
        ):
            out[place] = kept
    return out


def commit_here(folder: Path | None = None) -> str:
    """Return the commit checked out in `folder` (default: here), with '+changes' where files differ from it.

    '' where there is none; without a checkout GitHub Actions supplies the commit of the job.
    """
    commit = _git("rev-parse", "HEAD", folder=folder)
    if commit is None:
        return os.environ.get("GITHUB_SHA", "")
    changes = _git("status", "--porcelain", "--untracked-files=no", folder=folder)
    return f"{commit}+changes" if changes else commit


def _git(*words: str, folder: Path | None) -> str | None:
    """Run git and return its output, or None where it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, timeout=20, cwd=folder, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
