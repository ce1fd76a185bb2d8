"""A scenario told in words: who there is, on what network, and what happens when.

For readers of reports and notebooks, never read back: the file's own form is `writing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from serfsim.base import english
from serfsim.scenario import faults, workload
from serfsim.scenario.impairments import Loss
from serfsim.scenario.selection import Selector
from serfsim.scenario.timed import Lasting, Timed
from serfsim.scenario.units import write_duration, write_share, write_size

if TYPE_CHECKING:
    from serfsim.scenario.model import Scenario

MOST_NAMED = 6  # of more nodes only the first are named
UNITS = ((3600, "h"), (60, "min"), (1, "s"))


class Happening(NamedTuple):
    """One entry of the timeline: begins at `at_s`; `when` and `what` are words."""

    at_s: float
    when: str
    what: str


def happenings(scenario: Scenario) -> list[Happening]:
    """Faults and workload in order of their first occurrence, faults first at the same time."""
    entries: list[Timed] = [*scenario.faults, *scenario.workload]
    told = [Happening(entry.at, when(entry), what(entry)) for entry in entries]
    return sorted(told, key=lambda happening: happening.at_s)


def what(entry: Timed) -> str:
    """What an entry of `faults` or `workload` does, without its times."""
    words: Callable[[Any], str] = WORDS[type(entry)]
    return words(entry)


def when(entry: Timed) -> str:
    """'at 1 min, for 5 min'; 'from 30 s, every 15 s, for 10 s each, 12 times'."""
    repeats = entry.every is not None
    parts = [f"{'from' if repeats else 'at'} {duration(entry.at)}"]
    if entry.every is not None:
        parts.append(f"every {duration(entry.every)}")
    if isinstance(entry, Lasting) and entry.for_ is not None:
        parts.append(f"for {duration(entry.for_)}{' each' if repeats else ''}")
    if entry.until is not None:
        parts.append(f"until {duration(entry.until)}")
    if entry.times is not None:
        parts.append(f"{entry.times} times")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """'1 min 30 s', '250 ms': units as they are spoken, the value exact."""
    exact = Decimal(repr(float(seconds)))
    if abs(exact) < 1:
        text = write_duration(seconds)
        number = text.rstrip("nums")
        return f"{number} {text[len(number) :]}"
    parts, rest = [], abs(exact)
    for size, unit in UNITS[:-1]:
        if rest >= size:
            parts.append(f"{int(rest // size)} {unit}")
            rest %= size
    if rest or not parts:
        parts.append(f"{rest.normalize():f} s")
    return ("-" if exact < 0 else "") + " ".join(parts)


def span(ends: tuple[float, float]) -> str:
    """'2 to 10 ms' where both ends have the same unit."""
    low, high = duration(ends[0]), duration(ends[1])
    if low == high:
        return low
    if low.count(" ") == high.count(" ") == 1 and low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{low} to {high}"


def share(value: float) -> str:
    return write_share(value).replace("%", " %")


def size(count: int) -> str:
    text = write_size(count)
    number = text.rstrip("BKiM")
    return f"{number} {text[len(number) :]}"


def joined(names: Sequence[str], count: int | None = None) -> str:
    """'a, b and c'; of many names the first few and how many more.

    `count`: of how many these are the first MOST_NAMED, where they are not all.
    """
    count = len(names) if count is None else count
    if count > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{count - MOST_NAMED + 1} others"]
    return english.joined(names)


def time_words(duration_s: float, warm_up: float | str) -> str:
    """'7 min after a warm-up of 30 s'; `warm_up` in seconds, or 'settled'."""
    if isinstance(warm_up, str):
        return f"{duration(duration_s)} after a warm-up until the cluster has settled"
    return duration(duration_s) + (f" after a warm-up of {duration(warm_up)}" if warm_up else "")


def who(selector: Selector) -> str:
    """Whom a selector means."""
    if isinstance(selector, int):
        return "a random node" if selector == 1 else f"{selector} random nodes"
    if isinstance(selector, tuple):
        return joined(selector)
    if selector == "all":
        return "all nodes"
    return "all the others" if selector == "rest" else f"a random {selector.replace('%', ' %')} of the nodes"


def is_one(selector: Selector) -> bool:
    """Whether the verb that follows is in the singular; a group's name counts as one."""
    return selector == 1 or (isinstance(selector, tuple) and len(selector) == 1)


def verb(selector: Selector, one: str, several: str) -> str:
    return f"{who(selector)} {one if is_one(selector) else several}"


# Faults ------------------------------------------------------------------------------------------


def path(fault: faults.OnPackets) -> str:
    """Which packets: 'to and from node-03', 'from a to b', 'everywhere'."""
    if fault.between is not None:
        link = "from {} to {}" if fault.one_way else "between {} and {}"
        return joined([link.format(*pair) for pair in fault.between])
    if fault.selector == "all":
        return "everywhere"
    side = {"both": "to and from", "in": "to", "out": "from"}[fault.direction]
    return f"{side} {who(fault.selector)}"


def block(fault: faults.Block) -> str:
    transport = "all traffic" if fault.block == "all" else fault.block.upper()
    return f"{transport} {path(fault)} is blocked"


def loss_share(loss: Loss) -> str:
    """'20 % of UDP and 1 % of TCP packets', 'UDP packets in bursts'; '' where nothing is lost."""
    told: dict[str, list[str]] = {}
    for transport, model in (("UDP", loss.udp), ("TCP", loss.tcp)):
        if not isinstance(model, float):
            told.setdefault("in bursts", []).append(transport)
        elif model > 0.0:
            told.setdefault(share(model), []).append(transport)
    parts = [
        f"{' and '.join(transports)} packets in bursts"
        if amount == "in bursts"
        else f"{amount} of {'all' if len(transports) == 2 else transports[0]} packets"
        for amount, transports in told.items()
    ]
    return " and ".join(parts)


def added_loss(fault: faults.AddedLoss) -> str:
    lost = loss_share(fault.loss)
    return f"{lost} {path(fault)} are lost" if lost else f"no more packets are lost {path(fault)}"


def added_latency(fault: faults.AddedLatency) -> str:
    return f"packets {path(fault)} take {duration(fault.latency.add)} longer each way"


def partition(fault: faults.Partition) -> str:
    sides = [who(side) for side in fault.partition]
    if fault.one_way:
        return f"no packet from {sides[0]} reaches {sides[1]}"
    return f"the network is cut: {' | '.join(sides)}"


def crash(fault: faults.Crash) -> str:
    return verb(fault.crash, "crashes", "crash") + restarted(fault.restart)


def leave(fault: faults.Leave) -> str:
    return verb(fault.leave, "leaves", "leave") + restarted(fault.restart)


def restarted(after: float | None) -> str:
    return "" if after is None else f", back after {duration(after)}"


def pause(fault: faults.Pause) -> str:
    return verb(fault.pause, "stands still", "stand still")


def slow(fault: faults.Slow) -> str:
    slowed = fault.slow
    return f"{verb(slowed.nodes, 'takes', 'take')} {duration(slowed.processing_delay)} over each packet"


def upgrade(fault: faults.Upgrade) -> str:
    apart = f", one every {duration(fault.apart)}" if fault.apart else ""
    return f"{verb(fault.upgrade, 'gets', 'get')} Serf {fault.to}{apart}"


# Workload ----------------------------------------------------------------------------------------


def sender(work: workload.ByOne) -> str:
    return work.from_ or "the first node"


def event(work: workload.Event) -> str:
    return f"{sender(work)} sends the user event {work.event} ({size(work.payload)})"


def query(work: workload.Query) -> str:
    asked = "" if work.nodes is None else f" of {who(work.nodes)}"
    tagged = ", ".join(f"{tag} ~ {expression}" for tag, expression in work.filter_tags.items())
    return f"{sender(work)} asks the query {work.query}{asked}{f' where {tagged}' if tagged else ''}"


def set_tags(work: workload.SetTags) -> str:
    given = ", ".join(f"{tag}={value}" for tag, value in work.tags.items())
    told = [f"{verb(work.nodes, 'takes', 'take')} the tags {given}"] if given else []
    if work.delete:
        gone = ", ".join(work.delete)
        told.append(f"drops {gone}" if told else f"{verb(work.nodes, 'drops', 'drop')} the tags {gone}")
    return " and ".join(told) or verb(work.nodes, "keeps its tags", "keep their tags")


def force_leave(work: workload.ForceLeave) -> str:
    return f"{sender(work)} says that {who(work.force_leave)} left" + (" and prunes" if work.prune else "")


WORDS: Mapping[type[Timed], Callable[..., str]] = {
    faults.Block: block,
    faults.AddedLoss: added_loss,
    faults.AddedLatency: added_latency,
    faults.Partition: partition,
    faults.Crash: crash,
    faults.Leave: leave,
    faults.Pause: pause,
    faults.Slow: slow,
    faults.Upgrade: upgrade,
    workload.Event: event,
    workload.Query: query,
    workload.SetTags: set_tags,
    workload.ForceLeave: force_leave,
}
