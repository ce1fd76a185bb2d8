"""The true state of a running simulation: members up, members under a fault, reachability.

The control plane reports each change here; nodes never see any of it.
"""

from __future__ import annotations

import math

import numpy as np

from serfsim.network.jitter import Jitter, JitterByPair
from serfsim.results.scoring.recording import Floats, Interval, Truth
from serfsim.results.scoring.recording import TrueRtt as Rtt
from serfsim.scenario.roster import Roster
from serfsim.simulation.reach import Reach
from serfsim.topology import Topology

ALWAYS = math.inf


class TruthKeeper:
    """The collector of a `scoring.recording.Truth`; times on the scenario's clock."""

    def __init__(self, nodes: int) -> None:
        self.down: list[list[Interval]] = [[] for _ in range(nodes)]
        self.faulted: list[list[Interval]] = [[] for _ in range(nodes)]
        self.crashes: list[tuple[float, int]] = []
        self.leaves: list[tuple[float, int]] = []
        self.anomalies: list[tuple[float, int]] = []
        self.cuts: list[Cut] = []
        self.reach: Reach | None = None  # where addresses can keep a member from another
        self.rtt_changes: list[float] = []
        self._down_since: list[float | None] = [-ALWAYS] * nodes
        self._faults: list[int] = [0] * nodes
        self._faulted_since: list[float] = [0.0] * nodes

    def came_up(self, t: float, node: int) -> None:
        since = self._down_since[node]
        if since is not None:
            self.down[node].append(Interval(since, t))
            self._down_since[node] = None

    def went_down(self, t: float, node: int) -> None:
        if self._down_since[node] is None:
            self._down_since[node] = t

    def is_up(self, node: int) -> bool:
        return self._down_since[node] is None

    def fault_began(self, t: float, nodes: list[int]) -> None:
        for node in nodes:
            if self._faults[node] == 0:
                self._faulted_since[node] = t
            self._faults[node] += 1

    def fault_ended(self, t: float, nodes: list[int]) -> None:
        for node in nodes:
            self._faults[node] -= 1
            if self._faults[node] == 0:
                self.faulted[node].append(Interval(self._faulted_since[node], t))

    def cut(self, t: float, pairs: list[tuple[list[int], list[int]]], transport: str) -> Cut:
        """Block packets from the first to the second of each pair of sides from now on."""
        made = Cut(t, [(frozenset(a), frozenset(b)) for a, b in pairs], transport)
        self.cuts.append(made)
        return made

    def so_far(self) -> tuple[list[list[Interval]], list[list[Interval]]]:
        """Return when each member was down and under a fault; what lasts has no end."""
        down, faulted = [list(spans) for spans in self.down], [list(spans) for spans in self.faulted]
        for node, since in enumerate(self._down_since):
            if since is not None:
                down[node].append(Interval(since, ALWAYS))
            if self._faults[node] > 0:
                faulted[node].append(Interval(self._faulted_since[node], ALWAYS))
        return down, faulted

    def close(self, t: float, reach: Reach | None = None) -> None:
        """End the run: open intervals end with it, later than any time that is queried."""
        self.reach = reach
        self.down, self.faulted = self.so_far()

    def truth(self, rtt: Rtt, positions: Floats | None, rtt_changes: list[float]) -> Truth:
        """Return what was collected, beside the round-trip times and places of the members."""
        return Truth(
            self.down,
            self.faulted,
            self.reachable,
            rtt,
            self.crashes,
            self.leaves,
            positions,
            rtt_changes,
            self.anomalies,
        )

    def reachable(self, observer: int, subject: int, t: float) -> bool:
        """Return True if packets of one transport pass from the observer to the subject and back at `t`.

        They are sent to the address that the subject tells.
        """
        blocked = {transport for cut in self.cuts for transport in cut.blocks(observer, subject, t)}
        return any(
            name not in blocked and (self.reach is None or self.reach.passes(observer, subject, name, t))
            for name in ("udp", "tcp")
        )


class Cut:
    """A block of one transport ("udp", "tcp" or "all") while it lasts."""

    def __init__(
        self, start: float, sides: list[tuple[frozenset[int], frozenset[int]]], transport: str
    ) -> None:
        self.start = start
        self.end = ALWAYS
        self.sides = sides
        self.transports = ("udp", "tcp") if transport == "all" else (transport,)

    def blocks(self, observer: int, subject: int, t: float) -> tuple[str, ...]:
        """Return the transports that this cut blocks between the two, one way or both."""
        if self.start <= t < self.end:
            for sources, targets in self.sides:
                if (observer in sources and subject in targets) or (
                    subject in sources and observer in targets
                ):
                    return self.transports
        return ()


class TrueRtt:
    """A function of a node: round-trip seconds to every node, (n,), as a perfect probe would measure.

    Covers the base latency both ways at time `t` (default: `end`), the mean jitter of each way, and the
    subject's processing delay. It references nothing else of a simulation, so that a result does not keep
    all of it alive.
    """

    def __init__(
        self,
        topology: Topology,
        jitter: Jitter,
        roster: Roster,
        end: float,
        by_pair: JitterByPair | None = None,
    ) -> None:
        self.topology = topology
        # A change at the very end has no effect.
        self.end = math.nextafter(end, -math.inf)
        # The mean of every model is a constant plus a fraction of the base latency.
        self.fixed = 2.0 * jitter.mean(0.0)
        self.share = 1.0 + jitter.mean(1.0) - jitter.mean(0.0)
        self.by_pair = by_pair
        self.processing = np.array([member.processing_delay for member in roster.members])

    def __call__(self, node: int, t: float | None = None) -> Floats:
        self.topology.latency.advance(self.end if t is None else min(t, self.end))
        fixed, share = (self.fixed, self.share) if self.by_pair is None else self._means(self.by_pair, node)
        rtt: Floats = self.topology.rtt_row(node) * share + fixed + self.processing
        rtt[node] = 0.0
        return rtt

    def _means(self, by_pair: JitterByPair, node: int) -> tuple[Floats, Floats]:
        """Return the constant and the share of each pair's mean jitter, both ways together; shape (n,)."""
        n = len(self.processing)
        ways = [
            [by_pair.of(node, other) for other in range(n)],
            [by_pair.of(other, node) for other in range(n)],
        ]
        fixed = np.array([[model.mean(0.0) for model in way] for way in ways])
        share = np.array([[model.mean(1.0) - model.mean(0.0) for model in way] for way in ways])
        # Either way has half of the round trip.
        return fixed.sum(axis=0), 1.0 + share.mean(axis=0)
