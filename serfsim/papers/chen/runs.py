"""A watcher and a watched process on the event queue: NFD-S, NFD-E, and memberlist with two members."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from serfsim.engine.queue import SLICE, EventQueue
from serfsim.engine.streams import stream
from serfsim.native import Random
from serfsim.network.scheduler import Dispatcher
from serfsim.papers.chen.closed_forms import Setting
from serfsim.rivals.chen import NfdE, NfdS
from serfsim.scenario.model import Scenario
from serfsim.simulation import Simulation
from serfsim.study.reproduction import Cell, used

SEND, ARRIVE, FRESHNESS = 0, 1, 2
EXPONENTIAL: Final = "exponential"
BEGIN: Final = 10  # freshness points until which nothing is counted
WINDOW: Final = 32  # heartbeats that NFD-E estimates from


class Watch(Dispatcher):
    """One process sends heartbeats, another watches it by NFD-S, over a link that loses and delays.

    From freshness point BEGIN on it keeps the times of S-transitions and sums up the time in which the
    watcher suspects. `crash_at`: when the process stops sending. `delays`: the law of delays of one mean.
    """

    def __init__(
        self, setting: Setting, rng: Random, crash_at: float = math.inf, delays: str = EXPONENTIAL
    ) -> None:
        self.setting = setting
        self.rng = rng
        self.crash_at = crash_at
        self.delays = delays
        self.queue = EventQueue()
        self.detector = NfdS(setting.eta, setting.delta)
        self.counted_from = self.detector.freshness_time(BEGIN)
        self.suspected_since = 0.0
        self.suspected_s = 0.0
        self.mistakes: list[float] = []
        self.durations: list[float] = []
        self.queue.schedule(0.0, 0, SEND, 0, 0, None)
        self.queue.schedule(setting.delta, 0, FRESHNESS, 0, 0, None)

    def dispatch(self, target: int, kind: int, a: int, b: int, payload: object | None, now: float) -> None:
        """Handle heartbeat or freshness point `a`."""
        queue, setting = self.queue, self.setting
        if kind == SEND:
            if now >= self.crash_at:
                return
            if self.rng.random() >= setting.loss:
                queue.schedule(now + self._delay(), 0, ARRIVE, a, 0, None)
            queue.schedule((a + 1) * setting.eta, 0, SEND, a + 1, 0, None)
        elif kind == ARRIVE:
            self._arrive(a, now)
        else:
            self._pass_point(a, now)

    @property
    def trusts(self) -> bool:
        return self.detector.trusts

    def _arrive(self, heartbeat: int, now: float) -> None:
        if self.detector.receive(heartbeat):
            self._trust(now)

    def _pass_point(self, point: int, now: float) -> None:
        if self.detector.pass_freshness_point(point):
            self._suspect(now)
        self.queue.schedule(self.detector.freshness_time(point + 1), 0, FRESHNESS, point + 1, 0, None)

    def _suspect(self, now: float) -> None:
        self.suspected_since = now
        if now >= self.counted_from:
            self.mistakes.append(now)

    def _delay(self) -> float:
        mean = self.setting.delay
        if self.delays == "constant":
            return mean
        if self.delays == "uniform":
            return 2.0 * mean * self.rng.random()
        return -mean * math.log(1.0 - self.rng.random())

    def _trust(self, now: float) -> None:
        if now > self.counted_from:
            self.suspected_s += now - max(self.suspected_since, self.counted_from)
            if self.suspected_since >= self.counted_from:
                self.durations.append(now - self.suspected_since)


class EstimatingWatch(Watch):
    """The watcher has NFD-E, whose freshness points come as late as those of NFD-S in the mean.

    A freshness point is that after heartbeat `a`, and counts while none newer has arrived.
    """

    def __init__(self, setting: Setting, rng: Random, delays: str = EXPONENTIAL) -> None:
        super().__init__(setting, rng, delays=delays)
        self.estimator = NfdE(setting.eta, setting.delta - setting.delay, WINDOW)
        self._trusts = False

    @property
    def trusts(self) -> bool:
        return self._trusts

    def _arrive(self, heartbeat: int, now: float) -> None:
        self.estimator.receive(heartbeat, now)
        until = self.estimator.trusted_until
        if heartbeat < self.estimator.freshest or until <= now:
            return
        if not self._trusts:
            self._trusts = True
            self._trust(now)
        self.queue.schedule(until, 0, FRESHNESS, heartbeat, 0, None)

    def _pass_point(self, point: int, now: float) -> None:
        if self._trusts and point == self.estimator.freshest:
            self._trusts = False
            self._suspect(now)


def run(cell: Cell, seed: int) -> dict[str, float]:
    """Return the figures of one cell and seed; `study` of the cell names the function."""
    studies = {"mistakes": mistakes, "estimated": mistakes, "crashes": crashes, "memberlist": memberlist}
    return studies[str(cell["study"])](cell, seed)


def setting_of(cell: Cell) -> Setting:
    """Return the setting of a cell."""
    return Setting(float(cell["eta"]), float(cell["delta"]), float(cell["loss"]), float(cell["delay"]))


def mistakes(cell: Cell, seed: int) -> dict[str, float]:
    """Watch a process that never crashes for `heartbeats` intervals, by NFD-E in the study "estimated"."""
    setting = setting_of(cell)
    link, delays = stream(seed, "chen/link"), used(cell, "delays", EXPONENTIAL)
    if cell["study"] == "estimated":
        watch: Watch = EstimatingWatch(setting, link, delays)
    else:
        watch = Watch(setting, link, delays=delays)
    end = watch.counted_from + int(cell["heartbeats"]) * setting.eta
    _run(watch, end)
    suspected = watch.suspected_s + (0.0 if watch.trusts else end - watch.suspected_since)
    return {
        "mistakes": float(len(watch.mistakes)),
        "recurrence_s": float(np.mean(np.diff(watch.mistakes))),
        "duration_s": float(np.mean(watch.durations)),
        "accuracy": 1.0 - suspected / (end - watch.counted_from),
    }


def crashes(cell: Cell, seed: int) -> dict[str, float]:
    """Crash the process `repeats` times, each time at a random moment of an interval; return detection times.

    A crash counts as detected at the last S-transition; heartbeats sent before it may still arrive and end a
    suspicion.
    """
    setting = setting_of(cell)
    draws = stream(seed, "chen/crashes")
    found = []
    for _ in range(int(cell["repeats"])):
        crash_at = (BEGIN + draws.random()) * setting.eta
        watch = Watch(setting, draws, crash_at)
        _run(watch, crash_at + setting.detection_bound_s + 100.0 * setting.delay + setting.eta)
        # Where the last transition came before the crash, the process is suspected from the crash on.
        found.append(max(0.0, watch.suspected_since - crash_at))
    bound = setting.detection_bound_s
    return {
        "crashes": float(len(found)),
        "late": float(sum(second > bound * (1.0 + 1e-12) for second in found)),
        "detection_mean_s": float(np.mean(found)),
        "detection_max_s": float(np.max(found)),
    }


def memberlist(cell: Cell, seed: int) -> dict[str, float]:
    """Let two members of a Serf cluster watch each other for `hours` while `loss` of all packets is lost.

    Segments of TCP are lost too, or all of them where the assumption `tcp` is varied.
    """
    loss = float(cell["loss"])
    scenario = Scenario(
        name="chen",
        cluster={"nodes": 2, "start": {"converged": True}},
        network={
            "topology": {"model": "plane", "rtt": "1ms"},
            "jitter": {"model": "exponential", "mean": "20ms"},
            "loss": {"udp": loss, "tcp": 1.0 if used(cell, "tcp", "lossy") == "cut" else loss},
        },
        warm_up="10s",
        duration=f"{cell['hours']}h",
    )
    summary = Simulation(scenario, seed).run_whole().summary["detection"]
    return {
        "mistakes": _number(summary["mistakes"]),
        "recurrence_s": _number(summary["mistake_recurrence_s"]),
        "duration_s": _number(summary["mistake_duration_s"]),
        "accuracy": _number(summary["query_accuracy"]),
    }


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _run(watch: Watch, end: float) -> None:
    while watch.queue.run_until(end, watch) == SLICE:
        pass
