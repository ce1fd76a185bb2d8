"""Which commit of the project stands here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def commit_here(folder: Path | None = None) -> str:
    """The commit checked out in `folder` (here unless given), with '+changes' where files differ from it.

    '' where there is none; in GitHub Actions without a checkout it is the one that the job is about.
    """
    commit = _git("rev-parse", "HEAD", folder=folder)
    if commit is None:
        return os.environ.get("GITHUB_SHA", "")
    changes = _git("status", "--porcelain", "--untracked-files=no", folder=folder)
    return f"{commit}+changes" if changes else commit


def _git(*words: str, folder: Path | None) -> str | None:
    """What git prints, None where it fails or is not there."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, timeout=20, cwd=folder)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
