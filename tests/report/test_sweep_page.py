"""The page of a sweep: at which settings the claims hold, said of every setting, and drawn."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from serfsim import Scenario, sweep
from serfsim.scenario.claims import Claim
from serfsim.study.sweeps import open_sweep, page_plot
from serfsim.study.sweeps.overview import summary
from serfsim.study.sweeps.page import sweep_page
from serfsim.study.sweeps.page_words import (
    count_held_claims,
    range_of,
    sweep_answer,
    unfinished_text,
    verdict,
)
from tests.report.test_page import Reader

MULT = "cluster.config.suspicion_mult"
FULL = "detection.full_s.p50"


def scenario() -> Scenario:
    return Scenario(
        name="tiny",
        question="How soon is a crash known?",
        duration="25s",
        warm_up="2s",
        cluster={"nodes": 4},
        faults=[{"crash": ["node-03"], "at": "2s"}],
        claims=["detection.missed == 0", f"{FULL} < 5s"],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sweep") / "s"
    grid = {MULT: [2, 8], "network.loss.udp": ["0%", "10%"]}
    sweep(scenario(), grid, seeds=[1, 2], out=place, workers=1, progress=False)
    return place


def table(fulls: dict[int, list[float]], failed: int = 0) -> pd.DataFrame:
    """Runs by suspicion_mult, whose claims hold where full detection takes less than 5 s."""
    rows = [
        {MULT: mult, "seed": seed, "run": "", "status": "done", "error": "", "digest": "", "complete": True}
        | {"claims_failed": int(not full < 5.0), "cpu_s": 0.1, "wall_s": 0.1, FULL: full}
        for mult, found in fulls.items()
        for seed, full in enumerate(found, 1)
    ]
    for row in rows[:failed]:
        row |= {"status": "failed", "error": "no memory", FULL: math.nan}
    return pd.DataFrame(rows)


def told(runs: pd.DataFrame, claims: int = 2, expected: int | None = None) -> tuple[str, str, str]:
    points = summary(runs, 0.95, "mean", [FULL]).to_dict("records")
    found = sweep_answer(runs, points, [FULL], [MULT], claims, len(runs) if expected is None else expected)
    return found.state, found.verdict, " ".join(found.sentences)


def test_the_answer_says_at_which_settings_the_claims_hold_and_where_least_often() -> None:
    state, head, rest = told(table({2: [3.0, 3.0], 4: [4.0, 4.4], 6: [4.9, 6.0], 8: [8.0, 9.0]}))
    assert (state, head) == ("seen", "All 2 claims hold in every run at 2 of 4 settings.")
    assert rest == (
        "These are suspicion_mult 2; suspicion_mult 4. "
        "They all hold least often, with suspicion_mult 8: in 0 of 2 runs. "
        f"The mean of {FULL} goes from 3.00 s with suspicion_mult 2 to 8.50 s with suspicion_mult 8."
    )


def test_claims_may_hold_everywhere_nowhere_or_not_be_made() -> None:
    assert told(table({2: [3.0], 4: [3.0]})) == (
        "holds",
        "All 2 claims hold in every run at every setting.",
        "",
    )
    assert told(table({2: [9.0], 4: [9.0]}), claims=1) == (
        "fails",
        "At no setting does the claim hold in every run.",
        "It holds least often, with suspicion_mult 2: in 0 of 1 run.",
    )
    assert told(table({2: [3.0]}), claims=0) == ("seen", "No claims to check.", "")
    assert verdict(1, 1, 1) == "The claim holds in every run."
    assert verdict(3, 0, 1) == "Not in every run do all 3 claims hold."


def test_runs_that_failed_or_are_not_done_are_told() -> None:
    runs = table({2: [3.0, 3.0], 4: [3.0, 3.0]}, failed=1)
    assert (
        unfinished_text(runs, 6) == "2 of 6 runs are not done yet; 1 run failed, the first with: no memory."
    )
    assert unfinished_text(table({2: [3.0]}), 1) == ""
    assert told(table({2: [3.0]}), expected=4)[1] == "So far: all 2 claims hold in every run."
    assert told(runs)[1] == "All 2 claims hold in every run at every setting."


def test_each_claim_says_in_how_many_runs_it_holds_and_a_figure_without_a_value_proves_nothing() -> None:
    runs = table({2: [3.0, math.nan], 4: [4.0, 6.0]})
    (held,) = count_held_claims(runs, [Claim.model_validate(f"{FULL} < 5s")])
    assert (held.holds, held.done) == (2, 4)
    (unknown,) = count_held_claims(runs, [Claim.model_validate("detection.flaps == 0")])
    assert (unknown.holds, unknown.done) == (0, 4)


def test_a_figure_that_does_not_move_is_not_told() -> None:
    points: list[dict[str, Any]] = [{MULT: 2, FULL: 3.0}, {MULT: 4, FULL: 3.0001}, {MULT: 6, FULL: math.nan}]
    assert range_of(points, FULL, [MULT]) == ""


def test_the_plot_has_a_line_for_each_setting_of_the_other_parameters() -> None:
    runs = pd.concat([table({2: [3.0, 3.4], 4: [4.0, 4.2]}).assign(udp=udp) for udp in ("0%", "5%")])
    runs = runs[["udp", *(name for name in runs.columns if name != "udp")]]
    points = summary(runs, 0.95, "mean", [FULL]).to_dict("records")
    ax = Figure().add_subplot()
    assert page_plot.draw(points, FULL, ["udp", MULT], ax=ax) is ax
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "suspicion_mult 2",
        "suspicion_mult 4",
    ]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0%", "5%"]
    assert ax.get_ylabel() == "mean over the seeds [s]"


def test_the_page_has_the_question_every_setting_and_the_figures(folder: Path) -> None:
    text = sweep_page(open_sweep(folder))
    reader = Reader(text)
    words = " ".join(reader.words)
    assert "How soon is a crash known?" in words
    assert "claims hold in every run at 2 of 4 settings." in words
    assert "4 settings, 2 seeds each" in words
    assert words.count("2 of 2") == 2
    assert text.count('<figure class="plot"') >= 3
    assert not re.search(r"https?://|<script|@import", text)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
