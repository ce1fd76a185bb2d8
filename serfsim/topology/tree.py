"""Places within places: zones of a region, racks of a zone.

A leaf has a path of numbers (region, zone, rack) and a label. Laid out in turn, the leaves come so that
nodes put there one after the other are spread as widely as can be: regions alternate, then zones, then
racks. A node may also be put into a wider place by its name, and its nodes then take its leaves in turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from serfsim.topology.places import Place, no_place_called

Leaf = tuple[tuple[int, ...], str]


def laid_out(leaves: Sequence[Leaf], place: Place) -> list[Leaf]:
    """The leaves in the order in which `place` fills them: side by side only for `in_blocks`."""
    return sorted(leaves, key=lambda leaf: leaf[0] if place == "in_blocks" else leaf[0][::-1])


def narrowed(
    names: Sequence[str], labels: Sequence[str], wider: Mapping[str, Sequence[str]], place: Place
) -> Place:
    """`place` with each wider place of a mapping replaced by its leaves in turn, in the order of `names`."""
    if not isinstance(place, Mapping):
        return place
    known = set(labels)
    turns: Counter[str] = Counter()
    narrow: dict[str, str] = {}
    for name in names:
        if name not in place:
            continue
        label = str(place[name])
        if label in known:
            narrow[name] = label
        elif label in wider:
            narrow[name] = wider[label][turns[label] % len(wider[label])]
            turns[label] += 1
        else:
            no_place_called(label, [*wider, *labels])
    return narrow
