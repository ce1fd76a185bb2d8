"""The system's name, source and settings; what the papers leave open is said in their meanings."""

from typing import Final

import numpy as np

from serfsim.protocol.settings import CONSTANT, POSITIVE_DURATION, SWITCH, Kind, Setting
from serfsim.rivals.coordinate_table import CoordinateSystem, Floats, Integers, Places
from serfsim.rivals.dmfsgd.client import DmfsgdClient

NON_NEGATIVE: Final = Kind("number", 0.0, 1e6)


def _estimate(places: Places, observers: Integers, subjects: Integers) -> Floats:
    """Return the products of x and y, at least 0."""
    rank = places.vec.shape[1] // 2
    products = places.vec[observers, :rank] @ places.vec[subjects, rank:].T
    found: Floats = np.maximum(products, 0.0)
    return found


SYSTEM: Final = CoordinateSystem(
    "dmfsgd",
    "DMFSGD",
    "matrix factorisation by stochastic gradient descent",
    "Liao, Du, Geurts and Leduc, DMFSGD: A decentralized matrix factorization algorithm for network distance"
    " prediction, IEEE/ACM Transactions on Networking 21 (2013)",
    DmfsgdClient,
    (
        Setting(
            "rank", Kind("count", 1, 64), 10, "r: numbers in each of a member's two rows", unit="numbers"
        ),
        Setting("learning_rate", CONSTANT, 0.1, "eta: length of a step"),
        Setting("regularisation", NON_NEGATIVE, 0.1, "lambda: weight of the squared length of a row"),
        Setting("absolute_loss", SWITCH, False, "the absolute loss instead of the square"),
        Setting("nonnegative", SWITCH, False, "rows have no negative numbers"),
        Setting("line_search", SWITCH, True, "halve a step until it lowers the loss of its measurement"),
        Setting("unit", POSITIVE_DURATION, 0.1, "round-trip time that counts as 1; the paper leaves it open"),
    ),
    lambda own, members: 2 * int(own["rank"]),
    _estimate,
    lambda vec: vec[..., :0],
)
