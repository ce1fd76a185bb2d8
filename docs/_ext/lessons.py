"""The lessons of the manual: three short runs with captions, played by the page of `serfsim replay`.

Each lesson looks up its moments in the run, so that its captions say what the run shows. The pages are
written into the built manual, and embedded by `lessons.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from sphinx.application import Sphinx

from serfsim import Result, Scenario, run
from serfsim.replays import Caption, replay

FOLDER: Final = "lessons"
PLANE: Final = {"topology": {"model": "plane", "rtt": "20ms..90ms"}}


class Lesson(NamedTuple):
    """A scenario, and what tells its story from the run."""

    scenario: dict[str, Any]
    captions: Callable[[Result], list[Caption]]


def play(name: str) -> tuple[Result, list[Caption]]:
    """Run a lesson; return the result and its captions."""
    lesson = LESSONS[name]
    given = {"name": name, "record": {"replay": True, "coordinates": "1s"}, **lesson.scenario}
    result = run(Scenario(**given), progress=lambda share: None)
    return result, lesson.captions(result)


def write_lessons(folder: Path) -> None:
    """Write the page of every lesson into a folder."""
    for name in LESSONS:
        result, captions = play(name)
        replay(result, folder / f"{name}.html", captions=captions)


# A probe -----------------------------------------------------------------------------------------


def saved_by_a_helper(packets: pd.DataFrame) -> pd.DataFrame:
    """Return the packets of the first probe whose ping is lost and which a helper saves."""
    for _, probe in packets[packets.t_s > 2.0].groupby("probe"):
        first = probe.iloc[0]
        relayed = probe[
            (probe.kind == "ack") & (probe.target == first.source) & (probe.source != first.about)
        ]
        is_whole = first.kind == "ping" and (probe.kind == "tcp_fallback").any()
        if is_whole and np.isnan(first.arrives_s) and relayed.arrives_s.notna().any():
            return probe
    raise AssertionError("no probe of this run is saved by a helper")


def probe_captions(result: Result) -> list[Caption]:
    probe = saved_by_a_helper(result.table("packets"))
    ping = probe.iloc[0]
    prober, target = ping.source, ping.about
    asked = probe[probe.kind == "indirect_ping"]
    arrived = asked[asked.arrives_s.notna()]
    relayed = probe[
        (probe.kind == "ack") & (probe.target == prober) & (probe.source != target) & probe.arrives_s.notna()
    ].iloc[0]
    helper = relayed.source
    helped = probe[(probe.kind == "ping") & (probe.source == helper)].iloc[0]
    timeout = 1000.0 * (asked.t_s.iloc[0] - ping.t_s)
    names = " and ".join([", ".join(asked.target[:-1]), asked.target.iloc[-1]]) if len(asked) > 1 else helper
    lost = len(asked) - len(arrived)
    return [
        Caption(
            ping.t_s - 0.02,
            "A ping",
            f"Once a second every member pings one other, each in its turn. Now {prober} pings {target}.",
            speed=0.03,
            select=prober,
        ),
        Caption(
            ping.t_s + 0.06,
            "It is lost",
            f"The ping never arrives. {prober} cannot know that: it waits for {timeout:.0f} ms, its"
            " probe_timeout, for an ack.",
            speed=0.1,
        ),
        Caption(
            asked.t_s.iloc[0],
            "Helpers are asked",
            f"No ack came. {prober} asks {names} to ping {target} in its place"
            + (f" ({lost} of these requests {'is' if lost == 1 else 'are'} lost too)" if lost else "")
            + ", and dials it over TCP beside that, should only UDP be broken.",
            speed=0.01,
        ),
        Caption(
            helped.t_s,
            "A helper's ping",
            f"{helper} got the request and pings {target}. The dotted line says whose probe this is.",
            speed=0.01,
        ),
        Caption(
            relayed.t_s,
            "The ack is passed on",
            f"{target} acked to {helper}, which now passes the ack on to {prober}.",
            speed=0.01,
        ),
        Caption(
            relayed.arrives_s,
            "One ack is enough",
            f"{prober} knows that {target} is alive, and suspects nobody. Only if neither a helper nor TCP"
            " had reached it by the end of the round would a suspicion begin.",
            speed=0.1,
        ),
    ]


# A suspicion -------------------------------------------------------------------------------------


def suspicion_captions(result: Result) -> list[Caption]:
    [(crash, number)] = result.truth.crashes
    dead = result.truth.names[number]
    events = result.member_events
    about = events[(events.subject == dead) & (events.t_s > crash)]
    first = {kind: about[about.kind == kind].iloc[0] for kind in ("failed_ping", "suspect", "failed")}
    heard = about[about.kind == "suspect_heard"]
    failed = about[about.kind == "failed"]
    half = heard.iloc[len(heard) // 2]
    confirmed = int(first["failed"].confirmations)
    timers = about[about.kind == "suspicion_timeout"].observer.nunique()
    others = len(result.truth.names) - 1
    return [
        Caption(
            crash - 0.5,
            "Before",
            f"All members are up and see each other. At {crash:g} s {dead} will crash.",
            speed=1.0,
            select=dead,
        ),
        Caption(
            crash,
            "A crash",
            f"{dead} is gone. Nobody notices: it says nothing more, but it need not say anything until it is"
            " probed.",
        ),
        Caption(
            first["failed_ping"].t_s,
            "A probe fails",
            f"{first['failed_ping'].observer} probed {dead} and has no ack. Helpers and TCP get their"
            " chance.",
            speed=0.1,
        ),
        Caption(
            first["suspect"].t_s,
            "A suspicion",
            f"Nothing came back. {first['suspect'].observer} suspects {dead}, and says so by gossip. It is"
            " not failed yet: a member that lives would hear of it and refute.",
            speed=0.1,
        ),
        Caption(
            half.t_s,
            "The word spreads",
            f"{half.observer} has heard of it, {half.t_s - first['suspect'].t_s:.1f} s later. Each member"
            " starts a timer; members whose own probes fail confirm the suspicion, which shortens it.",
            speed=0.3,
        ),
        Caption(
            first["failed"].t_s,
            "The timer ends",
            f"{first['failed'].observer} had {confirmed} confirmation{'' if confirmed == 1 else 's'} and no"
            f" refutation: it declares {dead} failed, {first['failed'].t_s - crash:.1f} s after the crash.",
            speed=0.1,
        ),
        Caption(
            failed.t_s.max(),
            "Everybody knows",
            f"All {others} others see {dead} as failed, {failed.t_s.max() - crash:.1f} s after the crash:"
            f" {timers} by a timer of their own, {others - timers} by a dead message that came first.",
            speed=1.0,
        ),
    ]


# A coordinate ------------------------------------------------------------------------------------


def coordinate_captions(result: Result) -> list[Caption]:
    names = result.truth.names
    errors = result.coordinate_error.set_index("t_s").absolute_error_p50_ms

    def off(t: float) -> str:
        return f"{errors[errors.index <= t].iloc[-1]:.0f} ms"

    begins, early, late = errors.index[0], 8.0, float(errors.index[-1])
    return [
        Caption(
            begins,
            "All in one place",
            "Filled circles are the places of the members: distances are round-trip times. Diamonds are where"
            " their coordinates put them. At first all coordinates are alike, so that no estimate is right.",
            speed=1.0,
            select=names[0],
        ),
        Caption(
            begins + 3.0,
            "Springs",
            "Every ack brings a round-trip time and the other's coordinate. If the two are nearer than the"
            " time says, a member moves its own coordinate away, else towards it: Vivaldi. It moves less, the"
            " surer it is of itself.",
            speed=1.0,
        ),
        Caption(
            early,
            "A shape appears",
            f"Half of all round trips are estimated to within {off(early)}, from pings alone: nobody measured"
            " all pairs.",
            speed=10.0,
        ),
        Caption(
            late,
            "Settled",
            f"Now half are within {off(late)}. `serf rtt` and Consul's sorting by distance answer from these"
            " coordinates without a packet.",
            speed=1.0,
        ),
    ]


LESSONS: Final = {
    "probe": Lesson(
        {
            "duration": "60s",
            "warm_up": "0s",
            "cluster": {"nodes": 6, "start": {"converged": True}},
            "network": {**PLANE, "loss": {"udp": "12%"}},
        },
        probe_captions,
    ),
    "suspicion": Lesson(
        {
            "duration": "30s",
            "warm_up": "0s",
            "cluster": {"nodes": 10, "start": {"converged": True}},
            "network": PLANE,
            "faults": [{"crash": ["node-04"], "at": "3s"}],
        },
        suspicion_captions,
    ),
    "coordinate": Lesson(
        {
            "duration": "180s",
            "warm_up": "0s",
            "cluster": {"nodes": 14, "start": {"converged": True}},
            "network": PLANE,
        },
        coordinate_captions,
    ),
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx write the lessons beside the built pages."""

    def write(built: Sphinx, error: Exception | None) -> None:
        if error is None and built.builder.format == "html":
            write_lessons(Path(built.outdir) / FOLDER)

    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
