"""A module of a user's own beside a scenario that names it, and a helper that the module imports."""

from __future__ import annotations

from pathlib import Path

import pytest

HELPER = "FACTOR = 3.0\n"
MINE = '''\
from typing import ClassVar

import helper

from serfsim import SerfNode
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.scenario.faults import OnNodes
from serfsim.scenario.selection import Nodes


class Patient(SuspicionRule):
    def remaining(self, suspicion, now):
        return helper.FACTOR * super().remaining(suspicion, now)


class Node(SerfNode):
    pass


class Nap(OnNodes):
    """Stop the process for a while."""

    verb: ClassVar = "nap"
    example: ClassVar = "{nap: [node-01], at: 5s, for: 2s}"

    nap: Nodes

    def describe(self):
        return "somebody naps"

    def begin(self, controls, prepared):
        for node in prepared:
            controls.hosts[node].pause()

        def undo():
            for node in prepared:
                controls.resume(node)

        return undo

    def unhealthy(self, prepared):
        return prepared


def gap_s(result):
    """Seconds between the first and the last report of one failure."""
    from late import longest

    return longest(result.member_events)


def members(result):
    return len(result.truth.names)


members.better = "higher"


def broken(result):
    return result.no_such_table


def wordy(result):
    return "many"


def careless(result, more):
    return 1.0


class Restless(SuspicionRule):
    def remaining(self, suspicion, now):
        raise ValueError("no patience left")
'''
LATE = """\
def longest(events):
    times = events[events.kind == "failed"].groupby("subject").t_s
    return (times.max() - times.min()).max()
"""
SCENARIO = """\
name: own
duration: 20s
warm_up: 2s
cluster: {nodes: 5}
code:
  parts: {suspicion: mine:Patient}
  faults: [mine:Nap]
  figures: [mine:gap_s, mine:members]
faults:
  - {crash: [node-03], at: 1s}
  - {nap: [node-01], at: 2s, for: 1s}
claims: [own.gap_s < 20s, own.higher.members == 5]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with mine.py, helper.py, late.py (imported by a function only) and own.yaml."""
    for name, text in (("mine.py", MINE), ("helper.py", HELPER), ("late.py", LATE), ("own.yaml", SCENARIO)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "own.yaml"
