"""Violations of a run's invariants, as objects and as `violations.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TEXT_FIELDS = ("rule", "member", "packet", "text", "pool")


@dataclass(frozen=True)
class Violation:
    """A moment at which a run broke one of the rules of `serfsim.checks`.

    `rule` is the checker's name, `member` the name of the member that broke it ("" for the network), `at`
    seconds on the scenario's clock, and `packet` the packet or message concerned ("" if there is none).
    `known` names a documented behaviour of the real library that explains it, and where the specification
    describes that; None for anything else. `pool` is the pool of the member, "" for the cluster's own agents.
    """

    rule: str
    member: str
    at: float
    packet: str
    text: str
    known: str | None = None
    pool: str = ""

    def __str__(self) -> str:
        where = f"{self.member} in pool {self.pool}" if self.pool else self.member or "the network"
        packet = f" [{self.packet}]" if self.packet else ""
        known = f" (known: {self.known})" if self.known else ""
        return f"{self.rule}: {where} at {self.at:.3f} s{packet}: {self.text}{known}"


def unexplained(violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations that no known behaviour of the real library explains."""
    return [violation for violation in violations if violation.known is None]


def to_json(violations: Sequence[Violation]) -> str:
    return json.dumps([asdict(violation) for violation in violations], indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> list[Violation]:
    """Read what `to_json` wrote. Raises ValueError for anything else."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("found no list; expected a list of violations")  # noqa: TRY004
    return [_violation(row) for row in rows]


def _violation(row: Any) -> Violation:
    if not isinstance(row, Mapping) or not all(isinstance(row.get(name), str) for name in TEXT_FIELDS):
        raise ValueError(f"found {row!r:.60}; expected a violation with {', '.join(TEXT_FIELDS)}")
    known, at = row.get("known"), row.get("at")
    if not isinstance(at, int | float) or not (known is None or isinstance(known, str)):
        raise ValueError(f"found at {at!r:.20} and known {known!r:.20}; expected seconds, and a text or null")
    return Violation(**{name: row[name] for name in TEXT_FIELDS}, at=float(at), known=known)
