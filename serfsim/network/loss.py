"""Models of packet loss.

Each model takes the same number of uniforms from the stream for each packet, so that a changed parameter
does not shift later draws. Probabilities lie in [0, 1]; others raise ValueError.
"""

from __future__ import annotations

from serfsim.native import Random, extend, i32, i64, mypyc_attr, u8, vec
from serfsim.network.pair_table import PairTable


def check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError("a probability lies between 0 and 1")


@mypyc_attr(allow_interpreted_subclasses=True)
class Loss:
    """Base of all models."""

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        """Return whether this packet from `source` to `target` is lost."""
        raise NotImplementedError


class NoLoss(Loss):
    """Never; draws nothing."""

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        return False


class BernoulliLoss(Loss):
    """Each packet is lost with probability `p`, whatever became of the others."""

    def __init__(self, p: float) -> None:
        check_probability(p)
        self.p = p

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        return rng.random() < self.p


class GilbertElliottLoss(Loss):
    """Loss in bursts: each ordered pair of the `n` hosts has a chain that is good or bad.

    A packet first moves the chain of its pair by one step (good to bad with `p_good_bad`, bad to
    good with `p_bad_good`), then is lost with the probability of the state reached. Chains begin
    in the good state, and time alone does not move them. In the long run a chain is bad for a
    share p_good_bad / (p_good_bad + p_bad_good) of its packets. Sources: Gilbert, Bell System
    Technical Journal 39 (1960); Elliott, ibid. 42 (1963).
    """

    def __init__(
        self, p_good_bad: float, p_bad_good: float, loss_good: float, loss_bad: float, n: i64
    ) -> None:
        for p in (p_good_bad, p_bad_good, loss_good, loss_bad):
            check_probability(p)
        self.p_good_bad = p_good_bad
        self.p_bad_good = p_bad_good
        self.loss_good = loss_good
        self.loss_bad = loss_bad
        self.n: i64 = n
        self.bad = good_chains(n * n)

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        pair: i64 = source * self.n + target
        step = rng.random()
        if self.bad[pair] == 0:
            if step < self.p_good_bad:
                self.bad[pair] = 1
        elif step < self.p_bad_good:
            self.bad[pair] = 0
        return rng.random() < (self.loss_good if self.bad[pair] == 0 else self.loss_bad)


class SiteLoss(Loss):
    """Independent loss of each packet, with one probability for each ordered pair of sites.

    site: the site of each host, shape (n,). p: sites * sites probabilities row by row, row = source;
    those on the diagonal hold between two different hosts of one site. A host loses nothing to itself.
    """

    def __init__(self, site: vec[i32], sites: i64, p: vec[float]) -> None:
        if len(p) != sites * sites:
            raise ValueError("losses between sites need sites * sites values")
        i: i64 = 0
        while i < len(p):
            check_probability(p[i])
            i += 1
        self.site = site
        self.sites: i64 = sites
        self.p = p

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        share = self.p[i64(self.site[source]) * self.sites + i64(self.site[target])]
        return rng.random() < share and source != target


class EitherLoss(Loss):
    """A packet is lost if either of two models loses it; both draw for every packet."""

    def __init__(self, first: Loss, second: Loss) -> None:
        self.first = first
        self.second = second

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        lost = self.first.drops(source, target, rng)
        return self.second.drops(source, target, rng) or lost


def good_chains(count: i64) -> vec[u8]:
    """At least `count` zeros, made without a list as long."""
    result = vec[u8]([0] * 64)
    while len(result) < count:
        result = extend(result, result)
    return result


class LossByPair(Loss):
    """A loss model for each ordered pair of `n` hosts, `default` unless `set` gave it another.

    At most `pair_table.MOST_MODELS` besides the default; ValueError beyond.
    """

    def __init__(self, default: Loss, n: i64) -> None:
        self.models: list[Loss] = [default]
        self.pairs = PairTable(n, "loss")

    def set(self, sources: list[int], targets: list[int], loss: Loss) -> None:
        """Packets from `sources` to `targets` are lost as `loss` says; of several, the last holds."""
        if self.models[len(self.models) - 1] is not loss:
            self.pairs.check_room(len(self.models))
            self.models.append(loss)
        self.pairs.assign(sources, targets, len(self.models) - 1)

    def drops(self, source: i64, target: i64, rng: Random) -> bool:
        return self.models[self.pairs.number(source, target)].drops(source, target, rng)
