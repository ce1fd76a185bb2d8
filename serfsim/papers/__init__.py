"""Papers that serfsim reproduces, one folder each.

A folder has `published.csv`, the published figures, and an object `PAPER` in its `__init__.py`;
`serfsim.study.reproduction` finds and runs it. The names of folders are those of `serfsim reproduce`. Folders
of the environment variable SERFSIM_PAPERS are searched too.
"""

from __future__ import annotations

import os

__all__: list[str] = []
__path__.extend(folder for folder in os.environ.get("SERFSIM_PAPERS", "").split(os.pathsep) if folder)
