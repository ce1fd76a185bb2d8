"""The order of the tests: quick ones first, slow ones next, comparisons with recordings last.

Examples that hypothesis makes up are the same in every run; HYPOTHESIS_PROFILE=search looks for new ones.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def weight(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker("golden") else 1 if item.get_closest_marker("slow") else 0

    items.sort(key=weight)
