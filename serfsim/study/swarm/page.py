"""The page of a swarm: the verdict, the failures, the known behaviours and the coverage table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from serfsim.base.english import format_count
from serfsim.report.page import page_style, page_template
from serfsim.study.swarm.coverage import missing

if TYPE_CHECKING:
    from serfsim.study.swarm.swarming import Swarm

TITLES = {
    "fault": "Faults",
    "workload": "Workload",
    "serf": "Releases of Serf",
    "memberlist": "Releases of memberlist",
    "product": "Products",
    "message": "Messages",
    "row": "Rows of transition tables",
}


def verdict(ended: Swarm) -> str:
    """Return the verdict in a sentence."""
    examined = format_count(len(ended.seeds), "seed")
    left = f", {ended.left} not begun" if ended.left else ""
    if not ended.failed:
        return f"None of {examined} failed{left}"
    return f"{len(ended.failed)} of {examined} failed{left}"


def page_text(ended: Swarm) -> str:
    """Return the page as HTML."""
    table = ended.coverage
    kinds: list[dict[str, Any]] = []
    for kind, title in TITLES.items():
        rows = table[table["kind"] == kind]
        reached = int((rows["count"] > 0).sum())
        kinds.append({"title": title, "reached": reached, "all": len(rows), "rows": rows.to_dict("records")})
    return page_template("swarm.html.j2").render(
        style=Markup(page_style()),
        verdict=verdict(ended),
        state="fails" if ended.failed else "holds",
        failed=[(one.seed, one.failures, one.shrunk) for one in ended.failed],
        known=ended.known,
        kinds=kinds,
        missing=missing(table),
        cpu_s=sum(one.cpu_s for one in ended.seeds),
    )
