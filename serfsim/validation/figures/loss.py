"""Random packet loss: failed probes, suspicions and false positives."""

from __future__ import annotations

from serfsim.protocol import events
from serfsim.validation.figures.measures import Figures, Measured, Rows, Window

SETTLING_S = 10.0
EPISODE_GAP_S = 5.0


def lossy(measured: Measured) -> Window:
    """Return the window from 10 s after the loss began to its end."""
    return Window(measured.golden.fault_start + SETTLING_S, measured.golden.fault_end)


def figures(measured: Measured) -> Figures:
    window = lossy(measured)
    flaps, quick = measured.flaps()
    failed = measured.rows(events.FAILED)
    counts = measured.recording.traffic_counts
    lost, _ = measured.column(counts, "udp/lost", window)
    sent, _ = measured.column(counts, "udp/datagrams", window)
    return {
        **measured.per_minute(window),
        **measured.rates(window),
        "udp_loss": [lost / sent] if sent else [],
        "failed_events": [float(len(failed))],
        "failed_subjects": [float(len(set(failed.subject.tolist())))],
        "failed_episodes": [float(episodes(failed))],
        "flaps": [float(flaps)],
        "quick_flaps": [float(quick)],
        "mean_health": [measured.health(window, range(measured.n))],
    }


def episodes(failed: Rows) -> int:
    """Count false positives: closely spaced failed events about one subject are one."""
    last: dict[int, float] = {}
    found = 0
    for t, subject in zip(failed.t.tolist(), failed.subject.tolist(), strict=True):
        found += t - last.get(subject, float("-inf")) > EPISODE_GAP_S
        last[subject] = t
    return found
