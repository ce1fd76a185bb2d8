"""The scenario: everything that a run is made from.

`Scenario(...)` takes the sections of a scenario file as keywords, as mappings in the words of the
file (`duration="10m"`), and validates all of it; mistakes come as one `ScenarioError` that names the
path of each. A scenario never changes: `with_settings` makes another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from serfsim.scenario.checks import cross_problems
from serfsim.scenario.overrides import with_value
from serfsim.scenario.own_code import merged_code
from serfsim.scenario.own_words import new_words, reading
from serfsim.scenario.problems import ScenarioProblems, problems_of, report
from serfsim.scenario.sections import Sections
from serfsim.scenario.writing import dumps


class Scenario(Sections):
    """A cluster, a network, what happens to them, and what is claimed of the outcome.

    All times of faults and workload count from the end of the warm-up.
    """

    def __init__(self, **sections: Any) -> None:
        try:
            with new_words():
                super().__init__(**sections)
        except ValidationError as error:
            problems = problems_of(error)
            raise ScenarioProblems(report(problems), problems) from None
        problems = list(cross_problems(self))
        if problems:
            raise ScenarioProblems(report(problems), problems)

    def _repr_html_(self) -> str:
        from serfsim.scenario.card import scenario_card  # start-up: only notebooks need it

        return scenario_card(self)

    def to_yaml(self, folder: str | Path | None = None) -> str:
        """Everything as a scenario file; with `folder`, files are named relative to it."""
        return dumps(self, folder)

    def check_claims(self, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every claim against the figures of a run: {claim, holds, value} each, as in summary.json."""
        results = [claim.check(summary) for claim in self.claims]
        return [{"claim": result.text, "holds": result.holds, "value": result.value} for result in results]

    def with_code(self, code: Mapping[str, Any]) -> Scenario:
        """Another scenario with more code of the user's own.

        `code` is as in a file; classes and functions may stand for their import paths.
        """
        if not code:
            return self
        sections: Any = self.given()
        return self.again({**sections, "code": merged_code(sections.get("code"), code)})

    def with_settings(self, settings: Mapping[str, Any]) -> Scenario:
        """Another scenario with some values changed, by their paths.

        >>> Scenario().with_settings({"cluster.config.suspicion_mult": 6}).cluster.config.suspicion_mult
        6
        """
        sections: Any = self.given()
        for path, value in settings.items():
            sections = with_value(sections, path, value)
        return self.again(sections)

    def again(self, sections: Mapping[str, Any]) -> Scenario:
        """Another scenario, whose `code` means the text of modules that this one was read with."""
        if self.code is None:
            return Scenario(**sections)
        sources = self.code.objects.sources if self.code.is_imported else None
        with reading(kept=sources is None, sources=sources, folder=self.code.folder):
            return Scenario(**sections)
