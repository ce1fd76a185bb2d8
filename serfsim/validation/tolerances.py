"""Tolerances between simulated and real clusters: the table, and nothing else.

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
    chance      of counts of rare things: the share `margin` of simulated means lies as far out

`ks`: besides, a two-sample Kolmogorov-Smirnov test of the values must not reject at p = 0.01.
`in_range`: besides, each recorded value lies within the 1..99 % range of the simulated values of its
own recording. `closed_form`: the simulated mean may agree with it instead of with the recording.
`if_both`: nothing is asked where only one side has a value at all. `where`: only of recordings of which this
holds.

Not in that table, and added when user events and queries were compared, were rows for acks, answers and
the closing of a query, for how many members were reached, and for copies under loss. Under loss acks and
answers are held to the table's row of dissemination, all else more closely. Its row of copies, 8 from
each of n members, is asked of the members who had it: now and then a rumour dies before it has come to
all, among real agents too. Nor does a member pass on an event that it has by push/pull first, so that the
row of events is no longer "exact".

Added with the recordings of other releases (`ADDED`): bytes and push/pulls over TCP, coordinates of all
kinds, accusations and failed events of stopped members, the gap within a leave, leaves that are seen as
failures, and 0.1 s for rejoining while a dial is under way. Their margins come from recordings of the same
circumstances alone: twice the spread between those, rounded up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from serfsim.validation.figures.crash import minimum_timeout
from serfsim.validation.golden import Golden

LEAST_KS_P = 0.01
STANDARD_ERRORS = 2.0
DIAL_TIMEOUT_S = 10.0  # seconds, of profile lan


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
    where: Callable[[Golden], bool] | None = None

    def applies(self, golden: Golden, figure: str) -> bool:
        return (
            golden.kind in self.kinds
            and re.fullmatch(self.figure, figure) is not None
            and re.fullmatch(self.names, golden.name) is not None
            and (self.where is None or self.where(golden))
        )

    def text(self) -> str:
        """Describe the tolerance in a few words."""
        words = {
            "exact": "exact",
            "zero": "0",
            "mean": f"{100 * self.margin:g} % or 2 se",
            "median_at": f"median within {1000 * self.margin:g} ms of theory",
            "share": f"{100 * self.between[0]:g} to {100 * self.between[1]:g} %",
            "at_most": f"at most {self.margin:g}",
            "factor": f"factor {self.margin:g}",
            "seconds": f"{self.margin:g} s",
            "chance": f"{100 * self.margin:g} % of means as far out",
        }[self.check]
        words += ", KS p > 0.01" if self.ks else ""
        words += ", each in range" if self.in_range else ""
        return words + (", or closed form" if self.closed_form else "")


def timeout(golden: Golden) -> float:
    return minimum_timeout(golden.n, golden.profile)


def udp_share(golden: Golden) -> float | None:
    """Return the loss of UDP where TCP is untouched and losses are independent, else None."""
    rules = [arguments[0] for _, action, arguments in golden.actions if action == "rule"]
    if len(rules) == 1 and rules[0].get("proto") == "udp" and set(rules[0]) == {"id", "proto", "loss"}:
        return float(rules[0]["loss"])
    return None


def failed_pings(golden: Golden) -> float | None:
    """Return the pings per minute that lose ping or ack, in the whole cluster at one probe a second."""
    share = udp_share(golden)
    return None if share is None else 60.0 * golden.n * (1.0 - (1.0 - share) ** 2)


def saved_by_tcp(golden: Golden) -> float | None:
    """Return those of them in which all three helpers fail too, each with four packets on its way."""
    share = udp_share(golden)
    if share is None:
        return None
    return 60.0 * golden.n * (1.0 - (1.0 - share) ** 2) * (1.0 - (1.0 - share) ** 4) ** 3


def is_dialling(golden: Golden) -> bool:
    """Return True if connections that lost their first packets were being dialled when the network healed."""
    healed, waits = golden.fault_end, DIAL_TIMEOUT_S
    dials = golden.raw["traffic"].get("tcp_conns") or ()
    return golden.healed and any(healed - waits < dial[0] < healed and dial[8] > 0 for dial in dials)


BLOCKED_UDP, ISOLATED = ("udp_blocked",), ("isolated",)
NO_ROUTE = ("no_route",)
NO_ROUTE_UDP, NO_ROUTE_OLD = r"k-noroute-udp-.*", r"k-noroute-.*-serf0\.9\..*"
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
DISTURBED = (*CRASH, *BLOCKED_UDP, *ISOLATED, *LOSS, *PAUSE, *PARTITION, *DISSEMINATION, *LEAVE)
LAN_16, LAN_32 = r"b-crash-n16-(?!wan).*", r"b-crash-n32-(?!wan).*"

ADDED: tuple[Tolerance, ...] = (
    Tolerance((*BASELINE, *DISSEMINATION), r"tcp_bytes_per_node_s", "mean", 0.03),
    Tolerance((*LOSS, *PAUSE, *BLOCKED_UDP, *ISOLATED), r"tcp_bytes_per_node_s", "mean", 0.05),
    Tolerance(LOSS, r"push_pull_per_min", "mean", 0.05),
    Tolerance(DISTURBED, r"coordinate_error_p50_at_(30|60|120|178)s", "mean", 0.25),
    Tolerance(PAUSE, r"suspects_about_healthy_by_paused", "chance", 0.01),
    Tolerance(PAUSE, r"refute_suspect_per_min", "mean", 0.05),
    Tolerance(PAUSE, r"failed_about_paused_at_paused", "mean", 0.04),
    Tolerance((*PARTITION, *ISOLATED), r"rejoin_(first|median)_s", "seconds", 0.1, where=is_dialling),
    Tolerance(NO_ROUTE, r"(suspect|failed_ping|tcp_saved)_by_x_per_min", "zero", names=NO_ROUTE_OLD),
    Tolerance(NO_ROUTE, r"others_failed_at_x", "zero", names=NO_ROUTE_OLD),
    Tolerance(NO_ROUTE, r"(suspect|failed)_per_min|health_of_x", "zero", names=NO_ROUTE_UDP),
    Tolerance(NO_ROUTE, r"tcp_saved_(by|about)_x_per_min", "mean", 0.05, names=NO_ROUTE_UDP),
    Tolerance(NO_ROUTE, r"failed_ping_by_x_per_min", "zero"),
    Tolerance(NO_ROUTE, r"(suspect_by_x_per_min|others_failed_at_x|health_of_x)", "mean", 0.20),
    Tolerance(NO_ROUTE, r"others_failed_at_x_first_s", "seconds", 1.0),
    Tolerance(NO_ROUTE, r"x_failed_(first|median|last)_s", "seconds", 2.0),
    Tolerance(LEAVE, r"leave_gap_s", "mean", 0.10, ks=True),
    Tolerance(LEAVE, r"leave_seen_as_failed", "chance", 0.01),
    Tolerance(LEAVE, r"suspect_to_failed_s", "mean", 0.01),
    Tolerance(LEAVE, r"leave_intent_copies", "mean", 0.02, names=r"l-.*"),
)

TOLERANCES: tuple[Tolerance, ...] = (
    # No faults.
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
    Tolerance(LEAVE, r"leave_intent_copies", "exact", names=r"i-.*"),
    # User events and queries.
    Tolerance(DISSEMINATION, SPREAD, "mean", 0.08, names=WHOLE, ks=True),
    Tolerance(DISSEMINATION, SPREAD, "mean", 0.10, names=LOSSY, ks=True),
    Tolerance(DISSEMINATION, r"query_copies_per_member", "exact"),
    Tolerance(DISSEMINATION, r"event_copies_per_member", "mean", 0.02),
    Tolerance(DISSEMINATION, r"(event|query)_reached|query_(acks|answers)", "mean", 0.005, names=WHOLE),
    Tolerance(DISSEMINATION, r"(event|query)_reached", "mean", 0.02, names=LOSSY),
    Tolerance(DISSEMINATION, r"query_(acks|answers)", "mean", 0.10, names=LOSSY),
    Tolerance(DISSEMINATION, r"query_closed_s", "mean", 0.005),
    Tolerance(DISSEMINATION, r"failed_ping_per_min", "mean", 0.03, names=LOSSY, closed_form=failed_pings),
    Tolerance(DISSEMINATION, r"tcp_saved_per_min", "mean", 0.10, names=LOSSY, closed_form=saved_by_tcp),
    Tolerance(DISSEMINATION, r"(suspect|refute_suspect|failed)_per_min", "zero"),
    # The wire format. An ack relayed by a helper has no coordinate and is shorter.
    Tolerance(ALL, rf"({UNMIXED})_message_bytes", "exact", if_both=True),
    Tolerance(UNRELAYED, r"ack_message_bytes", "exact", names=r"(?!h-.*loss20).*"),
)


def tolerance_of(golden: Golden, figure: str) -> Tolerance | None:
    """Return the tolerance of a figure of a recording, or None."""
    return next((row for row in (*ADDED, *TOLERANCES) if row.applies(golden, figure)), None)
