"""Entry point of the `serfsim` command.

The commands are imported inside `main`, so that an interruption during the imports (about a second) ends
without a traceback too. SIGTERM (a cancelled CI job, `timeout`) and SIGHUP (a closed terminal) count as
interruptions: started processes end, and finished work is kept.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any

from serfsim.cli import codes


class UntilClosed:
    """A stream whose reader may close it (`| head`): later output is discarded, and the command goes on."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return int(self._stream.write(text))
        except BrokenPipeError:
            self._go_nowhere()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._go_nowhere()

    def _go_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> None:
    """Run the command line."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores it
            signal.signal(number, signal.default_int_handler)
    sys.stdout = UntilClosed(sys.stdout)
    # Imports allocate many objects and little garbage; collecting at the default threshold would take a tenth
    # of the time of a short command.
    gc.set_threshold(50_000, 20, 20)
    try:
        if sys.argv[1:] == ["--version"]:
            # Avoids the CLI framework, which takes longer to import than Python to start. start-up: the help
            # works without it
            from serfsim.cli.version import version_text

            print(version_text())
            return
        # start-up: the help works without it
        from serfsim.cli.app import app

        app(prog_name="serfsim")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(codes.INTERRUPTED)
