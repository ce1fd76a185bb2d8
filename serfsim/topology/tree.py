"""Hierarchical places: zones of a region, racks of a zone.

A leaf has a path of numbers (region, zone, rack) and a label. In interleaved order, consecutive nodes are
spread as widely as possible: regions alternate, then zones, then racks. A node may also be placed in a
wider place by name; its nodes then cycle through the leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from serfsim.topology.places import Place, raise_unknown_place

Leaf = tuple[tuple[int, ...], str]


def interleave(leaves: Sequence[Leaf], place: Place) -> list[Leaf]:
    """Return the leaves in the order in which `place` fills them: adjacent only for `in_blocks`."""
    return sorted(leaves, key=lambda leaf: leaf[0] if place == "in_blocks" else leaf[0][::-1])


def narrow_places(
    names: Sequence[str], labels: Sequence[str], wider: Mapping[str, Sequence[str]], place: Place
) -> Place:
    """Replace each wider place of a mapping by its leaves in turn, in the order of `names`."""
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
            raise_unknown_place(label, [*wider, *labels])
    return narrow
