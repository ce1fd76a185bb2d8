"""Faults of the machine: a full or read-only disk, a deleted folder, two writers, a lost worker.

Each returns what is wrong, or "".
"""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil

from tests.kills.jobs import JOBS, Job
from tests.kills.killing import PATIENCE_S, finish, look, prepare, start, traceback_in

RUN, SWEEP, BY_WORKERS = JOBS[0], JOBS[1], JOBS[2]
LARGEST_FILES = (0, 100, 2000, 20_000)  # bytes, after which every write fails


def with_full_disk(job: Job, scratch: Path, largest: int) -> str:
    """Let no file grow beyond `largest` bytes, then resume on a disk with room."""
    prepare(scratch)
    folder = scratch / "full"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = subprocess.run(
        job.command(folder),
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        timeout=PATIENCE_S,
    )
    said = done.stdout + done.stderr
    if wrong := traceback_in(said):
        return wrong
    whole, wrong = look(job, folder, {})
    if wrong:
        return wrong
    if done.returncode == 0 and not whole:
        return f"says nothing of a full disk: {said[-200:]}"
    if done.returncode != 0 and "rror" not in said and "cannot" not in said and "disk" not in said:
        return f"does not say what failed: {said[-200:]}"
    return goes_on(job, folder, scratch)


def goes_on(job: Job, folder: Path, scratch: Path) -> str:
    """Resume, and compare with a command that met nothing."""
    never = scratch / "never"
    if not never.exists() and (wrong := finish(job, never, scratch)):
        return wrong
    if wrong := finish(job, folder, scratch):
        return f"resumed: {wrong}"
    return "" if job.final(folder) == job.final(never) else "resumed, and not equal to one never interrupted"


def on_small_disk(job: Job, scratch: Path) -> str:
    """A file system of 64 KB that is full, and is read-only after."""
    prepare(scratch)
    disk = scratch / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        return "skipped: may not mount"
    try:
        for options in (None, "remount,ro"):
            if options:
                subprocess.run(["mount", "-o", options, str(disk)], check=True)
            process = start(job, disk / "out", scratch)
            said, _ = process.communicate(timeout=PATIENCE_S)
            if wrong := traceback_in(said):
                return wrong
            if process.returncode == 0:
                return f"says nothing of a disk that is {'read-only' if options else 'full'}"
            if str(disk) not in said:
                return f"names no file: {said[-200:]}"
            _, wrong = look(job, disk / "out", {})
            if wrong:
                return wrong
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    return ""


def deleted_midway(job: Job, scratch: Path) -> str:
    prepare(scratch)
    folder = scratch / "deleted"
    process = start(job, folder, scratch)
    until = time.monotonic() + 60
    while (
        not (folder.exists() and any(folder.iterdir()))
        and process.poll() is None
        and time.monotonic() < until
    ):
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)
    said, _ = process.communicate(timeout=PATIENCE_S)
    if wrong := traceback_in(said):
        return wrong
    return goes_on(job, folder, scratch)


def two_writers(job: Job, scratch: Path) -> str:
    """Start two commands at once: one of them may be refused, and the result is one of theirs, whole."""
    prepare(scratch)
    folder = scratch / "shared"
    both = [start(job, folder, scratch) for _ in range(2)]
    for process in both:
        said, _ = process.communicate(timeout=PATIENCE_S)
        if wrong := traceback_in(said):
            return wrong
        if process.returncode not in (0, 1, 2):
            return f"ends with {process.returncode}: {said[-200:]}"
    if all(process.returncode for process in both):
        return "both were refused"
    return goes_on(job, folder, scratch)


def lost_worker(job: Job, scratch: Path) -> str:
    """Kill a worker process: its run is tried again or told, and the command goes on."""
    prepare(scratch)
    folder = scratch / "lost"
    process = start(job, folder, scratch)
    until = time.monotonic() + 60
    killed = False
    while not killed and process.poll() is None and time.monotonic() < until:
        if list((folder / "parts").glob("*.json")):
            for child in psutil.Process(process.pid).children(recursive=True):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    child.kill()
                    killed = True
                    break
        time.sleep(0.02)
    said, _ = process.communicate(timeout=PATIENCE_S)
    return traceback_in(said) or goes_on(job, folder, scratch)


Fault = Callable[[Path], str]


def faults() -> Iterator[tuple[str, Fault]]:
    """Yield all faults in words, each to be tried in a folder of its own."""
    for job in (RUN, SWEEP):
        for largest in LARGEST_FILES:
            yield f"{job.name}: no file beyond {largest} bytes", partial(with_full_disk, job, largest=largest)
        yield f"{job.name}: disk of 64 KB full, then read-only", partial(on_small_disk, job)
        yield f"{job.name}: folder deleted midway", partial(deleted_midway, job)
        yield f"{job.name}: two writers in one folder", partial(two_writers, job)
    yield "sweep: a worker killed", partial(lost_worker, BY_WORKERS)
