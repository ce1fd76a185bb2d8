"""The process that simulates the trunk of a run and forks its branches.

It reads one line from standard input, a request, and writes one line of JSON for each branch that ended. The
caller ends it, and every branch, by closing its standard input.

A process of its own has one thread, so that a fork leaves no lock behind that nobody opens again.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

from serfsim.engine.environment import no_garbage_collection
from serfsim.engine.streams import Branching, branching
from serfsim.simulation import Simulation
from serfsim.study.sweeps.worker import Answer, answer_of, failure, scenario_of

PIECE: Final = 1 << 16  # bytes read from a pipe at a time
DIED: Final = "its process died"


class Trunk:
    """One simulation, and the branches that run at the moment, at most `at_once`."""

    def __init__(self, simulation: Simulation, streams: Branching, at_once: int, answers: IO[str]) -> None:
        self._simulation = simulation
        self._streams = streams
        self._at_once = at_once
        self._answers = answers
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, tuple[int, float, int, bytearray]] = {}  # by the pipe to read from
        if sys.stdin is not None:
            self._selector.register(sys.stdin, selectors.EVENT_READ)

    def grow(self, plan: Mapping[float, Sequence[int]]) -> None:
        """Run to each time of the plan, {seconds: [branch]}, and fork the branches there."""
        try:
            for at in sorted(plan):
                self._simulation.run_until(at)
                for number in plan[at]:
                    while len(self._running) >= self._at_once:
                        self._read()
                    self._fork(at, number)
            while self._running:
                self._read()
        finally:
            for child, *_ in self._running.values():
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    def _fork(self, at: float, number: int) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _go_on(self._simulation, self._streams, at, number, writing)
        os.close(writing)
        self._running[reading] = (child, at, number, bytearray())
        self._selector.register(reading, selectors.EVENT_READ)

    def _read(self) -> None:
        """Read from branches until at least one has sent something."""
        for key, _ in self._selector.select():
            if not isinstance(key.fileobj, int):
                if not os.read(key.fd, PIECE):
                    raise KeyboardInterrupt  # the caller has gone, or wants no more
                continue
            child, at, number, text = self._running[key.fd]
            piece = os.read(key.fd, PIECE)
            text.extend(piece)
            if not piece:
                self._selector.unregister(key.fd)
                os.close(key.fd)
                del self._running[key.fd]
                os.waitpid(child, 0)
                self._tell(at, number, text)

    def _tell(self, at: float, number: int, text: bytearray) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = failure(RuntimeError(DIED))
        self._answers.write(json.dumps({"at": at, "branch": number, "answer": answer}) + "\n")
        self._answers.flush()


def _go_on(simulation: Simulation, streams: Branching, at: float, number: int, writing: int) -> None:
    """Run a branch to its end in this forked process, send its answer, and end the process."""
    began = time.perf_counter()
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if number:  # branch 0 is the run itself; branches of different times are independent
            streams.take(f"branch-{number}-at-{at!r}")
        answer: Answer = answer_of(simulation.run().summary)
    except BaseException as error:  # the process ends below, whatever happened
        answer = failure(error)
    answer["took_s"] = time.perf_counter() - began
    with suppress(OSError), open(writing, "wb") as pipe:
        pipe.write(json.dumps(answer).encode())
    os._exit(0)


def _requests() -> Iterator[Any]:
    line = sys.stdin.readline()
    if line:
        yield json.loads(line)


def main() -> None:
    """Carry out the request on standard input: {text, seed, plan: [[seconds, [branch]]], at_once}."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the user's own code prints is no answer
    for request in _requests():
        with branching() as streams, no_garbage_collection(), suppress(KeyboardInterrupt):
            try:
                simulation = Simulation(scenario_of(request["text"], request["seed"]))
                plan = dict(request["plan"])
                Trunk(simulation, streams, request["at_once"], answers).grow(plan)
            except Exception as error:
                answers.write(json.dumps({"answer": failure(error)}) + "\n")
                answers.flush()


if __name__ == "__main__":
    main()
