"""The catalogue of the library: name, kind, question and situation of each file, read without the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from serfsim.base.errors import ScenarioError
from serfsim.scenario.library import KINDS, of_kind
from serfsim.scenario.loading import text_of
from serfsim.scenario.problems import problems_of, report
from serfsim.scenario.situation import Situation
from serfsim.scenario.source import Source, read_yaml


class Entry(NamedTuple):
    """One shipped file. `error` says why it cannot be read; `situation` is None for a plain scenario."""

    name: str
    kind: str
    file: Path
    question: str
    situation: Situation | None = None
    error: str = ""


def entries(kind: str | None = None) -> list[Entry]:
    """Return the catalogue in order of kind and name, of one kind or of all."""
    return [_entry(one, file) for one in ([kind] if kind else KINDS) for file in of_kind(one)]


def situations(kind: str | None = None) -> list[Entry]:
    """Return those that answer a thread."""
    return [entry for entry in entries(kind) if entry.situation is not None]


def _entry(kind: str, file: Path) -> Entry:
    try:
        status = file.stat()
    except OSError:
        return _read(kind, file, 0, 0)
    return _read(kind, file, status.st_mtime_ns, status.st_size)


@cache
def _read(kind: str, file: Path, written_ns: int, size: int) -> Entry:
    """Read an entry, once for each state of its file: parsing a hundred takes a second."""
    try:
        source = Source(str(file))
        data = read_yaml(text_of(file), source)
        question = " ".join(str(data.get("question", "")).split())
        given = data.get("situation")
        situation = None if given is None else Situation.model_validate(given)
    except ValidationError as error:
        return Entry(file.stem, kind, file, "", error=report(problems_of(error)).splitlines()[0])
    except (ScenarioError, AttributeError) as error:
        return Entry(file.stem, kind, file, "", error=str(error).splitlines()[0])
    return Entry(file.stem, kind, file, question, situation)
