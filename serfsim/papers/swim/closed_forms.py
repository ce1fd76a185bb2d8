"""SWIM's formulas as its paper prints them (Das, Gupta and Motivala, DSN 2002), and exact ones.

Times are in protocol periods T'. `n` members include the one that crashes; `p` is the chance that a live
member picks a given one in a period: 1/n where it picks from its whole list, itself included, and 1/(n - 1)
where it picks among the others.
"""

from __future__ import annotations

import math


def first_detection(n: int, crashed: int = 1) -> float:
    """Return the expected periods to the first detection of a crash (section 3.1, at finite n).

    The paper's 1 / (1 - (1 - q_f/n)^(n - 1)), with the `n - crashed` live members counted one by one; it
    tends to e^q_f / (e^q_f - 1), 1.58 where nobody else has crashed.
    """
    return whole_periods(1.0 / n, n - crashed)


def whole_periods(p: float, live: int) -> float:
    """Return the mean number of periods until one of `live` members has picked the crashed one.

    Counted whole: a pick within the first period after the crash is one period.
    """
    return 1.0 / (1.0 - (1.0 - p) ** live)


def first_pick(p: float, live: int) -> float:
    """Return the mean time to the first pick in continuous time, for members whose periods are not in step.

    In a time k + s (k whole periods and 0 <= s < 1) a member picks k times, and once more with probability s,
    so nobody has picked the crashed one with probability ((1 - p)^k (1 - s p))^live. The integral of that.
    """
    within = (1.0 - (1.0 - p) ** (live + 1)) / ((live + 1) * p)
    return within * whole_periods(p, live)


def failed_round(q_ml: float, k: int, q_f: float = 1.0) -> float:
    """Return the chance that a round about a live member fails: no ack, neither direct nor by a proxy."""
    return (1.0 - q_ml**2) * (1.0 - q_f * q_ml**4) ** k


def false_detection(q_ml: float, k: int, q_f: float = 1.0) -> float:
    """Return PM(T) as printed (section 3.1): q_f (1 - q_ml^2) (1 - q_f q_ml^4)^k e^q_f / (e^q_f - 1).

    T is the mean time to detect, e^q_f / (e^q_f - 1) periods, in which a member is pinged q_f times that
    often: the formula is the expected number of failed rounds about one live member in that time.
    """
    return q_f * failed_round(q_ml, k, q_f) * detection_time(q_f)


def detection_time(q_f: float = 1.0) -> float:
    """Return e^q_f / (e^q_f - 1), the mean periods to the first detection in a large group."""
    return math.exp(q_f) / (math.exp(q_f) - 1.0)


def infected(n: int, t: float) -> float:
    """Return the members that hold an update `t` periods after the first did (section 4.1).

    n / (1 + (n - 1) e^(-beta n t)) with beta = 2/n - 1/n^2: two contacts a period, by ping and by ack.
    """
    return n / (1.0 + (n - 1) * math.exp(-_contacts(n) * t))


def infection_time(n: int, share: float) -> float:
    """Return the periods until that share of the members is infected: the inverse of `infected`."""
    return math.log((n - 1) * share / (1.0 - share)) / _contacts(n)


def _contacts(n: int) -> float:
    return (2.0 / n - 1.0 / n**2) * n
