"""Pools: several agents on each host, whose clusters are separate and share one network.

Each pool has a network and hosts of its own, numbered from 0, which stand on hosts of the cluster: packets
between them meet the latency, jitter, loss, rules and links between those. All pools share one event queue,
where the hosts of the second follow those of the first.
"""

from __future__ import annotations

from serfsim.native import i64
from serfsim.network.network import Network
from serfsim.network.scheduler import Dispatcher, Scheduler, Withdrawn


class PoolScheduler(Scheduler):
    """The shared queue as one pool sees it, whose first host is number `first` there."""

    def __init__(self, shared: Scheduler, first: i64) -> None:
        self.shared = shared
        self.first: i64 = first

    def schedule(self, at: float, target: i64, kind: i64, a: i64, b: i64, payload: object | None) -> None:
        self.shared.schedule(at, target + self.first, kind, a, b, payload)

    def schedule_cancellable(self, at: float, target: i64, kind: i64, a: i64, b: i64) -> i64:
        return self.shared.schedule_cancellable(at, target + self.first, kind, a, b)

    def cancel(self, handle: i64) -> None:
        self.shared.cancel(handle)

    def withdraw(self, target: i64) -> list[Withdrawn]:
        return self.shared.withdraw(target + self.first)

    def dispatch_cancelled_too(self) -> None:
        self.shared.dispatch_cancelled_too()


class PoolDispatcher(Dispatcher):
    """The events of the shared queue, handed to the pool of their host.

    `handled` counts those of each pool; so that it has all, the queue must dispatch cancelled ones too.
    """

    def __init__(self, cluster: Network) -> None:
        self.networks: list[Network] = [cluster]
        self.firsts: list[int] = [0]
        self.handled: list[int] = [0]

    def add(self, network: Network, first: i64) -> None:
        """Bring in a pool, whose first host follows the last of those before."""
        self.networks.append(network)
        self.firsts.append(first)
        self.handled.append(0)

    def dispatch(self, target: i64, kind: i64, a: i64, b: i64, payload: object | None, now: float) -> None:
        pool = len(self.firsts) - 1
        while self.firsts[pool] > target:
            pool -= 1
        self.handled[pool] += 1
        first: i64 = self.firsts[pool]
        self.networks[pool].dispatch(target - first, kind, a, b, payload, now)
