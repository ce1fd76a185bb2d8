"""The planted changes of `serfsim regress` can be planted in the code as it is."""

from __future__ import annotations

from types import ModuleType

import pytest

from benchmarks.planted_changes import CHANGES, ROOT, Change
from serfsim.scenario.settings import SETTINGS


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.setting)
def test_each_change_edits_one_default_of_the_table_and_nothing_else(change: Change) -> None:
    text = (ROOT / change.file).read_text(encoding="utf-8")
    edited = ModuleType("edited")
    exec(change.edited(text), edited.__dict__)
    tables = [value for name, value in vars(edited).items() if name.endswith("_SETTINGS")]
    assert len(tables) == 1
    differing = {row.name: row.default for row in tables[0] if row.default != SETTINGS[row.name].default}
    assert differing == {change.setting: change.value}
