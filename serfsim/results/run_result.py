"""The data of one run: its summary and its tables.

A `RunResult` comes from a recording (`from_recording`) or a folder (`open`); both offer the same
properties, so figures and comparisons need not know the origin. Tables are computed or read
on first use. `serfsim.report.runs.Result` adds plots, the page and the notebook card.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from serfsim.base.errors import ResultError, SerfsimError
from serfsim.base.kept_files import KeptFile
from serfsim.results import folder as layout
from serfsim.results import frames, violations
from serfsim.results.agent_log import log_names, write_log
from serfsim.results.columns import Columns, frame_of
from serfsim.results.packets import PACKET_TABLE, KeptPackets
from serfsim.results.reading import UNREADABLE, check_stored_truth, check_summary, check_table
from serfsim.results.scoring.coordinates import error_series
from serfsim.results.scoring.dissemination import MembershipChanges, changes
from serfsim.results.scoring.recording import EventTable, Recording
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.views import ViewHistory, view_history
from serfsim.results.stored_truth import StoredTruth, from_json, stored_truth_of, to_json
from serfsim.results.summary import (
    SCHEMA_VERSION,
    figures_of,
    finite,
    heading,
    score,
    scored_changes,
    scored_views,
    serf_version,
)
from serfsim.results.violations import Violation
from serfsim.scenario.figures import POOLS
from serfsim.scenario.loading import loads
from serfsim.scenario.model import Scenario
from serfsim.scenario.places import node_names

if TYPE_CHECKING:
    import pandas as pd

    from serfsim.capture import KeptCapture

Claims = Sequence[Mapping[str, Any]] | Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class StoredScenario:
    """The scenario of a result read from a folder; `text` is its YAML."""

    name: str
    question: str
    text: str

    def to_yaml(self) -> str:
        return self.text

    def read(self) -> Scenario | None:
        """Parse the scenario; return None if this version of serfsim cannot, or its files are gone."""
        try:
            return loads(self.text, kept=True)
        except SerfsimError:
            return None


class RunResult:
    """One run's summary (a mapping as in summary.json) and tables (the columns of the result folder).

    `recording` is None for a result read from a folder. `capture` is the file with the run's packets, and
    `packets` the table of them, if the scenario asked for one (`record`). `pools` are the results of the
    cluster's pools by name. `violations` are what broke the rules of `serfsim.checks`, also in pools, of a
    run that `is_checked`.
    """

    def __init__(
        self,
        scenario: Any,
        summary: dict[str, Any],
        truth: StoredTruth,
        tables: Mapping[str, Callable[[], Columns]],
        recording: Recording | None = None,
        views: ViewHistory | None = None,
        changes: MembershipChanges | None = None,
    ) -> None:
        self.scenario = scenario
        self.summary = summary
        self.truth = truth
        self.recording = recording
        self.capture: KeptCapture | None = None
        self.packets: KeptFile | None = None
        self.log: Path | None = None  # of a result read from a folder
        self.violations: list[Violation] = []
        self.is_checked = False
        self.pools: dict[str, Self] = {}
        self._views = views
        self._changes = changes
        self._makers = tables
        self._columns: dict[str, Columns] = {}
        self._tables: dict[str, pd.DataFrame] = {}

    @classmethod
    def from_recording(
        cls,
        scenario: Any,
        recording: Recording,
        *,
        seed: int,
        claims: Claims = (),
        pools: Mapping[str, Self] | None = None,
        pool: str = "",
        own: Callable[[Self], Mapping[str, Any]] | None = None,
    ) -> Self:
        """Score a run.

        `scenario` has `.name` and `.question`, and `.to_yaml()` for the result folder. `claims`:
        the checked claims, each {claim, holds, value}, or a function that derives them from the figures.
        `pools`: the results of the cluster's pools, whose figures join the summary. `pool`: the name of the
        pool that the recording is of, "" for the cluster's own agents.
        `own`: derives more sections of the summary, the user's own figures, from the result without claims.
        """
        run = ScoredRun(recording)
        series = error_series(run)
        views = scored_views(run)
        followed = scored_changes(run, views)
        figures = score(recording, series, views, followed)
        summary = {**heading(scenario, recording, seed, [], pool), **figures}

        def makers(name: str) -> Callable[[], Columns]:
            def make() -> Columns:
                return {
                    "member_events": lambda: frames.member_events(run),
                    "probes": lambda: frames.probes(run),
                    "coordinates": lambda: frames.coordinates(recording.coordinates, recording.names),
                    "coordinate_error": lambda: frames.coordinate_error(series),
                    "traffic": lambda: frames.traffic(run),
                    "queues": lambda: frames.queues(recording.queues),
                    "member_queues": lambda: frames.member_queues(recording.queues, recording.names),
                    "deliveries": lambda: frames.deliveries(recording.deliveries, recording.names),
                }[name]()

            return make

        tables = {name: makers(name) for name in (*layout.TABLES, layout.MEMBER_QUEUES)}
        result = cls(
            scenario, finite(summary), stored_truth_of(recording), tables, recording, views, followed
        )
        if pools:
            result.pools = dict(pools)
            more = {POOLS: {name: figures_of(one.summary) for name, one in pools.items()}}
            figures |= more
            result.summary |= more
        if own is not None:
            measured = own(result)
            figures |= measured
            result.summary |= finite(measured)
        checked = claims(figures) if callable(claims) else claims
        result.summary["claims"] = finite([dict(claim) for claim in checked])
        return result

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Read a result folder. Raises ResultError if it is not one."""
        place = Path(folder)
        layout.require_result(place)
        layout.check_unaltered(place)
        try:
            summary = json.loads((place / layout.SUMMARY).read_text(encoding="utf-8"))
            truth = from_json((place / layout.TRUTH).read_text(encoding="utf-8"))
        except UNREADABLE as error:
            raise ResultError(
                f"{place}: {layout.SUMMARY} or {layout.TRUTH} cannot be read: {error}"
            ) from error
        if not isinstance(summary, dict) or summary.get("schema_version") != SCHEMA_VERSION:
            raise ResultError(f"{place}: {layout.SUMMARY} expected schema_version {SCHEMA_VERSION}")
        missing = [
            name for name in ("name", "question", "seed", "digest", "detection") if name not in summary
        ]
        if missing:
            raise ResultError(f"{place}: {layout.SUMMARY} has no {missing[0]}")
        check_summary(place / layout.SUMMARY, summary)
        check_stored_truth(place / layout.TRUTH, truth)
        scenario = StoredScenario(summary["name"], summary["question"], _stored_text(place / layout.SCENARIO))

        def reader(name: str) -> Callable[[], Columns]:
            def read() -> Columns:
                return _read_table(place / f"{name}.parquet", name, truth.names)

            return read

        result = cls(
            scenario, summary, truth, {name: reader(name) for name in (*layout.TABLES, layout.MEMBER_QUEUES)}
        )
        if (place / layout.LOG).is_file():
            result.log = place / layout.LOG
        if (place / layout.PACKETS).is_file():
            result.packets = KeptPackets(place / layout.PACKETS)
        for name in summary.get(POOLS, {}):
            result.pools[name] = cls.open(place / layout.POOLS / name)
        if (place / layout.VIOLATIONS).is_file():
            try:
                listed = violations.from_json((place / layout.VIOLATIONS).read_text(encoding="utf-8"))
            except UNREADABLE as error:
                raise ResultError(f"{place / layout.VIOLATIONS}: cannot be read: {error}") from error
            result.keep_violations(listed)
        for name in layout.CAPTURES:
            if (place / name).is_file():
                from serfsim.capture import KeptCapture  # start-up: it needs cryptography, few runs need it

                result.capture = KeptCapture(place / name)
        return result

    def keep_violations(self, violations: list[Violation]) -> None:
        """Note that the run was checked, and what broke the rules of `serfsim.checks`."""
        self.is_checked = True
        self.violations = violations
        counts = Counter(violation.rule for violation in violations)
        self.summary["violations"] = dict(sorted(counts.items()))

    @cached_property
    def scenario_yaml(self) -> str:
        """The scenario as YAML, or only its name if it has no `to_yaml`."""
        if hasattr(self.scenario, "to_yaml"):
            return str(self.scenario.to_yaml())
        return f"name: {json.dumps(self.scenario.name)}\n"

    def table(self, name: str) -> pd.DataFrame:
        """Return the table of that name (a file of the result folder without its suffix)."""
        if name not in self._tables:
            self._tables[name] = frame_of(self.columns(name))
        return self._tables[name]

    def columns(self, name: str) -> Any:
        """Return the table as a mapping of columns (`results.columns`), without pandas."""
        if name == PACKET_TABLE and self.packets is not None:  # large, and used once
            return _read_table(self.packets.path, name, self.truth.names)
        if name not in self._columns:
            self._columns[name] = self._makers[name]()
        return self._columns[name]

    @property
    def member_events(self) -> pd.DataFrame:
        """Events that members reported, with the truth at that time.

        A row per event: t_s, observer, subject, kind (join, suspect, ...; see `serfsim.protocol.events`),
        truth_alive, truth_reachable, confirmations, detail.
        """
        return self.table("member_events")

    @property
    def probes(self) -> pd.DataFrame:
        """Outcomes of probes: counts per second (t_s) and kind (direct_ack, tcp_fallback, suspect, ...)."""
        return self.table("probes")

    @property
    def coordinates(self) -> pd.DataFrame:
        """Samples of the coordinates: t_s, node, vec_0 ..., height, adjustment (seconds), and error."""
        return self.table("coordinates")

    @property
    def coordinate_error(self) -> pd.DataFrame:
        """The error of estimated round-trip times over time: t_s, quantiles over all pairs of live nodes."""
        return self.table("coordinate_error")

    @property
    def traffic(self) -> pd.DataFrame:
        """Messages sent: count and bytes per second (t_s), message type and transport."""
        return self.table("traffic")

    @property
    def deliveries(self) -> pd.DataFrame:
        """User events and queries received, a row per receiving member: t_sent_s, t_received_s, ..."""
        return self.table("deliveries")

    @property
    def queues(self) -> pd.DataFrame:
        """Messages waiting to be gossiped, over the live members: t_s, queue, mean, p90, max."""
        return self.table("queues")

    @cached_property
    def events(self) -> EventTable:
        """The events as arrays of node and kind numbers, for figures."""
        if self.recording is not None:
            return self.recording.events
        return frames.event_table(self.columns("member_events"))

    @property
    def views(self) -> ViewHistory:
        """The membership views of all nodes from t = 0 on."""
        if self._views is None:
            truth = self.truth
            self._views = view_history(self.events, truth.down_spans, truth.end_s, truth.converged_start)
        return self._views

    @property
    def changes(self) -> MembershipChanges:
        """The changes of the membership from t = 0 on, and how the views followed."""
        if self._changes is None:
            truth = self.truth
            moments = truth.crashes, truth.leaves
            self._changes = changes(self.views, truth.down_spans, *moments, truth.end_s)
        return self._changes

    def save(self, folder: str | Path) -> Path:
        """Write the result folder atomically and return its path.

        A partial result does not replace a complete one: it goes to FOLDER-partial. Files that serfsim did
        not write stay. Raises ResultError if the folder holds something else, another run holds it, or it
        cannot be written.
        """
        with self._saving(Path(folder)) as (target, partial):
            self._write(partial)
        return target

    @contextmanager
    def _saving(self, folder: Path, more: Sequence[str] = ()) -> Iterator[tuple[Path, Path]]:
        """Yield the folder to replace and the one to write into; `more`: files beyond `folder.NAMES`."""
        complete = bool(self.summary["complete"])
        target = layout.place_for(folder, complete=complete, more=more)
        layout.check_replaceable(target, more)
        with layout.lock_folder(target), layout.replacing(target, complete=complete, more=more) as partial:
            yield target, partial
        for file in self._growing_files():
            file.keep_at(target.absolute() / file.name)

    def _growing_files(self) -> Iterator[KeptFile]:
        """Yield the files that were written during the run."""
        if self.capture is not None:
            yield self.capture
        if self.packets is not None:
            yield self.packets

    def _kept_truth(self) -> StoredTruth:
        """Return the truth that fits the tables: if they omit joins before t = 0, views begin complete."""
        if not frames.leaves_out_joins(self.events):
            return self.truth
        return replace(self.truth, converged_start=True)

    def _parts(self, name: str) -> Iterator[Columns]:
        """Yield a table in parts for writing; member events are not cached, since they may be large."""
        if name == "member_events" and self.recording is not None and name not in self._columns:
            yield from frames.member_events_in_parts(ScoredRun(self.recording))
        else:
            yield self.columns(name)

    def _write(self, folder: Path) -> None:
        from serfsim.results.parquet import write_parquet  # start-up: it imports pyarrow

        (folder / layout.SCENARIO).write_text(self.scenario_yaml, encoding="utf-8")
        summary = json.dumps(self.summary, indent=2, allow_nan=False) + "\n"
        (folder / layout.SUMMARY).write_text(summary, encoding="utf-8")
        if self.is_checked:
            listed = violations.to_json(self.violations)
            (folder / layout.VIOLATIONS).write_text(listed, encoding="utf-8")
        (folder / layout.TRUTH).write_text(to_json(self._kept_truth()) + "\n", encoding="utf-8")
        for name in layout.TABLES:
            write_parquet(self._parts(name), folder / f"{name}.parquet")
        if self.recording is None:
            if self.log is not None:
                shutil.copyfile(self.log, folder / layout.LOG)
        else:
            with (folder / layout.LOG).open("w", encoding="utf-8") as stream:
                kept, version = self.recording, serf_version(self.scenario)
                write_log(stream, kept.events, log_names(kept), version, kept.releases, kept.log)
        for file in self._growing_files():
            file.put(folder / file.name)
        if self.packets is not None:
            write_parquet([self.columns(layout.MEMBER_QUEUES)], folder / f"{layout.MEMBER_QUEUES}.parquet")
        for name, pool in self.pools.items():
            (folder / layout.POOLS / name).mkdir(parents=True)
            pool._write(folder / layout.POOLS / name)

    def __repr__(self) -> str:
        name, seed, nodes = (self.summary[key] for key in ("name", "seed", "nodes"))
        state = "complete" if self.summary["complete"] else "partial"
        return f"<{type(self).__name__} of {name}, seed {seed}: {nodes} nodes, {state}>"


def scenario_of(result: RunResult) -> Scenario | None:
    """Return the scenario as it ran, if available and about these nodes."""
    scenario = result.scenario
    if isinstance(scenario, StoredScenario):
        scenario = scenario.read()
    if not isinstance(scenario, Scenario):
        return None
    return scenario if node_names(scenario.cluster.nodes) == result.truth.names else None


def _read_table(path: Path, name: str, members: list[str]) -> Columns:
    """Read and check a table of a result folder. Raises ResultError if it cannot be read."""
    from serfsim.results.parquet import read_parquet  # start-up: it imports pyarrow

    if not path.is_file():
        raise ResultError(f"{path.parent}: found no {path.name}")
    try:
        table = read_parquet(path)
        check_table(path, name, table, members)
    except UNREADABLE as error:
        raise ResultError(f"{path}: cannot be read: {error}") from error
    return table


def _stored_text(file: Path) -> str:
    """Return the text of the stored scenario, or "" if there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "found bytes that are not UTF-8; expected a scenario"
        raise ResultError(f"{file}: cannot be read: {reason}") from None
