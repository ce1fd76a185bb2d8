"""The order of the tests: quick ones first, slow ones next, comparisons with recordings last."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def weight(item: pytest.Item) -> int:
        return 2 if item.get_closest_marker("golden") else 1 if item.get_closest_marker("slow") else 0

    items.sort(key=weight)
