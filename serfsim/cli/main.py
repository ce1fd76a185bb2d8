"""`serfsim`: where the console script begins.

The commands are imported inside, so that an interruption during the second that this takes ends like
any other: without a traceback. To be told to end (SIGTERM: a CI job that is cancelled, `timeout`; SIGHUP: a
closed terminal) is to be interrupted: processes that were started end too, and what is finished is kept.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any

from serfsim.cli import codes


class UntilClosed:
    """A stream whose reader may leave (`| head`): later output is discarded, and the command goes on."""

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
    """What the console script calls."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)
    sys.stdout = UntilClosed(sys.stdout)
    # Imports make objects by the hundred thousand and no garbage: to look for it at every 700th would be a
    # tenth of the time of a short command.
    gc.set_threshold(50_000, 20, 20)
    try:
        if sys.argv[1:] == ["--version"]:
            # Without the machinery of the commands, which takes longer to import than Python to start.
            # start-up: the help works without it
            from serfsim.cli.version import version_text

            print(version_text())
            return
        # start-up: the help works without it
        from serfsim.cli.app import app

        app(prog_name="serfsim")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(codes.INTERRUPTED)
