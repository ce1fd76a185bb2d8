"""`serfsim`: where the console script begins.

The commands are imported inside, so that an interruption during the second that this takes ends like
any other: without a traceback. To be told to end (SIGTERM: a CI job that is cancelled, `timeout`; SIGHUP: a
closed terminal) is to be interrupted: processes that were started end too, and what is finished is kept.
"""

from __future__ import annotations

import signal
import sys

from serfsim.cli import codes


def main() -> None:
    """What the console script calls."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)
    try:
        from serfsim.cli.app import app

        app(prog_name="serfsim")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(codes.INTERRUPTED)
