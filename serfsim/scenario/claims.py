"""Claims of a scenario about its figures: 'detection.first_s.p99 < 20s'.

A claim is a figure, a comparison and a number. The number may be a share in percent, or carry a unit
of time where the figure is one. A figure without a value (no crash, so no detection time) proves
nothing, and the claim fails.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import GetJsonSchemaHandler, model_serializer, model_validator
from pydantic_core import CoreSchema

from serfsim.base.english import nearest
from serfsim.scenario.figures import BY_TYPE, FIGURES, OF_POOL, OWN, figure_value, is_figure, unit_of
from serfsim.scenario.own_words import own_words
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import read_decimal, read_duration

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = r"(==|!=|<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%|[a-zµμ]+)?"
_CLAIM = re.compile(rf"\s*([\w./+-]+)\s*{_CONDITION}\s*")
_FORM = "a claim such as 'detection.false_positives == 0' or 'detection.first_s.p99 < 20s'"


@dataclass(frozen=True)
class ClaimResult:
    """One claim checked. `value` is the figure's, None where it had none; then the claim fails."""

    text: str
    holds: bool
    value: float | None

    @property
    def found(self) -> str:
        """The value in words."""
        return "no value" if self.value is None else f"{self.value:.6g}"


class Claim(Part):
    """`figure` `comparison` `threshold`, the last in the figure's own unit; `text` as it was written."""

    text: str
    figure: str
    comparison: str
    threshold: float

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        figures = "|".join(re.escape(name) for name in FIGURES)
        starts = "|".join(re.escape(start) for start in (BY_TYPE, OWN))
        return {
            "type": "string",
            "pattern": rf"^\s*(?:{OF_POOL})?(?:{figures}|(?:{starts})[\w./+-]+)\s*{_CONDITION}\s*$",
            "patternErrorMessage": f"expected {_FORM}",
            "description": "A figure, a comparison, and a number in the figure's unit.",
            "examples": ["detection.false_positives == 0", "detection.full_s.max < 20s"],
        }

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and set(value) == {"text", "figure", "comparison", "threshold"}:
            return value
        match = _CLAIM.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise invalid(_FORM, value)
        figure, comparison, number, unit = match.groups()
        words = own_words()
        own = figure.startswith(OWN) and not words.kept
        if not is_figure(figure) or (own and figure not in words.figures):
            near = nearest(figure, [*words.figures, *FIGURES]) or _same_end(figure)
            expected = "a figure of a summary, or one of `code.figures`" if own else "a figure of a summary"
            raise invalid(expected, figure, meant=near)
        return {
            "text": " ".join(value.split()),
            "figure": figure,
            "comparison": comparison,
            "threshold": _threshold(figure, number, unit or ""),
        }

    @model_serializer
    def _to_text(self) -> str:
        return self.text

    def check(self, summary: Mapping[str, Any]) -> ClaimResult:
        """Compare the figures of a run with it. `summary` is nested or has dotted keys."""
        value = figure_value(summary, self.figure)
        holds = value is not None and COMPARISONS[self.comparison](value, self.threshold)
        return ClaimResult(self.text, holds, value)


def _threshold(figure: str, number: str, unit: str) -> float:
    """Return the number in the figure's unit: seconds, milliseconds, or none."""
    value = read_decimal(number, number + unit)
    if unit == "%":
        return float(value / 100)
    if unit == "":
        return float(value)
    figures_unit = unit_of(figure)
    if figures_unit == "":
        raise invalid(f"a number without a unit of time ({figure} is none)", number + unit)
    seconds = read_duration(number + unit)
    return seconds if figures_unit == "s" else float(Decimal(repr(seconds)) * 1000)


def _same_end(name: str) -> str | None:
    """Return the figure whose name ends like a name without its beginning, as in 'false_positives'."""
    if name.startswith(BY_TYPE.rstrip(".")):
        return None
    ends = [figure for figure in FIGURES if figure.endswith("." + name) or figure.startswith(name + ".")]
    return ends[0] if ends else None
