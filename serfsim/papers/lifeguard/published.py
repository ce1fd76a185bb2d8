"""The published figures by id."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serfsim.study.reproduction import read_published

TABLE: Final = read_published(Path(__file__).parent)
PUBLISHED: Final = {one.id: one.value for one in TABLE}
