"""`situation`: an operator's question with its answer, and the study that shows it.

A scenario that has one belongs to the library. Over the seeds of the check its claims hold in at least the
promised share of runs, at every point of its study; `serfsim situations` checks that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, model_validator

from serfsim.base.english import nearest
from serfsim.base.errors import ScenarioError
from serfsim.scenario.claims import Claim
from serfsim.scenario.figures import FIGURES, is_figure
from serfsim.scenario.overrides import read_path
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid, quoted
from serfsim.scenario.units import Kind, Share

LONGEST_ANSWER: Final = 600  # characters
SENTENCES: Final = (1, 2)
MOST_SMALL_SEEDS: Final = 20
_THREAD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+#[1-9][0-9]*")
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s+[A-Z0-9`]|\s*$)")

Plot = Literal[
    "view_sizes",
    "probes",
    "event_timeline",
    "coordinate_error",
    "coordinate_map",
    "traffic",
    "health",
    "membership",
    "queues",
]


def _read_thread(value: Any) -> Any:
    if isinstance(value, str) and _THREAD.fullmatch(value):
        return value
    raise invalid("a thread such as hashicorp/serf#283: OWNER/REPOSITORY#NUMBER", value)


def _read_answer(value: Any) -> Any:
    if not isinstance(value, str):
        raise invalid("text (put it in quotes)", value)
    text = " ".join(value.split())
    count = len(_SENTENCE_END.findall(text))
    if not SENTENCES[0] <= count <= SENTENCES[1]:
        raise invalid("one or two sentences", found=f"{count} sentences")
    if len(text) > LONGEST_ANSWER:
        raise invalid(f"at most {LONGEST_ANSWER} characters", found=f"{len(text)} characters")
    return text


def _read_figure(value: Any) -> Any:
    if isinstance(value, str) and is_figure(value):
        return value
    meant = nearest(value, FIGURES) if isinstance(value, str) else None
    raise invalid("a figure of a summary", value, meant=meant)


def _read_grid(value: Any) -> Any:
    """Return {path: values}; refuse paths that cannot be read and values that are no list or occur twice."""
    if not isinstance(value, Mapping):
        raise invalid("a mapping of paths to lists of values", value)
    for path, values in value.items():
        try:
            parts = read_path(str(path))
        except ScenarioError:
            raise invalid("a path such as cluster.config.suspicion_mult", path) from None
        if parts[0] in ("seed", "situation"):
            raise invalid("a path of what a run is made from", path, inside=(str(path),))
        if not isinstance(values, (list, tuple)) or not values:
            raise invalid("a list of values", values, inside=(str(path),))
        if len({json.dumps(one, sort_keys=True) for one in values}) < len(values):
            raise invalid("each value once", values, inside=(str(path),))
    return {str(path): list(values) for path, values in value.items()}


def _read_settings(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise invalid("a mapping of paths to values", value)
    for path in value:
        try:
            read_path(str(path))
        except ScenarioError:
            raise invalid("a path such as cluster.config.suspicion_mult", path) from None
    return dict(value)


def _read_some(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and not value:
        raise invalid("at least one", found="an empty list")
    return value


_ANY_MAPPING: Final = {"type": "object"}
Thread = Annotated[
    str,
    BeforeValidator(_read_thread),
    Kind("a thread such as hashicorp/serf#283", {"type": "string", "pattern": f"^{_THREAD.pattern}$"}),
]
Answer = Annotated[str, BeforeValidator(_read_answer), Kind("one or two sentences", {"type": "string"})]
FigureName = Annotated[str, BeforeValidator(_read_figure), Kind("a figure of a summary", {"type": "string"})]
Grid = Annotated[
    dict[str, list[Any]],
    BeforeValidator(_read_grid),
    PlainSerializer(lambda grid: grid),
    Kind(
        "a mapping of paths to lists of values",
        {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
    ),
]
Values = Annotated[
    dict[str, Any],
    BeforeValidator(_read_settings),
    PlainSerializer(lambda values: values),
    Kind("a mapping of paths to values", _ANY_MAPPING),
]


class PointClaim(Part):
    """A claim at some points of the study's grid."""

    at: Values = Field(
        default_factory=dict,
        description="values of the grid at which it holds; of paths that it leaves out, all",
    )
    claim: Claim = Field(description="condition on a figure, as in `claims`")


class Study(Part):
    """A sweep or a tuning: the runs of `serfsim sweep NAME` and `serfsim tune NAME` where none are named."""

    grid: Grid = Field(description="values to try, by path; several paths give all combinations")
    figures: Annotated[tuple[FigureName, ...], BeforeValidator(_read_some)] = Field(
        description="figures that the study compares; the first is drawn over the grid"
    )
    claims: tuple[PointClaim, ...] = Field(default=(), description="claims at points of the grid")
    subject_to: tuple[str, ...] = Field(
        default=(), description="constraints of the tuning, as of `serfsim tune --subject-to`"
    )
    minimize: str | None = Field(default=None, description="figure that the tuning makes least")
    maximize: str | None = Field(default=None, description="figure that the tuning makes greatest")

    @model_validator(mode="after")
    def _points_are_of_the_grid(self) -> Study:
        for position, one in enumerate(self.claims):
            for path, value in one.at.items():
                inside = ("claims", position, "at")
                if path not in self.grid:
                    raise invalid("a path of the grid", path, meant=nearest(path, self.grid), inside=inside)
                if value not in self.grid[path]:
                    expected = f"one of its values: {', '.join(map(quoted, self.grid[path]))}"
                    raise invalid(expected, value, inside=(*inside, path))
        if self.minimize and self.maximize:
            raise invalid("one of `minimize` and `maximize`", found="both")
        return self

    @property
    def is_tuning(self) -> bool:
        """True where the study asks for the best value."""
        return bool(self.minimize or self.maximize)


class Small(Part):
    """The situation at reduced size, as CI runs it; its claims hold there too."""

    set: Values = Field(
        default_factory=dict, description="values in place of the file's, by path; also of claims and grid"
    )
    seeds: Annotated[int, Strict(), Field(ge=1, le=MOST_SMALL_SEEDS)] = Field(
        default=1, description="number of seeds, from 1 on"
    )


class Situation(Part):
    """An operator's question with its answer: what makes a scenario one of the library."""

    threads: Annotated[tuple[Thread, ...], BeforeValidator(_read_some)] = Field(
        description="public threads in which the question is asked: OWNER/REPOSITORY#NUMBER"
    )
    answer: Answer = Field(description="the answer in two sentences, which holds over the seeds")
    words: tuple[str, ...] = Field(
        default=(), description="other words in which people ask, by which `serfsim answer` finds it too"
    )
    log: tuple[str, ...] = Field(
        default=(), description="parts of the log messages that make people ask, without names and addresses"
    )
    holds: Share = Field(default=1.0, description="least share of 20 seeds in which all claims hold together")
    figure: Plot | None = Field(
        default=None,
        description="plot of a run that shows the answer; by default the study's first figure over its grid",
    )
    study: Study | None = Field(default=None, description="grid, figures and claims of a sweep or tuning")
    small: Small = Field(default_factory=Small, description="reduced size, at which CI runs it")

    @model_validator(mode="after")
    def _has_a_figure(self) -> Situation:
        if self.figure is None and self.study is None:
            raise invalid("`figure`, or a `study` whose first figure is drawn", found="neither")
        return self
