"""A recording of real agents, with names for its contents.

Times are seconds since the join command; node i is called node-<i>. A file is gzip JSON of the format
"serf-golden/1"; anything else is refused.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.errors import SerfsimError
from serfsim.results.scoring.recording import Floats

FORMAT = "serf-golden/1"
HEALS = ("unrule", "route")
ENDING = ".json.gz"

# seconds: an agent's processing per round trip, where recorded excess includes jitter
USUAL_EXCESS_S = 400e-6


class RecordingError(SerfsimError):
    """A file that is not a recording, or has contents this version does not support."""


class NotComparable(RecordingError):
    """An action of the recording that no scenario can perform."""


@dataclass(frozen=True)
class Golden:
    """A recording.

    `name` is the file's name without its ending, `raw` the file's content.
    """

    name: str
    raw: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind of fault: a key of `figures.OF_KIND`."""
        return str(self.raw["scenario"])

    @property
    def n(self) -> int:
        return int(self.raw["n"])

    @property
    def profile(self) -> str:
        return str(self.raw["profile"])

    @property
    def end(self) -> float:
        return float(self.raw["end"])

    @property
    def scenario_start(self) -> float:
        return float(self.raw["scenario_start"])

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.raw.get("params") or {})

    @property
    def names(self) -> list[str]:
        return [f"node-{i:02d}" for i in range(self.n)]

    @cached_property
    def one_way_s(self) -> Floats:
        """One-way latencies in seconds, (n, n), row = source."""
        return np.array(self.raw["ground_truth"]["oneway_ms"], dtype=np.float64) / 1000.0

    @cached_property
    def jitter_fraction(self) -> float:
        """Jitter: a packet takes this share of its one-way latency longer, times exp(N(0, 1)); 0 is none."""
        jitter = self.raw["ground_truth"].get("jitter") or {}
        if not jitter.get("type"):
            return 0.0
        if jitter["type"] != "lognormal":
            raise RecordingError(f"{self.name}: found jitter of type '{jitter['type']}'; expected lognormal")
        return float(jitter["frac"])

    @cached_property
    def starts(self) -> Floats:
        """Start times of the agents, (n,); where not recorded, the times of their own joins."""
        given = self.raw.get("agent_start_t")
        if given is not None:
            return np.array(given, dtype=np.float64)
        found = np.zeros(self.n)
        seen: set[int] = set()
        for t, observer, subject, kind in self.raw["events"]:
            if kind == "join" and observer == subject and observer not in seen:
                seen.add(observer)
                found[observer] = t
        return found

    @property
    def excess_s(self) -> float:
        """Median round-trip time beyond both latencies, as recorded."""
        return float(self.raw["traffic"]["ping_excess"]["p50_us"]) * 1e-6

    @property
    def answer_s(self) -> float:
        """Median time an agent itself takes to answer."""
        return USUAL_EXCESS_S if self.jitter_fraction else self.excess_s

    @property
    def actions(self) -> list[tuple[float, str, list[Any]]]:
        """Actions on the cluster, in order: (t, action, arguments)."""
        told = [(float(row[0]), str(row[1]), list(row[2:])) for row in self.raw["timeline"]]
        return [row for row in told if row[1] not in ("join-all", "converged", "scenario-start")]

    def actions_of(self, action: str) -> list[tuple[float, int]]:
        """Return (t, node) of every action with that name; simultaneous repetitions for a node count once."""
        found = [(t, int(arguments[0])) for t, name, arguments in self.actions if name == action]
        return sorted(set(found))

    @property
    def removals(self) -> list[tuple[float, int]]:
        """Forced removals: (t, node removed)."""
        return [(t, int(args[1])) for t, action, args in self.actions if action == "force-leave"]

    @property
    def announcements(self) -> list[tuple[float, str, int, str]]:
        """User events and queries, in order: (t, "event" or "query", sender, name)."""
        return [
            (t, action, int(args[0]), str(args[1]))
            for t, action, args in self.actions
            if action in ("event", "query")
        ]

    @cached_property
    def fault_start(self) -> float:
        """Start of the first rule or missing route; without one, start of the scenario."""
        begins = (t for t, action, _ in self.actions if action in ("rule", "noroute"))
        return min(begins, default=self.scenario_start)

    @cached_property
    def fault_end(self) -> float:
        """End of the first rule or missing route, or of the recording."""
        return min((t for t, action, _ in self.actions if action in HEALS), default=self.end)

    @property
    def healed(self) -> bool:
        return any(action in HEALS for _, action, _ in self.actions)


def read(path: Path) -> Golden:
    """Read a recording.

    Raises RecordingError for any other file.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            raw = json.load(stream)
    except (OSError, ValueError, EOFError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
        raise RecordingError(f"{path}: found format {found!r}; expected {FORMAT!r}")
    return Golden(name_of(path), raw)


def name_of(path: Path) -> str:
    """Return a recording's name, which may contain dots."""
    return path.name.removesuffix(ENDING)


def recordings_in(folder: Path) -> list[Path]:
    """Return the recordings of a folder, by name.

    Raises RecordingError where there are none.
    """
    paths = sorted(folder.glob(f"*{ENDING}"))
    if not paths:
        raise RecordingError(f"{folder}: found no recordings; expected files named *{ENDING}")
    return paths
