"""The folder of a swarm: verdicts as they come, the files that fail, the coverage table and a page.

| file | content |
|---|---|
| `parts/` | one file for each seed examined, as of a sweep |
| `failures/seed-N.yaml` | the smallest scenario found that breaks the rule in its first line |
| `seeds.csv` | a row for each seed |
| `coverage.csv` | what was exercised, and how often |
| `swarm.html` | the verdict, the coverage and the failures on a page |
"""

from __future__ import annotations

import hashlib
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from serfsim.base import locking, manifest
from serfsim.base.atomic_files import cannot_write, write_whole
from serfsim.base.errors import ResultError, SweepError
from serfsim.study.swarm.examining import swarm_version
from serfsim.study.sweeps.store import PARTS, checked_text, read_part
from serfsim.study.sweeps.worker import Answer

if TYPE_CHECKING:
    from serfsim.study.swarm.swarming import Swarm

LOCK: Final = ".lock"
FAILURES: Final = "failures"
SEEDS: Final = "seeds.csv"
COVERAGE: Final = "coverage.csv"
PAGE: Final = "swarm.html"
OWN: Final = (PARTS, LOCK, FAILURES, SEEDS, COVERAGE, PAGE, "manifest.json")


class SwarmFolder:
    """The folder at `folder`, of scenarios of one profile."""

    def __init__(self, folder: Path, profile: str) -> None:
        self.folder = folder
        self._profile = profile
        self._parts = folder / PARTS
        try:
            strangers = [one.name for one in folder.iterdir()] if folder.is_dir() else []
            strangers = [name for name in strangers if name not in OWN and not name.endswith(".partial")]
            if strangers and not self._is_kept():
                raise SweepError(
                    f"{folder}: found {strangers[0]}; expected a new or empty folder, or a swarm's"
                )
            self._parts.mkdir(parents=True, exist_ok=True)
            for left in [*self._parts.glob(".*.partial"), *folder.glob(".*.partial")]:
                left.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self._parts, error, SweepError) from None

    def _is_kept(self) -> bool:
        """Return whether a swarm has written its tables here."""
        try:
            kept = manifest.read(self.folder)
        except ResultError as error:
            raise SweepError(str(error)) from None
        return kept is not None and kept.kind == "swarm"

    def lock(self) -> AbstractContextManager[None]:
        """Lock the folder. Raises SweepError where another swarm holds it."""
        return locking.hold_lock(self.folder / LOCK, self.folder, "examines seeds in it", SweepError)

    def _key(self, seed: int) -> str:
        named = [self._profile, seed, swarm_version()]
        return hashlib.blake2b(json.dumps(named).encode(), digest_size=16).hexdigest()

    def find(self, seed: int) -> dict[str, Any] | None:
        """Return the verdict of an earlier call by the same code; None where none is there and whole."""
        key = self._key(seed)
        try:
            return read_part((self._parts / f"{key}.json").read_text(encoding="utf-8"), key)
        except (OSError, UnicodeDecodeError):
            return None

    def keep(self, seed: int, answer: Answer) -> None:
        """Store a verdict. Raises SweepError where it cannot be written."""
        key = self._key(seed)
        write_whole(
            self._parts / f"{key}.json", checked_text({"run": key, "seed": seed, **answer}), SweepError
        )

    def write(self, ended: Swarm) -> list[Path]:
        """Write tables, page and the files that fail; return these."""
        # start-up: pandas is slow to import
        from serfsim.study.swarm.page import page_text

        failures = self.folder / FAILURES
        failures.mkdir(exist_ok=True)
        for old in failures.glob("seed-*.yaml"):
            old.unlink()
        files = []
        for one in ended.failed:
            if one.shrunk:
                files.append(failures / f"seed-{one.seed}.yaml")
                write_whole(files[-1], one.shrunk, SweepError)
        write_whole(self.folder / SEEDS, ended.table.to_csv(index=False), SweepError)
        write_whole(self.folder / COVERAGE, ended.coverage.to_csv(index=False), SweepError)
        write_whole(self.folder / PAGE, page_text(ended), SweepError)
        manifest.renew(self.folder, "swarm", (SEEDS, COVERAGE, PAGE))
        return files
