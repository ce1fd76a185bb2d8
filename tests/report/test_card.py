"""Results in a notebook: the answer first, nothing that changes from run to run, the colours of the page."""

from __future__ import annotations

import re

from serfsim import Result, Scenario, Simulation, run
from tests.report.conftest import small

SCENARIO = Scenario(
    name="tiny",
    question="a < b?",
    cluster={"nodes": 3},
    duration="10s",
    warm_up="5s",
    claims=["detection.false_positives == 0"],
)


def done() -> Result:
    return run(SCENARIO, progress=lambda fraction: None)


def test_the_card_answers_before_it_shows_figures() -> None:
    card = done()._repr_html_()
    order = [
        "a &lt; b?",
        "The claim holds.",
        "detection.false_positives == 0",
        "false positives",
        "all figures",
    ]
    places = [card.index(part) for part in order]
    assert places == sorted(places)


def test_the_card_of_the_same_run_is_the_same() -> None:
    first, second = done(), done()
    assert first.summary["wall_s"] != second.summary["wall_s"]
    assert first._repr_html_() == second._repr_html_()


def test_the_card_takes_the_colours_of_the_notebook() -> None:
    style = re.findall("<style>(.*?)</style>", done()._repr_html_(), re.DOTALL)[0]
    assert "background:#" not in style
    assert re.findall(r"[^:}]*::before\{[^}]*color:#|[{;]color:#", style) == re.findall(
        r"[^:}]*::before\{[^}]*color:#", style
    )


def test_an_interrupted_result_says_so_in_card_and_name(result: Result) -> None:
    partial = small(interrupted_at=30.0)
    assert "Interrupted at 30.0 s of 50 s" in partial._repr_html_()
    assert "Interrupted at 30.0 s" in repr(partial)
    assert repr(result) == "<Result of small, seed 7: No claims to check>"


def test_a_simulation_shows_its_scenario_and_then_its_result() -> None:
    simulation = Simulation(SCENARIO, seed=2)
    assert repr(simulation).startswith("<Simulation of tiny, seed 2: 3 nodes, at -")
    assert "a &lt; b?" in simulation._repr_html_()
    result = simulation.run(lambda fraction: None)
    assert repr(simulation) == "<Simulation of tiny, seed 2: 3 nodes, has run>"
    assert simulation._repr_html_() == result._repr_html_()
