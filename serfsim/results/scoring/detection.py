"""How well failures were detected, and what was wrongly taken for one.

Three families of figures:

* counts of accusations, judged by whether the accused was up (`accusations`);
* for every crash, how long until the first own-probe suspicion, the first failed, and the last
  live observer's failed (`crashes`; Lifeguard's first detection and full dissemination);
* the quality of the verdicts over time (`mistakes`; Chen, Toueg and Aguilera, "On the quality of
  service of failure detectors", IEEE Trans. Computers 51(5), 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from serfsim.protocol.events import (
    FAILED,
    JOIN,
    REFUTE_ALIVE,
    REFUTE_DEAD,
    REFUTE_SUSPECT,
    SUSPECT,
    TCP_FALLBACK_OK,
)
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.membership import Change, graceful_leaves
from serfsim.results.scoring.pairs import Pairs, columns_of
from serfsim.results.scoring.quantiles import ratio, spread
from serfsim.results.scoring.recording import EventTable, Floats, Integers
from serfsim.results.scoring.rows import in_pieces
from serfsim.results.scoring.scope import Scope, rows_of, select
from serfsim.results.scoring.views import RESTART, VIEW_KINDS, ViewHistory, rows_of_pairs


def detection(scope: Scope, history: ViewHistory, found: Sequence[Change]) -> dict[str, Any]:
    """All figures under `detection`; `found` are the changes of the membership."""
    figures: dict[str, Any] = {**accusations(scope), **crashes(scope, history)}
    figures.update(graceful_leaves(scope, found))
    flap_count = len(flaps(scope))
    figures["flaps"] = flap_count
    figures["flaps_per_node_hour"] = ratio(flap_count, scope.node_seconds / 3600.0)
    figures.update(mistakes(scope, history))
    return figures


def about_up(scope: Scope, rows: EventTable) -> Booleans:
    """Which rows are about a member that was up at that very time."""
    known = (rows.subject >= 0) & (rows.subject < scope.n)
    subject = np.where(known, rows.subject, 0).astype(np.int64)
    return known & ~scope.down.covers(subject, rows.t)


def accusations(scope: Scope) -> dict[str, Any]:
    """Counts of failed and suspect events, and of their refutations.

    `false_positives`: failed events about a member that was up, one for each observer that raised
    it, whatever else was wrong with the member. `false_positives_at_healthy`: those raised by an
    observer that was under no fault at the time. `lifeguard` judges by membership in the set of
    nodes that were under a fault at any time of the run, as the paper does: `false_positives` are
    about members outside that set, `false_positives_at_healthy` were also raised outside it.
    `last_false_positive_s` is when the last of all was. `suspicions` are those of the observer's own
    probes; `refutations` of whatever kind.
    """
    failed = scope.of_kind(FAILED)
    wrong = select(failed, about_up(scope, failed))
    healthy = ~scope.faulted.covers(wrong.observer.astype(np.int64), wrong.t)
    anomalous = scope.faulted.touches(0.0, scope.end)
    about_normal = ~anomalous[wrong.subject]
    suspect = scope.of_kind(SUSPECT)
    return {
        "false_positives": len(wrong.t),
        "false_positives_at_healthy": int(healthy.sum()),
        "last_false_positive_s": float(wrong.t[-1]) if len(wrong.t) else None,
        "false_positives_per_node_hour": ratio(len(wrong.t), scope.node_seconds / 3600.0),
        "lifeguard": {
            "false_positives": int(about_normal.sum()),
            "false_positives_at_healthy": int((about_normal & ~anomalous[wrong.observer]).sum()),
        },
        "suspicions": len(suspect.t),
        "unjust_suspicions": int(about_up(scope, suspect).sum()),
        "refutations": len(scope.of_kind(REFUTE_SUSPECT, REFUTE_DEAD, REFUTE_ALIVE).t),
        "tcp_fallbacks": len(scope.of_kind(TCP_FALLBACK_OK).t),
    }


def crashes(scope: Scope, history: ViewHistory) -> dict[str, Any]:
    """Detection times over all crashes with t >= 0, in seconds since the crash, and `missed`.

    A crash is watched until the node runs again or the run ends: one that is over, or followed by
    the end of the run, before anybody could know is missed by everybody. An observer should notice it if
    it was up and had the node in view when it crashed; it did when the node left its view (failed,
    or left where the crash came in the middle of a leave). Nodes that crash at the same moment need
    not notice each other. An observer that stops itself before it
    noticed owes nothing. `full_s` is only known for crashes that every such observer noticed;
    `missed` counts the (crash, observer) pairs that never did.
    """
    scored = sorted((t, node) for t, node in scope.recording.truth.crashes if 0.0 <= t <= scope.end)
    flips_of = dict(history.about({node for _, node in scored}))
    suspect = scope.of_kind(SUSPECT)
    suspected = rows_by_subject(suspect.subject, {node for _, node in scored})
    first_suspect, first, full, missed = [], [], [], 0
    for t, node in scored:
        flips, until = flips_of[node], watched_until(scope, t, node)
        accused = suspect.t[suspected[node]]
        accused = accused[(accused >= t) & (accused < until)]
        if len(accused):
            first_suspect.append(float(accused[0]) - t)
        rows = flips.first_rows(t, until, False)
        if len(rows):
            first.append(float(flips.t[rows[0]]) - t)
        owed = flips.column(t) & ~scope.down.covered_at(t)
        owed[node] = False
        witnesses = flips.t[rows][owed[flips.observer[rows]]]
        owed[flips.observer[rows]] = False
        silent = np.flatnonzero(owed)
        stops = scope.down.next_start(silent.astype(np.int64), np.full(len(silent), t))
        never = int((stops >= min(until, scope.end)).sum())
        missed += never
        if never == 0 and len(witnesses):
            full.append(float(witnesses[-1]) - t)
    return {
        "first_suspect_s": spread(first_suspect),
        "first_s": spread(first),
        "full_s": spread(full),
        "missed": missed,
    }


def rows_by_subject(subject: Integers, wanted: set[int]) -> dict[int, Integers]:
    """The row numbers about each wanted subject, in order."""
    order = np.argsort(subject, kind="stable")
    ordered = subject[order]
    return {
        node: order[np.searchsorted(ordered, node, "left") : np.searchsorted(ordered, node, "right")]
        for node in sorted(wanted)
    }


def watched_until(scope: Scope, t: float, node: int) -> float:
    """When the down interval that holds a crash at `t` ends; infinity if not within the run."""
    down = scope.down
    mine = slice(int(down.first[node]), int(down.first[node + 1]))
    ends = down.end[mine][(down.start[mine] <= t) & (t < down.end[mine])]
    until = float(ends[0]) if len(ends) else np.inf
    return until if until <= scope.end else np.inf


def flaps(scope: Scope) -> Integers:
    """The observers of joins less than their flap_timeout after a failed about the same subject, one a flap.

    As Serf counts them: the status before the join must be failed. The failed may lie before
    t = 0, the join may not. An observer that restarted in between has forgotten the failed.
    """
    events = scope.recording.events
    timeout = np.broadcast_to(scope.recording.flap_timeout, (scope.n,))
    first = int(np.searchsorted(events.t, -float(timeout.max(initial=0.0)), "left"))
    last = scope.first_row + len(scope.after.t)
    part = rows_of(events, first, last)
    rows = rows_of_pairs(part, scope.n, VIEW_KINDS, (FAILED,))
    pair = part.observer[rows].astype(np.int64) * scope.n + part.subject[rows]
    order = np.argsort(pair, kind="stable")
    rows, pair = rows[order], pair[order]
    then, now = rows[:-1], rows[1:]
    back = (pair[1:] == pair[:-1]) & (part.kind[then] == FAILED) & (part.kind[now] == JOIN)
    back &= (part.t[now] - part.t[then] < timeout[part.observer[now]]) & (part.t[now] >= 0.0)
    then, now = then[back], now[back]
    observer = part.observer[now].astype(np.int64)
    flapped: Integers = observer[~scope.down.started_between(observer, part.t[then], part.t[now])]
    return flapped


def mistake_intervals(scope: Scope, history: ViewHistory) -> tuple[Floats, Floats]:
    """When each mistake began and ended, clipped to [0, end].

    A mistake is a failed about a member that was up. It ends when the observer sees the member
    again, when it becomes true because the member goes down, when the observer stops, or with the
    run. A verdict that was true when it fell is no mistake for as long as the observer has not yet
    heard of a restart: that is a matter of dissemination, and `convergence.one_view_s` shows it.
    """
    kept = flips_of_mistakes(history, scope.n)
    before_observer, before_subject, before_t = history.failed_before
    observer = np.concatenate((before_observer, history.observer[kept]))
    subject = np.concatenate((before_subject, history.subject[kept]))
    t = np.concatenate((before_t, history.t[kept]))
    failed = np.concatenate((np.ones(len(before_t), dtype=np.bool_), history.kind[kept] == FAILED))
    pair = observer * np.int64(scope.n) + subject
    order = np.argsort(pair, kind="stable")
    observer, subject, t, failed, pair = observer[order], subject[order], t[order], failed[order], pair[order]
    until = np.full(len(t), scope.end)
    same = pair[1:] == pair[:-1]
    until[:-1][same] = t[1:][same]
    begins = np.flatnonzero(failed & ~scope.down.covers(subject, t))
    t, until = t[begins], until[begins]
    until = np.minimum(until, scope.down.next_start(subject[begins], t))
    until = np.minimum(until, scope.down.next_start(observer[begins], t))
    lasts = until > 0.0
    return np.maximum(t[lasts], 0.0), np.minimum(until[lasts], scope.end)


def flips_of_mistakes(history: ViewHistory, n: int) -> Integers:
    """The flips that begin a mistake or may end one: of pairs of which one is a failed."""
    observer, subject, _ = history.failed_before
    columns = (history.kind, history.observer, history.subject, history.appears)
    own = np.zeros(n, dtype=np.bool_)
    own[subject] = True
    for part in in_pieces(columns):
        own[history.subject[part][history.kind[part] == FAILED]] = True
    column, m = columns_of(own)
    pairs = Pairs(np.zeros((n, m), dtype=np.bool_), column)
    concerned = pairs.flat
    concerned[pairs.places(observer, subject)] = True
    for part in in_pieces(columns) if own.any() else ():
        failed = part.start + np.flatnonzero(history.kind[part] == FAILED)
        concerned[pairs.places(history.observer[failed], history.subject[failed])] = True
    found = [np.zeros(0, dtype=np.int64)]
    for part in in_pieces(columns) if own.any() else ():
        kind, pair = history.kind[part], pairs.places(history.observer[part], history.subject[part])
        wanted = concerned[pair] & ((kind == FAILED) | history.appears[part] | (kind == RESTART))
        found.append(part.start + np.flatnonzero(wanted))
    return np.concatenate(found)


def mistakes(scope: Scope, history: ViewHistory) -> dict[str, Any]:
    """Chen's T_M, T_MR and P_A over all ordered pairs of nodes that were up.

    `mistake_duration_s`: mean length of a mistake; one still going on at the end counts up to it.
    `mistake_recurrence_s`: seconds of a pair being up per mistake. `query_accuracy`: share of that
    time in which the view did not wrongly say failed, 1 - T_M / T_MR.
    """
    begin, end = mistake_intervals(scope, history)
    total = float((end - begin).sum())
    wrong_share = ratio(total, scope.pair_seconds)
    return {
        "mistakes": len(begin),
        "mistake_duration_s": ratio(total, len(begin)),
        "mistake_recurrence_s": ratio(scope.pair_seconds, len(begin)),
        "query_accuracy": None if wrong_share is None else 1.0 - wrong_share,
    }
