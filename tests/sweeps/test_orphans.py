"""Worker processes end with whoever started them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from serfsim.study.sweeps.pools import end_with_parent


def work():
    os.write(1, b"working\\n")  # at once: print may write a line in two pieces
    time.sleep(60.0)


if __name__ == "__main__":
    with ProcessPoolExecutor(2, get_context("spawn"), end_with_parent, (os.getpid(),)) as pool:
        for job in [pool.submit(work), pool.submit(work)]:
            job.result()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_whoever_started_them(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(2)] == ["working\n"] * 2
        parent.send_signal(how)
        # Its workers write to the same pipe: it ends once the last of them has.
        assert parent.communicate(timeout=20.0) == ("", None)
