"""How closely a simulated cluster has to agree with a real one: the table, and nothing but the table.

It was laid down with the recordings, from how repeatable each figure is among real clusters, before
anything was compared. Each row says which recordings (`kinds`, and optionally a pattern of their
names), which figures (a pattern), how they are compared, and how far they may differ:

    exact       every simulated value equals every recorded one
    zero        every simulated value is 0
    mean        the means differ by at most `margin` of the recorded one, or 2 standard errors of it
    median_at   the median is within `margin` seconds of a value that theory gives (`expected`)
    share       the simulated mean lies in `between`
    at_most     no simulated value is above `margin`
    factor      the means differ by at most the factor `margin`
    seconds     for each recording by itself the means differ by at most `margin` seconds

`ks`: besides, a two-sample Kolmogorov-Smirnov test of the values must not reject at p = 0.01.
`in_range`: besides, each recorded value lies within the 1..99 % range of the simulated values of its
own recording. `closed_form`: the simulated mean may agree with it instead of with the recording.
`if_both`: nothing is asked where only one side has a value at all.

Not in that table, and added when user events and queries were compared, were rows for acks, answers and
the closing of a query, for how many members were reached, and for copies under loss. Under loss acks and
answers are held to the table's row of dissemination, all else more closely. Its row of copies, 8 from
each of n members, is asked of the members who had it: now and then a rumour dies before it has come to
all, among real agents too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from serfsim.validation.figures.crash import minimum_timeout
from serfsim.validation.golden import Golden

LEAST_KS_P = 0.01
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Tolerance:
    kinds: tuple[str, ...]
    figure: str
    check: str
    margin: float = 0.0
    between: tuple[float, float] = (0.0, 0.0)
    names: str = ".*"
    ks: bool = False
    in_range: bool = False
    if_both: bool = False
    expected: Callable[[Golden], float] | None = None
    closed_form: Callable[[Golden], float | None] | None = None

    def applies(self, golden: Golden, figure: str) -> bool:
        return (
            golden.kind in self.kinds
            and re.fullmatch(self.figure, figure) is not None
            and re.fullmatch(self.names, golden.name) is not None
        )

    def text(self) -> str:
        """The tolerance in a few words."""
        words = {
            "exact": "exact",
            "zero": "0",
            "mean": f"{100 * self.margin:g} % or 2 se",
            "median_at": f"median within {1000 * self.margin:g} ms of theory",
            "share": f"{100 * self.between[0]:g} to {100 * self.between[1]:g} %",
            "at_most": f"at most {self.margin:g}",
            "factor": f"factor {self.margin:g}",
            "seconds": f"{self.margin:g} s",
        }[self.check]
        words += ", KS p > 0.01" if self.ks else ""
        words += ", each in range" if self.in_range else ""
        return words + (", or closed form" if self.closed_form else "")


def timeout(golden: Golden) -> float:
    return minimum_timeout(golden.n, golden.profile)


def udp_share(golden: Golden) -> float | None:
    """The loss of UDP where TCP is untouched and packets are lost one by one, else None."""
    rules = [arguments[0] for _, action, arguments in golden.actions if action == "rule"]
    if len(rules) == 1 and rules[0].get("proto") == "udp" and set(rules[0]) == {"id", "proto", "loss"}:
        return float(rules[0]["loss"])
    return None


def failed_pings(golden: Golden) -> float | None:
    """Ping or ack is lost; every member probes once a second. Per minute of the whole cluster."""
    share = udp_share(golden)
    return None if share is None else 60.0 * golden.n * (1.0 - (1.0 - share) ** 2)


def saved_by_tcp(golden: Golden) -> float | None:
    """And all three helpers fail, each with four packets on its way."""
    share = udp_share(golden)
    if share is None:
        return None
    return 60.0 * golden.n * (1.0 - (1.0 - share) ** 2) * (1.0 - (1.0 - share) ** 4) ** 3


BLOCKED_UDP, ISOLATED = ("udp_blocked",), ("isolated",)
BASELINE, CRASH, LOSS, PAUSE = ("baseline",), ("crash",), ("loss",), ("pause",)
PARTITION, DISSEMINATION, LEAVE = ("partition",), ("dissemination",), ("leave",)
ALL = (*BLOCKED_UDP, *ISOLATED, *BASELINE, *CRASH, *LOSS, *PAUSE, *PARTITION, *DISSEMINATION, *LEAVE)
NO_TCP, WEAK_TCP = r"e-.*notcp.*", r"e-.*(notcp|both).*"
UNRELAYED = (*BASELINE, *CRASH, *DISSEMINATION, *LEAVE)
UNMIXED = (
    "ping|indirect_ping|nack|suspect|alive|dead|join_intent|leave_intent|user_event|query|query_response"
)
SPREAD = r"(event|query)_t(50|90|100)_s|query_last_ack_s"
WHOLE, LOSSY = r"h-.*-loss00-.*", r"h-.*-loss20-.*"
LAN_16, LAN_32 = r"b-crash-n16-(?!wan).*", r"b-crash-n32-(?!wan).*"

TOLERANCES: tuple[Tolerance, ...] = (
    # Nothing happens.
    Tolerance(BASELINE, r"((ping|ack)|udp_bytes)_per_node_s|push_pulls_per_node_min", "mean", 0.005),
    Tolerance(BASELINE, r"(ping|ack)_bytes", "exact"),
    Tolerance(BASELINE, r"(ping|ack)_message_bytes_per_node_s", "mean", 0.005),
    Tolerance(BASELINE, r"(indirect_ping|nack|suspect|dead|leave_intent)_per_node_s", "zero"),
    Tolerance(BASELINE, r"(user_event|query|query_response)_per_node_s", "zero"),
    Tolerance(BASELINE, r"suspects|failed_events", "zero"),
    Tolerance(BASELINE, r"coordinate_error_p50_at_(30|60|120|178)s", "mean", 0.25, in_range=True),
    # Crashes.
    Tolerance(CRASH, r"suspect_to_failed_s", "median_at", 0.005, expected=timeout),
    Tolerance(CRASH, r"late_share", "share", between=(0.05, 0.40), names=LAN_16),
    Tolerance(CRASH, r"late_share", "share", between=(0.0, 0.15), names=LAN_32),
    Tolerance(CRASH, r"first_suspect_s", "mean", 0.15, ks=True),
    Tolerance(CRASH, r"(first|last)_failed_s", "mean", 0.06, ks=True),
    Tolerance(CRASH, r"failed_spread_s", "mean", 0.20),
    Tolerance(CRASH, r"false_positives", "zero"),
    # Loss.
    Tolerance(LOSS, r"failed_ping_per_min", "mean", 0.03, closed_form=failed_pings),
    Tolerance(LOSS, r"tcp_saved_per_min", "mean", 0.10, closed_form=saved_by_tcp),
    Tolerance(LOSS, r"(suspect|refute_suspect)_per_min", "mean", 0.10, names=NO_TCP),
    Tolerance(LOSS, r"failed_episodes", "factor", 2.0, names=WEAK_TCP),
    Tolerance(LOSS, r"failed_events", "factor", 4.0, names=WEAK_TCP),
    # Blocks.
    Tolerance(BLOCKED_UDP, r"(suspect|refute_suspect|failed)_per_min", "zero"),
    Tolerance(BLOCKED_UDP, r"tcp_saved_per_min", "mean", 0.02),
    Tolerance(ISOLATED, r"x_failed_mean_s", "mean", 0.08),
    Tolerance(ISOLATED, r"others_failed_at_x_mean_s|pair_failed_mean_s", "mean", 0.05),
    # Pauses.
    Tolerance(PAUSE, r"failed_about_healthy_at_healthy", "at_most", 2.0),
    Tolerance(PAUSE, r"paused_episodes", "mean", 0.10),
    Tolerance(PAUSE, r"pause_to_first_failed_s", "mean", 0.05),
    # Partitions.
    Tolerance(PARTITION, r"failed_(median|last)_s", "mean", 0.15),
    Tolerance(PARTITION, r"rejoin_(first|median)_s", "seconds", 1.5),
    # Leaves.
    Tolerance(LEAVE, r"leave_(first|median|last)_s", "mean", 0.10),
    Tolerance(LEAVE, r"leave_intent_copies", "exact"),
    # User events and queries.
    Tolerance(DISSEMINATION, SPREAD, "mean", 0.08, names=WHOLE, ks=True),
    Tolerance(DISSEMINATION, SPREAD, "mean", 0.10, names=LOSSY, ks=True),
    Tolerance(DISSEMINATION, r"query_copies_per_member", "exact"),
    Tolerance(DISSEMINATION, r"event_copies_per_member", "exact", names=WHOLE),
    Tolerance(DISSEMINATION, r"event_copies_per_member", "mean", 0.02, names=LOSSY),
    Tolerance(DISSEMINATION, r"(event|query)_reached|query_(acks|answers)", "mean", 0.005, names=WHOLE),
    Tolerance(DISSEMINATION, r"(event|query)_reached", "mean", 0.02, names=LOSSY),
    Tolerance(DISSEMINATION, r"query_(acks|answers)", "mean", 0.10, names=LOSSY),
    Tolerance(DISSEMINATION, r"query_closed_s", "mean", 0.005),
    Tolerance(DISSEMINATION, r"failed_ping_per_min", "mean", 0.03, names=LOSSY, closed_form=failed_pings),
    Tolerance(DISSEMINATION, r"tcp_saved_per_min", "mean", 0.10, names=LOSSY, closed_form=saved_by_tcp),
    Tolerance(DISSEMINATION, r"(suspect|refute_suspect|failed)_per_min", "zero"),
    # The wire format. An ack that comes by way of a helper has no coordinate and is shorter.
    Tolerance(ALL, rf"({UNMIXED})_message_bytes", "exact", if_both=True),
    Tolerance(UNRELAYED, r"ack_message_bytes", "exact", names=r"(?!h-.*loss20).*"),
)


def tolerance_of(golden: Golden, figure: str) -> Tolerance | None:
    """The row for a figure of a recording; None: no agreement is asked for."""
    return next((row for row in TOLERANCES if row.applies(golden, figure)), None)
