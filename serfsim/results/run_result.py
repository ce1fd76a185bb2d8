"""What one run gave: its summary, its tables, its figures.

A `Result` is made from a recording (`Result.from_recording`) or read back from a folder
(`open_result`); both offer the same properties, so a figure or a comparison never asks where a
result came from. Tables are made, or read, when first asked for.
"""

from __future__ import annotations

import json
import math
import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serfsim._version import __version__
from serfsim.base.errors import ResultError, SerfsimError
from serfsim.results import folder as layout
from serfsim.results.columns import Columns, frame_of, read_parquet, write_parquet
from serfsim.results.reading import UNREADABLE, check_background, check_summary, check_table
from serfsim.results.scoring.coordinates import error_series
from serfsim.results.scoring.digest import digest as digest
from serfsim.results.scoring.queues import is_settled
from serfsim.results.scoring.recording import EventTable, Recording
from serfsim.results.scoring.scope import Scope
from serfsim.results.scoring.score import scope_views, score
from serfsim.results.scoring.views import ViewHistory, view_history
from serfsim.results.stored_truth import Background, background_of, from_json, to_json

if TYPE_CHECKING:
    import pandas as pd

    from serfsim.capture import KeptCapture
    from serfsim.report.plots import Plots
    from serfsim.scenario.model import Scenario

SCHEMA_VERSION = 1
Claims = Sequence[Mapping[str, Any]] | Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class StoredScenario:
    """The scenario of a result that was read from a folder: `text` is its YAML."""

    name: str
    question: str
    text: str

    def to_yaml(self) -> str:
        return self.text

    def read(self) -> Scenario | None:
        """The scenario itself; None where this version of serfsim cannot read it, or its files are gone."""
        from serfsim.scenario.loading import loads

        try:
            return loads(self.text)
        except SerfsimError:
            return None


class Result:
    """`summary` is a mapping as in summary.json; the tables have the columns of the result folder.

    `plot.<figure>(ax=ax)` draws one figure and returns its axes. `recording` is None for a result
    read from a folder. `capture` is the file with the run's packets, where the scenario asked for one.
    """

    def __init__(
        self,
        scenario: Any,
        summary: dict[str, Any],
        background: Background,
        tables: Mapping[str, Callable[[], Columns]],
        recording: Recording | None = None,
        views: ViewHistory | None = None,
    ) -> None:
        self.scenario = scenario
        self.summary = summary
        self.background = background
        self.recording = recording
        self.capture: KeptCapture | None = None
        self.log: Path | None = None  # of a result that was read
        self._views = views
        self._makers = tables
        self._columns: dict[str, Columns] = {}
        self._tables: dict[str, pd.DataFrame] = {}

    @classmethod
    def from_recording(cls, scenario: Any, recording: Recording, *, seed: int, claims: Claims = ()) -> Result:
        """Score a run.

        `scenario` has `.name` and `.question`, and `.to_yaml()` for the result folder. `claims`:
        the checked claims, each {claim, holds, value}, or a function that makes them of the figures.
        """
        scope = Scope(recording)
        series = error_series(scope)
        views = scope_views(scope)
        figures = score(recording, series, views)
        checked = claims(figures) if callable(claims) else claims
        summary = heading(scenario, recording, seed, [dict(claim) for claim in checked])
        summary.update(figures)

        def makers(name: str) -> Callable[[], Columns]:
            def make() -> Columns:
                from serfsim.results import frames

                return {
                    "member_events": lambda: frames.member_events(scope),
                    "probes": lambda: frames.probes(scope),
                    "coordinates": lambda: frames.coordinates(recording.coordinates, recording.names),
                    "coordinate_error": lambda: frames.coordinate_error(series),
                    "traffic": lambda: frames.traffic(scope),
                    "queues": lambda: frames.queues(recording.queues),
                    "deliveries": lambda: frames.deliveries(recording.deliveries, recording.names),
                }[name]()

            return make

        tables = {name: makers(name) for name in layout.TABLES}
        return cls(scenario, finite(summary), background_of(recording), tables, recording, views)

    @cached_property
    def scenario_yaml(self) -> str:
        """The scenario as YAML, or its name where it cannot tell more."""
        if hasattr(self.scenario, "to_yaml"):
            return str(self.scenario.to_yaml())
        return f"name: {json.dumps(self.scenario.name)}\n"

    def table(self, name: str) -> pd.DataFrame:
        """The table of that name (a file of the result folder without its ending)."""
        if name not in self._tables:
            self._tables[name] = frame_of(self.columns(name))
        return self._tables[name]

    def columns(self, name: str) -> Any:
        """The same table as a mapping of columns (`report.columns`), for which pandas is not needed."""
        if name not in self._columns:
            self._columns[name] = self._makers[name]()
        return self._columns[name]

    @property
    def member_events(self) -> pd.DataFrame:
        """What members noticed, a row each: t_s, observer, subject, kind (join, suspect, ...), and what was
        true of the subject just then. `serfsim.protocol.events` has the kinds.
        """
        return self.table("member_events")

    @property
    def probes(self) -> pd.DataFrame:
        """How probes ended: counts per second (t_s) and kind (direct_ack, tcp_fallback, suspect, ...)."""
        return self.table("probes")

    @property
    def coordinates(self) -> pd.DataFrame:
        """Samples of the coordinates: t_s, node, vec_0 ..., height, adjustment (seconds), and error."""
        return self.table("coordinates")

    @property
    def coordinate_error(self) -> pd.DataFrame:
        """The error of estimated round trips over time: t_s, and quantiles over all pairs of live nodes."""
        return self.table("coordinate_error")

    @property
    def traffic(self) -> pd.DataFrame:
        """What was sent: count and bytes per second (t_s), message type and transport."""
        return self.table("traffic")

    @property
    def deliveries(self) -> pd.DataFrame:
        """User events and queries, a row for each member that got one: t_sent_s, t_received_s, ..."""
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
        from serfsim.results.frames import event_table

        return event_table(self.columns("member_events"))

    @property
    def views(self) -> ViewHistory:
        """Who counted whom as a member from t = 0 on."""
        if self._views is None:
            background = self.background
            end, converged = background.end_s, background.converged_start
            self._views = view_history(self.events, background.down_spans, end, converged)
        return self._views

    @property
    def plot(self) -> Plots:
        """The figures: `result.plot.view_sizes(ax=ax)`; without `ax` a new one is made."""
        from serfsim.report.plots import Plots

        return Plots(self)

    def save(self, folder: str | Path, *, figures: bool = True) -> Path:
        """Write the result folder, replacing an older result only when whole; returns its path.

        A partial result does not replace a complete one: it goes beside it, as FOLDER-partial. What others
        put into the folder stays. `figures=False` leaves out plots and page. Raises ResultError where the
        folder holds something else, another run has it, or it cannot be written.
        """
        complete = bool(self.summary["complete"])
        target = layout.place_for(Path(folder), complete=complete)
        layout.check_replaceable(target)
        with layout.held(target), layout.replacing(target, complete=complete) as partial:
            self._write(partial, figures)
        if self.capture is not None:
            self.capture.stays(target.absolute() / self.capture.name)
        return target

    def _kept_background(self) -> Background:
        """As it fits the tables: where they do without the joins before t = 0, views begin complete."""
        from serfsim.results.frames import leaves_out_joins

        if not leaves_out_joins(self.events):
            return self.background
        return replace(self.background, converged_start=True)

    def _parts(self, name: str) -> Iterator[Columns]:
        """A table as it is written: that of the events in parts, and not kept, since it may be large."""
        if name == "member_events" and self.recording is not None and name not in self._columns:
            from serfsim.results.frames import member_events_in_parts

            yield from member_events_in_parts(Scope(self.recording))
        else:
            yield self.columns(name)

    def _write(self, folder: Path, figures: bool) -> None:
        from serfsim.results.agent_log import write_log

        (folder / layout.SCENARIO).write_text(self.scenario_yaml, encoding="utf-8")
        summary = json.dumps(self.summary, indent=2, allow_nan=False) + "\n"
        (folder / layout.SUMMARY).write_text(summary, encoding="utf-8")
        (folder / layout.TRUTH).write_text(to_json(self._kept_background()) + "\n", encoding="utf-8")
        for name in layout.TABLES:
            write_parquet(self._parts(name), folder / f"{name}.parquet")
        if self.recording is None:
            if self.log is not None:
                shutil.copyfile(self.log, folder / layout.LOG)
        else:
            with (folder / layout.LOG).open("w", encoding="utf-8") as stream:
                kept, version = self.recording, serf_version(self.scenario)
                write_log(stream, kept.events, kept.names, version, kept.releases, kept.log)
        if self.capture is not None:
            self.capture.put(folder / self.capture.name)
        if figures:
            from serfsim.report.page import write_page

            write_page(self, folder / layout.PAGE, folder / layout.PLOTS)

    def _repr_html_(self) -> str:
        from serfsim.report.card import result_card

        return result_card(self)

    def __repr__(self) -> str:
        from serfsim.report.answer import answer

        told = answer(self.summary)
        name, seed = self.summary["name"], self.summary["seed"]
        return f"<Result of {name}, seed {seed}: {told.partial or told.verdict.rstrip('.')}>"


def _stored_text(file: Path) -> str:
    """The scenario that a result was made from, as text; "" where nobody kept it."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "found bytes that are no UTF-8 text; expected a scenario"
        raise ResultError(f"{file}: cannot be read: {reason}") from None


def open_result(folder: str | Path) -> Result:
    """Read a result folder. Raises ResultError where it is not one."""
    place = Path(folder)
    layout.require_result(place)
    layout.check_unaltered(place)
    try:
        summary = json.loads((place / layout.SUMMARY).read_text(encoding="utf-8"))
        background = from_json((place / layout.TRUTH).read_text(encoding="utf-8"))
    except UNREADABLE as error:
        raise ResultError(f"{place}: {layout.SUMMARY} or {layout.TRUTH} cannot be read: {error}") from error
    if not isinstance(summary, dict) or summary.get("schema_version") != SCHEMA_VERSION:
        raise ResultError(f"{place}: {layout.SUMMARY} is not of schema_version {SCHEMA_VERSION}")
    missing = [name for name in ("name", "question", "seed", "digest", "detection") if name not in summary]
    if missing:
        raise ResultError(f"{place}: {layout.SUMMARY} has no {missing[0]}")
    check_summary(place / layout.SUMMARY, summary)
    check_background(place / layout.TRUTH, background)
    scenario = StoredScenario(summary["name"], summary["question"], _stored_text(place / layout.SCENARIO))

    def reader(name: str) -> Callable[[], Columns]:
        def read() -> Columns:
            path = place / f"{name}.parquet"
            if not path.is_file():
                raise ResultError(f"{place}: has no {path.name}")
            try:
                table = read_parquet(path)
                check_table(path, name, table, background.names)
            except UNREADABLE as error:
                raise ResultError(f"{path}: cannot be read: {error}") from error
            return table

        return read

    result = Result(scenario, summary, background, {name: reader(name) for name in layout.TABLES})
    if (place / layout.LOG).is_file():
        result.log = place / layout.LOG
    for name in layout.CAPTURES:
        if (place / name).is_file():
            from serfsim.capture import KeptCapture

            result.capture = KeptCapture(place / name)
    return result


def heading(scenario: Any, recording: Recording, seed: int, claims: list[dict[str, Any]]) -> dict[str, Any]:
    """All of summary.json but the figures."""
    speed = recording.events_processed / recording.wall_s if recording.wall_s > 0 else None
    return {
        "schema_version": SCHEMA_VERSION,
        "name": scenario.name,
        "question": getattr(scenario, "question", None) or "",
        "seed": seed,
        "digest": digest(recording),
        "versions": versions(),
        "serf_releases": releases_run(recording),
        "nodes": len(recording.names),
        "duration_s": recording.duration,
        "warm_up_s": recording.warm_up,
        "warm_up_settled": warm_up_settled(scenario, recording),
        "wall_s": recording.wall_s,
        "cpu_s": recording.cpu_s,
        "events_processed": recording.events_processed,
        "events_per_s": speed,
        "complete": recording.interrupted_at is None,
        "interrupted_at_s": recording.interrupted_at,
        "claims": claims,
    }


def warm_up_settled(scenario: Any, recording: Recording) -> bool | None:
    """Whether the join was gossiped to its end when scoring began; None where that was not watched."""
    from serfsim.scenario.model import SETTLE_LIMIT_S

    if getattr(scenario, "warm_up", None) == "settled" and recording.warm_up >= SETTLE_LIMIT_S:
        return False
    return is_settled(recording.queues, 0.0) if recording.warm_up > 0.0 else None


def releases_run(recording: Recording) -> dict[str, dict[str, int]]:
    """How many nodes ran which release of Serf at the start and at the end."""
    start = {node: release for t, node, release in recording.releases if t == -math.inf}
    end = {node: release for _, node, release in recording.releases}
    return {
        when: dict(sorted(Counter(those.values()).items()))
        for when, those in (("start", start), ("end", end))
    }


def versions() -> dict[str, Any]:
    import numpy

    from serfsim.protocol import runtime

    return {
        "serfsim": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "compiled": not str(runtime.__file__).endswith(".py"),
    }


def finite(value: Any) -> Any:
    """The same with every number that JSON cannot hold as None, and numpy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def serf_version(scenario: Any) -> str:
    """The Serf release whose words the log uses: the scenario's own, else 0.9."""
    return str(getattr(getattr(scenario, "cluster", None), "version", None) or "0.9")
