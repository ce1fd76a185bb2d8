"""Quality of failure detection, and local health, by which Lifeguard tunes it.

Four families of figures:

* counts of failed and suspect events, judged by whether the subject was up (`accusations`);
* for every crash, the time until the first suspicion by an observer's own probe, the first failed,
  and the last live observer's failed (`crashes`; Lifeguard's first detection and full dissemination);
* the same for every time that a process began to hang (`anomalies`);
* the quality of the verdicts over time (`mistakes`; Chen, Toueg and Aguilera, "On the quality of
  service of failure detectors", IEEE Trans. Computers 51(5), 2002);
* members that come back into views while they are down (`revivals`).
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
from serfsim.results.scoring.revivals import revivals
from serfsim.results.scoring.rows import in_pieces
from serfsim.results.scoring.scored_run import ScoredRun, ratio, rows_of, rows_of_kind, select, spread
from serfsim.results.scoring.views import RESTART, VIEW_KINDS, Pairs, ViewHistory, columns_of, rows_of_pairs


def detection(run: ScoredRun, history: ViewHistory, found: Sequence[Change]) -> dict[str, Any]:
    """Return all figures under `detection`; `found` are the membership changes."""
    figures: dict[str, Any] = {
        **accusations(run),
        **crashes(run, history),
        "anomaly": anomalies(run, history),
    }
    figures.update(graceful_leaves(run, found))
    flap_count = len(flaps(run))
    figures["flaps"] = flap_count
    figures["flaps_per_node_hour"] = ratio(flap_count, run.node_seconds / 3600.0)
    figures.update(mistakes(run, history))
    figures.update(revivals(run, history))
    return figures


def about_up(run: ScoredRun, rows: EventTable) -> Booleans:
    """Mark the rows whose subject was up at that time."""
    known = (rows.subject >= 0) & (rows.subject < run.n)
    subject = np.where(known, rows.subject, 0).astype(np.int64)
    return known & ~run.down.covers(subject, rows.t)


def accusations(run: ScoredRun) -> dict[str, Any]:
    """Count failed and suspect events and refutations.

    `false_positives`: failed events about a member that was up, one per reporting observer, whatever
    other fault the member was under. `false_positives_at_healthy`: those raised by an observer under no
    fault at the time; a NAT or a wrong address is none. `lifeguard` judges as the paper does, by the set
    of nodes that were under a fault at any time of the run: its `false_positives` are about members
    outside that set, its `false_positives_at_healthy` were also raised outside it.
    `last_false_positive_s`: time of the last of all. `suspicions`: those from the observer's own probes;
    `refutations`: of any kind.
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
    """Return detection times in seconds over all crashes with t >= 0, and `missed`.

    A crash is watched until the node restarts or the run ends; a crash that ends too soon for anyone
    to notice is missed by everyone. An observer should notice a crash if it was up and had the node in
    view at the time; it noticed when the node left its view (failed, or left if the crash interrupted
    a leave). Nodes that crash at the same time need not notice each other, and an observer that
    stops before it noticed does not count. `full_s` covers only crashes that every such observer
    noticed; `missed` counts the (crash, observer) pairs without a detection.
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
        owed[run.down.nodes_starting(t, min(until, run.end))] = False
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


def anomalies(run: ScoredRun, history: ViewHistory) -> dict[str, Any]:
    """Return the spread of `anomaly_times`: `first_s`, `full_s`."""
    first, full = anomaly_times(run, history)
    return {"first_s": spread(first), "full_s": spread(full)}


def anomaly_times(run: ScoredRun, history: ViewHistory) -> tuple[list[float], list[float]]:
    """Return (first, full): detection times in seconds of members that hang, over anomalies with t >= 0.

    An anomaly begins when a stall, pause or freeze of a running process does, and is watched until the
    member's next one, until it goes down, or to the end of the run: a verdict may come after it is over.
    First: until the first failed event about the member at any other. Full: until that of the last healthy
    member, which was up, had it in view and came under no fault meanwhile; only anomalies that all of these
    declared.
    """
    scored = sorted((t, node) for t, node in run.recording.truth.anomalies if 0.0 <= t <= run.end)
    flips_of = dict(history.about({node for _, node in scored}))
    following: dict[int, float] = {}
    first, full = [], []
    for t, node in reversed(scored):
        flips, until = flips_of[node], following.get(node, np.inf)
        following[node] = t
        until = min(until, float(run.down.next_start(np.array([node]), np.array([t]))[0]))
        rows = flips.first_rows(t, until, False)
        rows = rows[flips.kind[rows] == FAILED]
        if len(rows) == 0:
            continue
        first.append(float(flips.t[rows[0]]) - t)
        owed = flips.column(t) & ~run.down.covered_at(t) & ~run.faulted.touches(t, min(until, run.end))
        owed[node] = False
        seen = flips.observer[rows]
        if owed.any() and owed[seen].sum() == owed.sum():
            full.append(float(flips.t[rows][owed[seen]][-1]) - t)
    return first, full


def rows_by_subject(subject: Integers, wanted: set[int]) -> dict[int, Integers]:
    """Return the row numbers for each wanted subject, in order."""
    order = np.argsort(subject, kind="stable")
    ordered = subject[order]
    return {
        node: order[np.searchsorted(ordered, node, "left") : np.searchsorted(ordered, node, "right")]
        for node in sorted(wanted)
    }


def watched_until(run: ScoredRun, t: float, node: int) -> float:
    """Return the end of the down interval that holds a crash at `t`; infinity if beyond the run."""
    down = run.down
    mine = slice(int(down.first[node]), int(down.first[node + 1]))
    ends = down.end[mine][(down.start[mine] <= t) & (t < down.end[mine])]
    until = float(ends[0]) if len(ends) else np.inf
    return until if until <= run.end else np.inf


def flaps(run: ScoredRun) -> Integers:
    """Return the observer of each flap: a join within flap_timeout of a failed about the same subject.

    As in Serf, the status before the join must be failed. The failed may precede t = 0, the join
    may not. An observer that restarted in between has forgotten the failed.
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
    """Return how observers saw graceful leaves until the leaver restarts or the run ends.

    `leaves_seen_as_failed`: number of (leaver, observer) pairs in which the observer reported a failure;
    `leaves_seen_as_failed_share`: their share of the pairs that should have seen the leave. `leave_s`:
    seconds from the leave to each observer's left.
    """
    failed, left = run.of_kind(FAILED), run.of_kind(LEFT)
    wrong, owed = 0, 0
    took: list[float] = []
    for change in found:
        if change.kind != "leave":
            continue
        owed += change.wanted
        wrong += len(np.unique(about(failed, change).observer))
        seen = about(left, change)
        _, first = np.unique(seen.observer, return_index=True)
        took += (seen.t[first] - change.t).tolist()
    return {
        "leaves_seen_as_failed": wrong,
        "leaves_seen_as_failed_share": ratio(wrong, owed),
        "leave_s": spread(took),
    }


def about(events: EventTable, change: Change) -> EventTable:
    """Return the other nodes' rows about the member of a change, while it lasts."""
    rows: Booleans = (events.subject == change.node) & (events.observer != change.node)
    return select(events, rows & (events.t >= change.t) & (events.t < change.until))


def mistake_intervals(run: ScoredRun, history: ViewHistory) -> tuple[Floats, Floats]:
    """Return the begin and end of each mistake, clipped to [0, end], seconds.

    A mistake is a failed about a member that was up. It ends when the observer sees the member
    again, when the member goes down, when the observer stops, or with the run. A verdict that
    was true when made does not become a mistake while the observer has not yet heard of a restart:
    that delay is dissemination, shown by `convergence.one_view_s`.
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
    """Return the flips of pairs with a failed flip: those that may begin or end a mistake."""
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
    """Return Chen's T_M, T_MR and P_A over all ordered pairs of nodes that were up.

    `mistake_duration_s`: mean length of a mistake; one still open at the end counts up to it.
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
    """Return (t, node, score from then on) by node and time; every node begins with 0.

    A node that goes down has score 0 from then on: a restarted agent starts at 0.
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


def _score_durations(run: ScoredRun) -> tuple[Floats, Integers, Integers, Booleans]:
    """Return (seconds, node, score, seen): `health_steps` with each score's duration in the scored time."""
    t, node, score = health_steps(run)
    until = np.full(len(t), run.end)
    same = node[1:] == node[:-1]
    until[:-1][same] = t[1:][same]
    # A score set at the very end still counts for the maximum.
    seen = (until > 0.0) | (t >= 0.0)
    return np.maximum(until - np.maximum(t, 0.0), 0.0), node, score, seen


def node_health_seconds(run: ScoredRun) -> Floats:
    """Return the sum of score times seconds for every node, shape (n,)."""
    lasted, node, score, _ = _score_durations(run)
    return np.bincount(node, weights=score * lasted, minlength=run.n).astype(np.float64)


def health(run: ScoredRun) -> dict[str, Any]:
    """Return `score.mean` over all nodes and the seconds they were up, and `score.max`."""
    lasted, _, score, seen = _score_durations(run)
    mean = ratio(float((score * lasted).sum()), run.node_seconds)
    return {"score": {"mean": mean, "max": int(score[seen].max(initial=0)) if run.n else None}}
