"""Runs the tests listed in a file until one fails: `python -m tests.mutation.chosen FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "-rfE", "--no-header"]

sys.exit(pytest.main([*OPTIONS, *Path(sys.argv[1]).read_text().splitlines()]))
