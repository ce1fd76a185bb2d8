"""The releases of Serf and memberlist in tables: names, layers, products, and the rules of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from serfsim.protocol.rules import MACHINES, MEMBERLIST, MEMBERLIST_RELEASES, RULES, SERF, SERF_RELEASES, Rule
from serfsim.protocol.versions import (
    LATEST,
    PINNED,
    PRODUCT_SOURCES,
    PRODUCTS,
    layers_of,
    releases_of,
    rule_value,
)
from serfsim.scenario.releases import short_names

_HOW: Final = """\
version: "0.10.2"                         Serf with the memberlist of its go.mod; short names too
serf: "0.10.2", memberlist: "0.6.0"       the two layers apart
product: nomad-1.11                       both by what people run
of the cluster, of a group, of a node, and in the fault `upgrade`"""


def short_of(layer: str) -> dict[str, str]:
    """Return the short names of a layer's releases and what each stands for."""
    releases = releases_of(layer)
    names = short_names(releases)
    if layer == SERF:
        return {name: layers_of(name)[0] for name in names}
    return {
        name: max((one for one in releases if one.startswith(f"{name}.")), key=_numbers) for name in names
    }


def _numbers(name: str) -> list[int]:
    return [int(part) for part in name.partition("-")[0].split(".")]


def as_data() -> dict[str, Any]:
    """Return everything: releases by layer, names, products, and rules with their value in each release."""
    return {
        "serf": {release: {"memberlist": PINNED[release]} for release in SERF_RELEASES},
        "memberlist": list(MEMBERLIST_RELEASES),
        "names": {**short_of(SERF), LATEST: " with memberlist ".join(layers_of(LATEST))},
        "memberlist_names": short_of(MEMBERLIST),
        "products": {
            name: {"serf": serf, "memberlist": memberlist, "source": PRODUCT_SOURCES[name]}
            for name, (serf, memberlist) in PRODUCTS.items()
        },
        "rules": [
            {
                "name": rule.name,
                "number": rule.number,
                "layer": rule.layer,
                "first": rule.first,
                "meaning": rule.meaning,
                "source": rule.source,
                "followed_by": "" if rule.departure else rule.follower or "the machines",
                "not_modelled": rule.follower if rule.departure else "",
                "releases": {release: rule_value(rule, release) for release in releases_of(rule.layer)},
            }
            for rule in RULES
        ],
    }


def as_text() -> str:
    """Return the tables for a terminal."""
    parts = [_HOW, _columns(("Serf", "memberlist", "also called"), _serf_rows())]
    parts.append(f"{LATEST}: Serf {layers_of(LATEST)[0]} with memberlist {layers_of(LATEST)[1]}")
    parts.append(f"memberlist: {', '.join(MEMBERLIST_RELEASES)}")
    parts.append(_columns(("product", "Serf", "memberlist", "source"), _product_rows()))
    for layer in (MEMBERLIST, SERF):
        rows = [(rule.first, rule.number, rule.meaning, _followed(rule)) for rule in _of(layer)]
        parts.append(_columns((f"{layer} from", "rule", "", "followed by"), rows))
    return "\n\n".join(parts)


def as_markdown() -> str:
    """Return the tables of the manual's page."""
    parts = ["## Releases of Serf", _markdown(("Serf", "memberlist", "also called"), _serf_rows())]
    parts += ["## Products", _markdown(("product", "Serf", "memberlist", "source"), _product_rows())]
    for layer in (MEMBERLIST, SERF):
        shown = _shown(layer)
        header = ("rule", "from", "meaning", *shown, "followed by", "source")
        rows = [
            (
                f"{rule.number} `{rule.name}`".strip(),
                rule.first,
                rule.meaning,
                *(_mark(rule, release) for release in shown),
                _followed(rule),
                rule.source,
            )
            for rule in _of(layer)
        ]
        parts += [f"## Rules of {layer}", _markdown(header, rows)]
    return "\n\n".join(parts) + "\n"


def _serf_rows() -> list[tuple[str, ...]]:
    return [(name, PINNED[name], _short_for(name)) for name in SERF_RELEASES]


def _product_rows() -> list[tuple[str, ...]]:
    return [(name, *PRODUCTS[name], PRODUCT_SOURCES[name]) for name in PRODUCTS]


def _short_for(release: str) -> str:
    return ", ".join(name for name, full in short_of(SERF).items() if full == release)


def _of(layer: str) -> list[Rule]:
    return [rule for rule in RULES if rule.layer == layer]


def _shown(layer: str) -> list[str]:
    """Return the releases that differ from the one before in some rule, and the newest."""
    releases = releases_of(layer)
    steps = {first for rule in _of(layer) for first, _ in rule.steps}
    return [name for name in releases if name in steps or name in (releases[0], releases[-1])]


def _mark(rule: Rule, release: str) -> str:
    value = rule_value(rule, release)
    if len(rule.steps) == 1 and rule.steps[0][1] == 1:
        return "x" if value else ""
    return str(value)


def _followed(rule: Rule) -> str:
    if rule.departure:
        return f"not modelled: {rule.follower}"
    return rule.follower if rule.follower != MACHINES else "the machines"


def _columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
