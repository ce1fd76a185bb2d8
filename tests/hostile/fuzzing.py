"""A target of the standing check, and the run of mutated inputs against it.

An input is read or refused with the project's own error. Anything else is a fault: another exception, a
refusal after more than two seconds, more memory than `MOST_MEMORY`, an error without its file or a remedy.
A scenario of a hundred thousand members, the most there may be, is taken after three.
"""

from __future__ import annotations

import random
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.hostile.mutating import mutated

LONGEST_S = 2.0  # to refuse an input
LONGEST_TAKEN_S = 6.0
MOST_MEMORY = 1 << 30  # bytes that reading one input may add to the process
CHECK_EVERY = 256  # inputs, between looks at the memory

Read = Callable[[bytes], str]
"""Reads an input; "" if it is taken, else the words in which it is refused."""


class Hangs(BaseException):
    """An input took longer than LONGEST_S."""


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote.

    `corpus` are real inputs; `weight` its share of all inputs. `is_text`: they are text.
    `names_file`: refusals begin with the file.
    """

    name: str
    what: str
    weight: int
    corpus: Callable[[], list[bytes]]
    read: Callable[[Path], Read]
    is_text: bool = False
    names_file: bool = False


@dataclass
class Tally:
    """What became of the inputs of one target."""

    inputs: int = 0
    taken: int = 0
    slowest_s: float = 0.0
    memory: int = 0  # bytes that the process has grown by
    faults: dict[str, bytes] = field(default_factory=dict)  # by their cause, the first input of each


@contextmanager
def limited_time(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory() -> int:
    """Return the most memory that this process has ever used, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def limit_memory(more: int) -> None:
    """Let the process fail rather than the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def cause_of(error: BaseException) -> str:
    """Name the kind of an error and the line of serfsim that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/serfsim/" in frame.filename] or frames
    last = ours[-1]
    return f"{type(error).__name__} in {last.filename.rsplit('/serfsim/')[-1]}:{last.lineno}"


def fault_of(target: Target, read: Read, data: bytes, tally: Tally) -> str:
    """Read one input and return what is wrong with how that went, or ""."""
    began = time.process_time()
    try:
        with limited_time(20 * LONGEST_S):
            refusal = read(data)
    except Hangs as error:
        return f"hangs: {cause_of(error)}"
    except Exception as error:
        return cause_of(error)
    took = time.process_time() - began
    tally.slowest_s = max(tally.slowest_s, took)
    longest = LONGEST_S if refusal else LONGEST_TAKEN_S
    if took > longest:
        return f"more than {longest:g} s"
    tally.taken += refusal == ""
    if refusal and target.names_file and not is_helpful(refusal):
        return f"a refusal without file or remedy: {refusal[:160]!r}"
    return ""


def is_helpful(refusal: str) -> bool:
    """Return whether a refusal names its file and says what it found, expected or proposes."""
    named = refusal.startswith(("scenario", "/", "in"))
    words = ("found", "expected", "did you mean", "more than", "at most", "at least", "cannot", "not ", "no ")
    return named and any(word in refusal for word in words)


def fuzz(target: Target, inputs: int, seed: int, scratch: Path) -> Tally:
    """Read the corpus, then `inputs` mutants of it, the same for each seed."""
    rng = random.Random(f"{seed} {target.name}")
    corpus = target.corpus()
    read = target.read(scratch)
    tally = Tally()
    before = 0
    for number in range(inputs):
        data = (
            corpus[number]
            if number < len(corpus)
            else mutated(rng.choice(corpus), corpus, rng, target.is_text)
        )
        if (fault := fault_of(target, read, data, tally)) and fault not in tally.faults:
            tally.faults[fault] = data
        tally.inputs += 1
        if number == len(corpus):
            before = memory()
        if number % CHECK_EVERY == 0 and before:
            tally.memory = memory() - before
            if tally.memory > MOST_MEMORY:
                tally.faults[f"more than {MOST_MEMORY >> 20} MB"] = data
                break
    tally.memory = max(memory() - before, 0) if before else 0
    return tally
