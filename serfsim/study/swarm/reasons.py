"""Reasons why some things cannot be exercised."""

from __future__ import annotations

from typing import Final

UNREACHED: Final[dict[str, str]] = {}
