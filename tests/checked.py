"""A fixture under which every run of a test is checked, and may break no rule but by a known behaviour.

`unchecked` marks a test that plants violations or measures time. A `conftest.py` imports the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serfsim.checks import Violation, unexplained
from serfsim.results.run_result import RunResult
from serfsim.simulation.simulation import CHECK


@pytest.fixture(autouse=True)
def checked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check the runs of this process."""
    if request.node.get_closest_marker("unchecked") is not None:
        yield
        return
    found: list[Violation] = []
    keep = RunResult.keep_violations

    def keep_all(result: Any, violations: list[Violation]) -> None:
        keep(result, violations)
        found.extend(violations)

    monkeypatch.setenv(CHECK, "1")
    monkeypatch.setattr(RunResult, "keep_violations", keep_all)
    yield
    assert unexplained(found) == []
