"""Kills at random moments: what was finished stays, nothing half-written counts, and the end is the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.jobs import SCENARIO, Job

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PATIENCE_S = 900.0
# Done, a run failed, interrupted, and interrupted during the imports, where SIGTERM is a Ctrl-C too.
ENDS = (0, 1, 130, -signal.SIGINT)


@dataclass
class Tally:
    """What came of the kills of one command."""

    kills: Counter[str] = field(default_factory=Counter)
    too_late: int = 0  # the command had ended before
    resumed: int = 0  # results that equal one never interrupted
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.kills.values())


def start(job: Job, folder: Path, work: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        job.command(folder),
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(job: Job, folder: Path, work: Path) -> str:
    """Let the command come to its end; return what is wrong with that, or ""."""
    process = start(job, folder, work)
    said, _ = process.communicate(timeout=PATIENCE_S)
    if process.returncode not in (0, 1) or "Traceback" in said:
        return f"ends with {process.returncode}: {said[-300:]}"
    return ""


def kill(job: Job, folder: Path, work: Path, sent: signal.Signals, after: float) -> tuple[bool, str]:
    """Start the command and end it; whether it was ended, and what it said that it should not."""
    process = start(job, folder, work)
    try:
        said, _ = process.communicate(timeout=after)
        return False, traceback_in(said)
    except subprocess.TimeoutExpired:
        pass
    # Ctrl-C in a terminal reaches every process of the group.
    (os.killpg if sent == signal.SIGINT else os.kill)(process.pid, sent)
    said, _ = process.communicate(timeout=PATIENCE_S)
    if wrong := traceback_in(said):
        return True, wrong
    if sent != signal.SIGKILL and process.returncode not in (*ENDS, -sent):
        return True, f"ends with {process.returncode}: {said[-300:]}"
    return True, left_of(process.pid)


def traceback_in(said: str) -> str:
    """Return what a command should not have said, or "".

    Python's own, of a Ctrl-C while it still imports serfsim, is none: no command has begun.
    """
    if "Traceback" not in said or ("/serfsim/cli/" not in said and said.endswith("KeyboardInterrupt\n")):
        return ""
    return f"a traceback: {said[-600:]}"


def left_of(group: int) -> str:
    """Return what is wrong with the processes of a group that is over, or ""."""
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return ""
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return "processes are left after 30 s"


def signals(rng: random.Random) -> Iterator[signal.Signals]:
    """Yield all signals equally often, in random order."""
    while True:
        yield from rng.sample(SIGNALS, len(SIGNALS))


def look(job: Job, folder: Path, before: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """Return what is whole now, and what is wrong with that."""
    try:
        now = job.whole(folder)
    except Exception as error:  # any error is the finding
        return before, f"cannot be read: {type(error).__name__}: {error}"
    lost = [name for name, content in before.items() if now.get(name) != content]
    return now, f"lost or changed: {lost}" if lost else ""


def difference(expected: object, found: object) -> str:
    """Name the first rows that differ."""
    if not (isinstance(expected, list) and isinstance(found, list)):
        return f"{expected} and {found}"
    if len(expected) != len(found):
        return f"{len(expected)} and {len(found)} rows"
    pairs = zip(expected, found, strict=True)
    at, (one, other) = next((at, pair) for at, pair in enumerate(pairs) if pair[0] != pair[1])
    columns = {key: (one[key], other.get(key)) for key in one if one[key] != other.get(key)}
    return f"row {at}: {columns}"


def prepare(work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    (work / "busy.yaml").write_text(SCENARIO)


def torment(job: Job, kills: int, seed: int, scratch: Path) -> Tally:
    """Kill a command, again and again in one folder until it is done, then in the next."""
    rng = random.Random(f"{seed} {job.name}")
    work = scratch / "work"
    prepare(work)
    tally = Tally()
    never = scratch / "never-interrupted"
    began = time.monotonic()
    if wrong := finish(job, never, work):
        tally.faults.append(f"not interrupted: {wrong}")
        return tally
    lasts = time.monotonic() - began
    expected = job.final(never)
    order = signals(rng)
    number = 0
    while tally.total < kills:
        number += 1
        folder = scratch / f"folder-{number}"
        whole: dict[str, bytes] = {}
        ended = False
        while not ended and tally.total < kills:
            sent = next(order)
            was_killed, wrong = kill(job, folder, work, sent, rng.uniform(0.0, 1.1 * lasts))
            ended = not was_killed
            tally.kills[sent.name] += was_killed
            tally.too_late += ended
            whole, lost = look(job, folder, whole)
            for fault in filter(None, (wrong, lost)):
                tally.faults.append(f"{sent.name}: {fault}")
        if wrong := finish(job, folder, work):
            tally.faults.append(f"resumed: {wrong}")
        elif (found := job.final(folder)) == expected:
            tally.resumed += 1
        else:
            where = difference(expected, found)
            tally.faults.append(f"folder {number}: resumed, and not equal to one never interrupted: {where}")
        for left in scratch.glob(f"folder-{number}*"):
            shutil.rmtree(left)
    return tally
