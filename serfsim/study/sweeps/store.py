"""Finished runs in a folder, one part each.

A part is a JSON file named by the key of its run. It is written under a temporary name and renamed, so after
any interruption a part is complete or absent. A part contains a digest of its content: a damaged one is
ignored, and its run repeated. There is no fsync, since a part torn by a power failure is detected.

Failed runs have parts with their error; they are retried.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from serfsim.base.atomic_files import cannot_write, write_whole
from serfsim.base.errors import SweepError
from serfsim.study.sweeps.worker import DONE, FAILED, Job, Outcome

PARTS: Final = "parts"
SCHEMA_VERSION: Final = 1


class Store:
    """The parts below `folder`.

    `damaged`: the damaged files found so far.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.parts = self.folder / PARTS
        self.damaged: list[Path] = []
        try:
            self.parts.mkdir(parents=True, exist_ok=True)
            # Left by a process that was killed while writing.
            for left in [*self.parts.glob(".*.partial"), *self.folder.glob(".*.partial")]:
                left.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.parts, error, SweepError) from None

    def find(self, job: Job, key: str) -> Outcome | None:
        """Return the outcome of a run finished earlier; None where it is not finished or failed."""
        file = self.parts / f"{key}.json"
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            self.damaged.append(file)
            return None
        part = read_part(text, key)
        if part is None:
            self.damaged.append(file)
            return None
        return None if part["status"] == FAILED else outcome_of_part(job, part)

    def keep(self, outcome: Outcome) -> None:
        """Store an outcome.

        Raises SweepError where it cannot be written.
        """
        write_whole(self.parts / f"{outcome.run}.json", part_text(outcome), SweepError)


def part_text(outcome: Outcome) -> str:
    body = {
        "run": outcome.run,
        "seed": outcome.job.seed,
        "parameters": dict(outcome.job.parameters),
        "status": outcome.status,
        "error": outcome.error,
    }
    if outcome.status == DONE:
        body |= {
            "digest": outcome.digest,
            "complete": outcome.complete,
            "cpu_s": outcome.cpu_s,
            "wall_s": outcome.wall_s,
            "claims": [dict(claim) for claim in outcome.claims],
            "figures": {name: None if math.isnan(value) else value for name, value in outcome.row.items()},
        }
    return checked_text(body)


def checked_text(body: dict[str, Any]) -> str:
    """Return a part with the digest of its content. `body` has its key as `run`."""
    whole = {"schema_version": SCHEMA_VERSION, **body}
    return json.dumps({**whole, "check": _check(whole)}, allow_nan=False) + "\n"


def read_part(text: str, key: str | None = None) -> dict[str, Any] | None:
    """Return the part, or None where it is damaged or belongs to another run than that of the key."""
    try:
        body = json.loads(text)
        check = body.pop("check")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    if check != _check(body) or body["schema_version"] != SCHEMA_VERSION:
        return None
    return body if key in (None, body["run"]) else None


def outcome_of_part(job: Job, part: dict[str, Any]) -> Outcome:
    if part["status"] == FAILED:
        return Outcome(job, part["run"], FAILED, part["error"], found=True)
    return Outcome(
        job,
        part["run"],
        DONE,
        row={name: math.nan if value is None else value for name, value in part["figures"].items()},
        digest=part["digest"],
        complete=part["complete"],
        claims=tuple(part["claims"]),
        cpu_s=part["cpu_s"],
        wall_s=part["wall_s"],
        found=True,
    )


def all_parts(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every undamaged part in a sweep's folder, in the order of their keys."""
    for file in sorted((folder / PARTS).glob("*.json")):
        try:
            part = read_part(file.read_text(encoding="utf-8"), file.stem)
        except (OSError, UnicodeDecodeError):
            continue
        if part is not None:
            yield part


def _check(body: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(body).encode(), digest_size=8).hexdigest()
