"""Multi-process cut detection (section 4.2): from the alerts of single edges to one proposal for all."""

from __future__ import annotations

from serfsim.native import i64
from serfsim.rivals.rapid.configuration import REMOVED, Configuration, Proposal
from serfsim.rivals.rapid.rings import observers_of


class CutDetector:
    """The alerts of one configuration.

    A subject is stable from `high` alerts on and unstable from `low` on, of `rings` that it can have. Alerts
    are never taken back. A proposal has all stable subjects, and waits until none is unstable.
    """

    def __init__(self, configuration: Configuration, rings: i64, high: i64, low: i64) -> None:
        self.configuration = configuration
        self.rings: i64 = rings
        self.high: i64 = high
        self.low: i64 = low
        self.reports: dict[int, int] = {}  # of each subject: a bit for every ring whose observer spoke
        self.identifiers: dict[int, int] = {}  # of joiners, REMOVED of the others
        self.stable: dict[int, None] = {}
        self.unstable: dict[int, float] = {}  # since when
        self.sees_failures = False
        self._observers: dict[int, list[int]] = {}

    def add(self, subject: i64, identifier: i64, rings: int, now: float) -> None:
        """Count the alerts of some rings, a bit each; for joiners `identifier` is that of the first alert."""
        if (identifier == REMOVED) != (subject in self.configuration):
            return
        before = self.reports.get(subject, 0)
        if subject not in self.identifiers:
            self.identifiers[subject] = identifier
        if identifier == REMOVED:
            self.sees_failures = True
        self.reports[subject] = before | rings
        count = (before | rings).bit_count()
        if count >= self.high:
            self.unstable.pop(subject, 0.0)
            self.stable[subject] = None
        elif count >= self.low and subject not in self.unstable:
            self.unstable[subject] = now

    def observers(self, subject: i64) -> list[int]:
        """Return the observers of a subject by ring, also of one that joins."""
        found = self._observers.get(subject)
        if found is None:
            found = observers_of(subject, self.configuration.members, self.rings)
            self._observers[subject] = found
        return found

    def rings_between(self, observer: i64, subject: i64) -> int:
        """Return the rings in which one observes the other, a bit each."""
        rings = 0
        for ring, each in enumerate(self.observers(subject)):
            if each == observer:
                rings |= 1 << ring
        return rings

    def imply(self, now: float) -> None:
        """Count alerts that unstable subjects lack because their observers are failing themselves."""
        if not self.sees_failures:
            return
        for subject in list(self.unstable):
            rings = 0
            for ring, observer in enumerate(self.observers(subject)):
                if observer in self.unstable or observer in self.stable:
                    rings |= 1 << ring
            if rings:
                self.add(subject, self.identifiers[subject], rings, now)

    def overdue(self, observer: i64, patience: float, now: float) -> list[int]:
        """Return the subjects of an observer that it should speak of, as they have been unstable for long."""
        return [
            subject
            for subject, since in self.unstable.items()
            if now - since >= patience and observer in self.observers(subject)
        ]

    def proposal(self) -> Proposal:
        """Return the view change to propose, empty while there is none."""
        if self.unstable or not self.stable:
            return ()
        return tuple([(subject, self.identifiers[subject]) for subject in sorted(self.stable)])
