"""The words that a scenario's own code adds: verbs of faults and names of figures, while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from serfsim.scenario.own_sources import Sources


@dataclass(frozen=True)
class OwnWords:
    """`verbs`: classes of faults by verb; `figures`: names of figures.

    `kept`: nothing is imported, and any word is accepted. `sources`: {module: modules to import it from} in
    place of files, in a scenario whose modules lie in `folder` (None: anywhere).
    """

    verbs: dict[str, Any] = field(default_factory=dict)
    figures: set[str] = field(default_factory=set)
    kept: bool = False
    sources: Mapping[str, Sources] = field(default_factory=dict)
    folder: Path | None = None


_WORDS: ContextVar[OwnWords | None] = ContextVar("_WORDS", default=None)


def own_words() -> OwnWords:
    """Return the words of the scenario that is being read; outside of one, any word is accepted."""
    return _WORDS.get() or OwnWords(kept=True)


@contextmanager
def new_words() -> Iterator[None]:
    """Read one scenario, whose words none other has."""
    token = _WORDS.set(replace(_WORDS.get() or OwnWords(), verbs={}, figures=set()))
    try:
        yield
    finally:
        _WORDS.reset(token)


@contextmanager
def reading(
    *, kept: bool = False, sources: Mapping[str, Sources] | None = None, folder: Path | None = None
) -> Iterator[None]:
    """Read scenarios without importing anything (`kept`), or importing from `sources`; see `OwnWords`."""
    token = _WORDS.set(OwnWords(kept=kept, sources=sources or {}, folder=folder))
    try:
        yield
    finally:
        _WORDS.reset(token)
