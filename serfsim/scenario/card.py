"""A scenario as a card for a notebook: what is asked, of whom, on what network, and what happens.

Everything inherits the notebook's colours, so that the card is as good in the dark.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from serfsim.base.english import printable
from serfsim.scenario.entry import describe_entries
from serfsim.scenario.phrases import describe_cluster, describe_length
from serfsim.scenario.sections import Sections

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment(package: str) -> Environment:
    """Return the environment for a package's folder `templates`; it escapes inserted values."""
    # start-up: jinja2 is slow to import
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """Texts of somebody's without control characters; what is markup already is ours.

    The space that does not break is no letter to Python, but stands between numbers and their units.
    """
    return printable(value, keep="\n\t\u00a0") if type(value) is str else value


@cache
def card_style() -> str:
    """Return the style sheet of the cards of scenarios and results."""
    return (files("serfsim.scenario") / "templates" / "card.css").read_text(encoding="utf-8")


def scenario_card(scenario: Sections) -> str:
    """Return the card as HTML to embed in a page."""
    return (
        environment("serfsim.scenario")
        .get_template("scenario.html.j2")
        .render(
            style=Markup(card_style()),
            name=scenario.name,
            question=scenario.question,
            cluster=describe_cluster(scenario.cluster),
            network=scenario.network.describe(),
            time=f"{describe_length(scenario.duration, scenario.warm_up)}, seed {scenario.seed}",
            happenings=describe_entries([*scenario.faults, *scenario.workload]),
            claims=[claim.text for claim in scenario.claims],
        )
    )
