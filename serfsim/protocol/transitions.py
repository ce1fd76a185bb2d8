"""Transition tables: each state machine of the protocol, the network and the RPC server as data.

A module with a machine has `TRANSITIONS`, a tuple of rows, beside its code. The tests drive the machine
through every row and see that no other input changes a state; `docs/state_machines.md` is drawn from them.
"""

from __future__ import annotations

from typing import NamedTuple


class Transition(NamedTuple):
    """A machine in `state` takes `input`, does what `effect` says and is in `next_state`.

    Several effects are separated by semicolons; none is an empty text. An input that has no row in a state is
    ignored there, or cannot come.
    """

    state: str
    input: str
    next_state: str
    effect: str = ""
