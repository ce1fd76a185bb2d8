"""Quality of failure detection, and the local health that Lifeguard tunes it with.

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
    HEALTH,
    JOIN,
    LEFT,
    REFUTE_ALIVE,
    REFUTE_DEAD,
    REFUTE_SUSPECT,
    SUSPECT,
    TCP_FALLBACK_OK,
)
from serfsim.results.scoring.dissemination import Change
from serfsim.results.scoring.intervals import Booleans
from serfsim.results.scoring.recording import EventTable, Floats, Integers
from serfsim.results.scoring.rows import in_pieces
from serfsim.results.scoring.scored_run import ScoredRun, ratio, rows_of, rows_of_kind, select, spread
from serfsim.results.scoring.views import RESTART, VIEW_KINDS, Pairs, ViewHistory, columns_of, rows_of_pairs


def detection(run: ScoredRun, history: ViewHistory, found: Sequence[Change]) -> dict[str, Any]:
    """All figures under `detection`; `found` are the changes of the membership."""
    figures: dict[str, Any] = {**accusations(run), **crashes(run, history)}
    figures.update(graceful_leaves(run, found))
    flap_count = len(flaps(run))
    figures["flaps"] = flap_count
    figures["flaps_per_node_hour"] = ratio(flap_count, run.node_seconds / 3600.0)
    figures.update(mistakes(run, history))
    return figures


def about_up(run: ScoredRun, rows: EventTable) -> Booleans:
    """Which rows are about a member that was up at that very time."""
    known = (rows.subject >= 0) & (rows.subject < run.n)
    subject = np.where(known, rows.subject, 0).astype(np.int64)
    return known & ~run.down.covers(subject, rows.t)


def accusations(run: ScoredRun) -> dict[str, Any]:
    """Counts of failed and suspect events, and of their refutations.

    `false_positives`: failed events about a member that was up, one for each observer that raised
    it, whatever else was wrong with the member. `false_positives_at_healthy`: those raised by an
    observer that was under no fault at the time. `lifeguard` judges by membership in the set of
    nodes that were under a fault at any time of the run, as the paper does: `false_positives` are
    about members outside that set, `false_positives_at_healthy` were also raised outside it.
    `last_false_positive_s` is when the last of all was. `suspicions` are those of the observer's own
    probes; `refutations` of whatever kind.
    """
    failed = run.of_kind(FAILED)
    wrong = select(failed, about_up(run, failed))
    healthy = ~run.faulted.covers(wrong.observer.astype(np.int64), wrong.t)
    anomalous = run.faulted.touches(0.0, run.end)
    about_normal = ~anomalous[wrong.subject]
    suspect = run.of_kind(SUSPECT)
    return {
        "false_positives": len(wrong.t),
        "false_positives_at_healthy": int(healthy.sum()),
        "last_false_positive_s": float(wrong.t[-1]) if len(wrong.t) else None,
        "false_positives_per_node_hour": ratio(len(wrong.t), run.node_seconds / 3600.0),
        "lifeguard": {
            "false_positives": int(about_normal.sum()),
            "false_positives_at_healthy": int((about_normal & ~anomalous[wrong.observer]).sum()),
        },
        "suspicions": len(suspect.t),
        "unjust_suspicions": int(about_up(run, suspect).sum()),
        "refutations": len(run.of_kind(REFUTE_SUSPECT, REFUTE_DEAD, REFUTE_ALIVE).t),
        "tcp_fallbacks": len(run.of_kind(TCP_FALLBACK_OK).t),
    }


def crashes(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Detection times over all crashes with t >= 0, in seconds since the crash, and `missed`.

    A crash is watched until the node runs again or the run ends: one that is over, or followed by
    the end of the run, before anybody could know is missed by everybody. An observer should notice it if
    it was up and had the node in view when it crashed; it did when the node left its view (failed,
    or left where the crash came in the middle of a leave). Nodes that crash at the same moment need
    not notice each other. An observer that stops itself before it
    noticed owes nothing. `full_s` is only known for crashes that every such observer noticed;
    `missed` counts the (crash, observer) pairs that never did.
    """
    scored = sorted((t, node) for t, node in run.recording.truth.crashes if 0.0 <= t <= run.end)
    flips_of = dict(history.about({node for _, node in scored}))
    suspect = run.of_kind(SUSPECT)
    suspected = rows_by_subject(suspect.subject, {node for _, node in scored})
    first_suspect, first, full, missed = [], [], [], 0
    for t, node in scored:
        flips, until = flips_of[node], watched_until(run, t, node)
        accused = suspect.t[suspected[node]]
        accused = accused[(accused >= t) & (accused < until)]
        if len(accused):
            first_suspect.append(float(accused[0]) - t)
        rows = flips.first_rows(t, until, False)
        if len(rows):
            first.append(float(flips.t[rows[0]]) - t)
        owed = flips.column(t) & ~run.down.covered_at(t)
        owed[node] = False
        witnesses = flips.t[rows][owed[flips.observer[rows]]]
        owed[flips.observer[rows]] = False
        owed[run.down.starting(t, min(until, run.end))] = False
        never = int(owed.sum())
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


def watched_until(run: ScoredRun, t: float, node: int) -> float:
    """When the down interval that holds a crash at `t` ends; infinity if not within the run."""
    down = run.down
    mine = slice(int(down.first[node]), int(down.first[node + 1]))
    ends = down.end[mine][(down.start[mine] <= t) & (t < down.end[mine])]
    until = float(ends[0]) if len(ends) else np.inf
    return until if until <= run.end else np.inf


def flaps(run: ScoredRun) -> Integers:
    """The observers of joins less than their flap_timeout after a failed about the same subject, one a flap.

    As Serf counts them: the status before the join must be failed. The failed may lie before
    t = 0, the join may not. An observer that restarted in between has forgotten the failed.
    """
    events = run.recording.events
    timeout = np.broadcast_to(run.recording.flap_timeout, (run.n,))
    first = int(np.searchsorted(events.t, -float(timeout.max(initial=0.0)), "left"))
    last = run.first_row + len(run.after.t)
    part = rows_of(events, first, last)
    rows = rows_of_pairs(part, run.n, VIEW_KINDS, (FAILED,))
    pair = part.observer[rows].astype(np.int64) * run.n + part.subject[rows]
    order = np.argsort(pair, kind="stable")
    rows, pair = rows[order], pair[order]
    then, now = rows[:-1], rows[1:]
    back = (pair[1:] == pair[:-1]) & (part.kind[then] == FAILED) & (part.kind[now] == JOIN)
    back &= (part.t[now] - part.t[then] < timeout[part.observer[now]]) & (part.t[now] >= 0.0)
    then, now = then[back], now[back]
    observer = part.observer[now].astype(np.int64)
    flapped: Integers = observer[~run.down.started_between(observer, part.t[then], part.t[now])]
    return flapped


def graceful_leaves(run: ScoredRun, found: Sequence[Change]) -> dict[str, Any]:
    """How graceful leaves were seen, until the leaver runs again or the run ends.

    `leaves_seen_as_failed`: (leaver, observer) pairs in which the observer reported a failure;
    `leaves_seen_as_failed_share`: of the pairs that should have seen the leave. `leave_s`: from the leave
    to each observer's left.
    """
    failed, left = run.of_kind(FAILED), run.of_kind(LEFT)
    wrong, owed = 0, 0
    took: list[float] = []
    for change in found:
        if change.kind != "leave":
            continue
        owed += change.wanted
        wrong += len(np.unique(about(failed, change).observer))
        told = about(left, change)
        _, first = np.unique(told.observer, return_index=True)
        took += (told.t[first] - change.t).tolist()
    return {
        "leaves_seen_as_failed": wrong,
        "leaves_seen_as_failed_share": ratio(wrong, owed),
        "leave_s": spread(took),
    }


def about(events: EventTable, change: Change) -> EventTable:
    """The rows by others about the member of a change, while it lasts."""
    rows: Booleans = (events.subject == change.node) & (events.observer != change.node)
    return select(events, rows & (events.t >= change.t) & (events.t < change.until))


def mistake_intervals(run: ScoredRun, history: ViewHistory) -> tuple[Floats, Floats]:
    """When each mistake began and ended, clipped to [0, end].

    A mistake is a failed about a member that was up. It ends when the observer sees the member
    again, when it becomes true because the member goes down, when the observer stops, or with the
    run. A verdict that was true when it fell is no mistake for as long as the observer has not yet
    heard of a restart: that is a matter of dissemination, and `convergence.one_view_s` shows it.
    """
    kept = flips_of_mistakes(history, run.n)
    before_observer, before_subject, before_t = history.failed_before
    observer = np.concatenate((before_observer, history.observer[kept]))
    subject = np.concatenate((before_subject, history.subject[kept]))
    t = np.concatenate((before_t, history.t[kept]))
    failed = np.concatenate((np.ones(len(before_t), dtype=np.bool_), history.kind[kept] == FAILED))
    pair = observer * np.int64(run.n) + subject
    order = np.argsort(pair, kind="stable")
    observer, subject, t, failed, pair = observer[order], subject[order], t[order], failed[order], pair[order]
    until = np.full(len(t), run.end)
    same = pair[1:] == pair[:-1]
    until[:-1][same] = t[1:][same]
    begins = np.flatnonzero(failed & ~run.down.covers(subject, t))
    t, until = t[begins], until[begins]
    until = np.minimum(until, run.down.next_start(subject[begins], t))
    until = np.minimum(until, run.down.next_start(observer[begins], t))
    lasts = until > 0.0
    return np.maximum(t[lasts], 0.0), np.minimum(until[lasts], run.end)


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


def mistakes(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Chen's T_M, T_MR and P_A over all ordered pairs of nodes that were up.

    `mistake_duration_s`: mean length of a mistake; one still going on at the end counts up to it.
    `mistake_recurrence_s`: seconds of a pair being up per mistake. `query_accuracy`: share of that
    time in which the view did not wrongly say failed, 1 - T_M / T_MR.
    """
    begin, end = mistake_intervals(run, history)
    total = float((end - begin).sum())
    wrong_share = ratio(total, run.pair_seconds)
    return {
        "mistakes": len(begin),
        "mistake_duration_s": ratio(total, len(begin)),
        "mistake_recurrence_s": ratio(run.pair_seconds, len(begin)),
        "query_accuracy": None if wrong_share is None else 1.0 - wrong_share,
    }


# Local health (memberlist's awareness), weighted by how long it lasted ---------------------------


def health_steps(run: ScoredRun) -> tuple[Floats, Integers, Integers]:
    """(t, node, score from then on), by node and time; every node begins with 0.

    A node that goes down has score 0 from then on: a restarted agent begins afresh.
    """
    events = run.recording.events
    last = run.first_row + len(run.after.t)
    reported: EventTable = rows_of(events, 0, last)
    rows = rows_of_kind(reported, (HEALTH,))
    stops = run.down.start <= run.end
    t = np.concatenate((reported.t[rows], run.down.start[stops]))
    node = np.concatenate((reported.observer[rows], run.down.node[stops]))
    score = np.concatenate((reported.detail[rows], np.zeros(int(stops.sum()), dtype=np.int64)))
    order = np.lexsort((np.arange(len(t)), t, node))
    return t[order], node[order].astype(np.int64), score[order].astype(np.int64)


def _lasted(run: ScoredRun) -> tuple[Floats, Integers, Integers, Booleans]:
    """(seconds, node, score, seen): `health_steps` with how long each score lasted in the scored time."""
    t, node, score = health_steps(run)
    until = np.full(len(t), run.end)
    same = node[1:] == node[:-1]
    until[:-1][same] = t[1:][same]
    # A score that is set at the very end still counts for the worst.
    seen = (until > 0.0) | (t >= 0.0)
    return np.maximum(until - np.maximum(t, 0.0), 0.0), node, score, seen


def node_health_seconds(run: ScoredRun) -> Floats:
    """The sum of score times seconds of every node, shape (n,)."""
    lasted, node, score, _ = _lasted(run)
    return np.bincount(node, weights=score * lasted, minlength=run.n).astype(np.float64)


def health(run: ScoredRun) -> dict[str, Any]:
    """`score.mean`: over all nodes and all seconds that they were up; `score.max`: the worst."""
    lasted, _, score, seen = _lasted(run)
    mean = ratio(float((score * lasted).sum()), run.node_seconds)
    return {"score": {"mean": mean, "max": int(score[seen].max(initial=0)) if run.n else None}}
