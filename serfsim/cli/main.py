"""`serfsim`: where the console script begins.

The commands are imported inside, so that an interruption during the second that this takes ends like
any other: without a traceback.
"""

from __future__ import annotations

import sys

from serfsim.cli import codes


def main() -> None:
    """What the console script calls."""
    try:
        from serfsim.cli.app import app

        app(prog_name="serfsim")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(codes.INTERRUPTED)
