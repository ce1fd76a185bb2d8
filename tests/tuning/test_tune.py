"""Which setting is best of those that keep what is asked, and how it is told."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.study.statistics import confidence_that
from serfsim.study.tuning import Tuning
from serfsim.study.tuning.describe import as_markdown
from serfsim.study.tuning.judging import correct_confidence
from serfsim.study.tuning.settings import short_names
from tests.tuning.conftest import FULL, MULT, WRONG, runs, sweep_table

CLEAN = f"{WRONG}.p95 == 0"


def tuned(table: Any, **options: Any) -> Tuning:
    given = {"subject_to": CLEAN, "minimize": FULL, **options}
    return serfsim.tune(table, **given)


def test_the_fastest_of_the_settings_shown_to_be_clean_is_the_answer() -> None:
    table = sweep_table({2: runs(90, 5, wrong=40), 4: runs(90, 8), 6: runs(90, 12)})
    tuning = tuned(table)
    assert tuning.status == "found"
    assert list(tuning.table["verdict"]) == ["violated", "satisfied", "satisfied"]
    assert list(tuning.table["chosen"]) == [False, True, False]
    assert tuning.answer == (
        f"suspicion_mult 4 has the lowest {FULL} of the settings that keep {CLEAN} "
        "(p95 over 90 seeds = 0, 95 % confident for all 3 settings together): "
        "8.00 s [7.97, 8.03], mean over 90 seeds."
    )


def test_sixty_clean_seeds_decide_for_one_setting_but_not_for_five() -> None:
    one = tuned(sweep_table({4: runs(60, 8)}))
    assert one.status == "found"
    five = tuned(sweep_table({mult: runs(60, mult) for mult in (2, 3, 4, 5, 6)}))
    assert five.status == "undecided"
    assert set(five.table[f"{CLEAN}: seeds_needed"]) == {90}
    assert "30 more seeds like these (90 in all) would decide" in five.answer
    assert tuned(sweep_table({m: runs(90, m) for m in (2, 3, 4, 5, 6)})).status == "found"


def test_twenty_clean_seeds_reach_64_percent() -> None:
    table = tuned(sweep_table({4: runs(20, 8)})).table
    assert table[f"{CLEAN}: confidence"][0] == pytest.approx(1 - 0.95**20)
    assert table[f"{CLEAN}: bound"][0] == math.inf
    assert table[f"{CLEAN}: seeds_needed"][0] == 59


def test_settings_judged_in_order_need_no_more_seeds_but_stop_at_the_first_doubt() -> None:
    table = sweep_table({8: runs(60, 16), 6: runs(60, 12), 4: runs(60, 8, wrong=4), 2: runs(60, 4)})
    tuning = tuned(table, judge="in order")
    assert list(tuning.table["verdict"]) == ["satisfied", "satisfied", "undecided", "undecided"]
    assert tuning.chosen is not None
    assert tuning.chosen.setting.name == "suspicion_mult 6"
    assert tuned(table, judge="each").table["verdict"][3] == "satisfied"


def test_no_setting_that_is_not_clean_is_called_so_more_often_than_stated() -> None:
    """Five settings, each with a false positive in one run of 19: a wrong answer once in twenty at most."""
    rng = np.random.default_rng(3)
    wrong = sum(
        any(correct_confidence(confidence_that(runs < 1 / 19, "p95", "==", 0), 5) >= 0.95 for runs in trial)
        for trial in rng.random((400, 5, 90))
    )
    assert 0.01 <= wrong / 400 <= 0.05


def test_nothing_satisfies_and_the_nearest_is_named() -> None:
    tuning = tuned(sweep_table({2: runs(60, 5, wrong=50), 3: runs(60, 6, wrong=20)}))
    assert tuning.status == "none"
    assert tuning.answer.startswith(f"No setting tried keeps {CLEAN} (95 % confident); the nearest is")


def test_a_near_tie_is_told() -> None:
    noisy = [(0.0, 8.0 + (seed % 7)) for seed in range(90)]
    later = [(0.0, 8.2 + (seed % 7)) for seed in range(90)]
    tuning = tuned(sweep_table({4: noisy, 5: later}))
    assert [one.setting.name for one in tuning.near_ties] == ["suspicion_mult 5"]
    assert "suspicion_mult 5" in tuning.answer
    assert "may be as good" in tuning.answer


def test_many_near_ties_are_counted() -> None:
    answer = tuned(sweep_table({mult: runs(120, 8) for mult in range(2, 9)})).answer
    assert answer.endswith("suspicion_mult 5 (8.00 s [7.97, 8.03]) and 3 more may each be as good.")


def test_an_undecided_setting_that_would_be_better_is_told() -> None:
    table = sweep_table({3: runs(40, 6), 4: runs(200, 8)})
    assert "suspicion_mult 3 (6.00 s [5.95, 6.04]) is undecided, 32 more seeds" in tuned(table).answer


def test_a_run_without_the_figure_counts_against_the_setting() -> None:
    """Three runs in which not everybody noticed the crash are no reason to call the others quick."""
    table = sweep_table({4: runs(100, 8)})
    table.loc[:5, FULL] = math.nan
    tuning = tuned(table, subject_to=f"{FULL}.p95 < 10s", minimize=WRONG)
    judgement = tuning.settings[0].judgements[0]
    assert (judgement.missing, judgement.estimate) == (6, math.inf)
    assert judgement.verdict == "undecided"
    by_mean = tuned(table)
    assert by_mean.table[f"{FULL}.mean"][0] == math.inf
    assert by_mean.status == "undecided"
    assert f"have runs without {FULL} (suspicion_mult 4 in 6 of 100)" in by_mean.answer
    assert tuned(table, minimize=f"{FULL}.median").status == "found"


def test_a_run_that_failed_shows_nothing_either_way() -> None:
    table = sweep_table({4: runs(59, 8)})
    table.loc[0, ["status", WRONG, FULL]] = ["failed", math.nan, math.nan]
    tuning = tuned(table, minimize=f"{FULL}.median")
    assert tuning.settings[0].verdict == "undecided"
    assert tuning.table["failed"][0] == 1


def test_a_maximum_can_be_refuted_but_not_shown() -> None:
    tuning = tuned(sweep_table({2: runs(60, 5, wrong=1), 4: runs(60, 8)}), subject_to=f"{WRONG}.max == 0")
    assert [one.verdict for one in tuning.settings] == ["violated", "undecided"]
    assert "use a percentile instead" in tuning.answer


def test_several_constraints_must_all_hold() -> None:
    table = sweep_table({4: runs(90, 8), 6: runs(90, 12)})
    tuning = tuned(table, subject_to=[CLEAN, f"{FULL}.mean < 10 s"])
    assert list(tuning.table["verdict"]) == ["satisfied", "violated"]


def test_the_front_leaves_out_what_another_setting_beats_in_both() -> None:
    table = sweep_table({2: runs(90, 5, wrong=40), 4: runs(90, 8), 6: runs(90, 12)})
    tuning = tuned(table, pareto=[f"{WRONG}.mean", FULL])
    assert list(tuning.front[MULT]) == [2, 4]
    turned = tuned(table, minimize=None, maximize=FULL, pareto=[f"{WRONG}.mean", FULL])
    assert turned.chosen is not None
    assert turned.chosen.setting.name == "suspicion_mult 6"


def test_names_are_short_where_that_is_clear() -> None:
    path = "cluster.groups.a.config.suspicion_mult"
    table = sweep_table({4: runs(90, 8)}, path).assign(**{MULT: 5})
    table = table[[path, MULT, *(name for name in table.columns if name not in (path, MULT))]]
    assert tuned(table).settings[0].setting.name == f"a.config.suspicion_mult 4, {MULT} 5"


def test_a_tuning_is_kept_in_files(tmp_path: Any) -> None:
    import json

    tuning = tuned(sweep_table({2: runs(30, 5, wrong=20), 4: runs(30, 8)}), out=tmp_path / "t")
    kept = json.loads((tmp_path / "t" / "tuning.json").read_text())
    assert (kept["answer"], kept["status"]) == (tuning.answer, "undecided")
    assert kept["settings"][1][f"{CLEAN}: bound"] is None
    assert tuning.answer in (tmp_path / "t" / "tuning.md").read_text()
    assert (tmp_path / "t" / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "t" / "tuning.csv").read_text().startswith(MULT)
    assert not list((tmp_path / "t").glob(".*"))


def test_a_figure_is_drawn_into_axes_and_returned() -> None:
    from matplotlib.figure import Figure

    ax = Figure(figsize=(9, 5)).add_subplot()
    tuning = tuned(sweep_table({2: runs(60, 5, wrong=40), 4: runs(60, 8)}))
    assert tuning.plot(ax=ax) is ax
    assert {"suspicion_mult 2", "suspicion_mult 4"} <= {text.get_text() for text in ax.texts}
    assert tuning.answer in tuning._repr_html_().replace("&lt;", "<").replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subject_to": "detection.false_positives_at_healty.p95 == 0"}, f"did you mean {WRONG}"),
        ({"subject_to": f"{WRONG}.p100 == 0"}, "found 'p100'; expected a statistic over seeds"),
        ({"subject_to": "nothing"}, "expected a claim such as"),
        ({"subject_to": f"{WRONG}.p95 == 0s"}, "expected a number without a unit of time"),
        ({"minimize": "detection.full_s"}, "did you mean detection.full_s"),
        ({"minimize": "coordinates.rank_loss"}, "expected a figure that these runs have"),
        ({"maximize": FULL}, "found both; expected one of them"),
        ({"minimize": None}, "found neither"),
        ({"judge": "fairly"}, "expected 'together', 'in order' or 'each'"),
        ({"pareto": [FULL]}, "expected two"),
        ({"pareto": [FULL, ""]}, "pareto: found nothing; expected a figure"),
        ({"minimize": " "}, "minimize: found nothing; expected a figure"),
        ({"confidence": 95}, "found 95; expected a number between 0 and 1"),
        ({"grid": {MULT: [1]}}, "a grid with an existing sweep"),
        ({"seeds": "1-500"}, "found seed 61; expected seeds that the sweep has"),
    ],
)
def test_what_cannot_be_used_is_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SerfsimError) as caught:
        tuned(sweep_table({4: runs(60, 8)}), **options)
    assert message in str(caught.value)


def test_a_sweep_whose_runs_all_failed_says_why() -> None:
    table = sweep_table({4: runs(3, 8)}).assign(status="failed", error="no memory")
    with pytest.raises(SerfsimError, match="all 3 runs failed, the first with: no memory"):
        tuned(table)


def test_a_figure_that_no_run_has_is_told() -> None:
    table = sweep_table({4: runs(60, 8)})
    table[FULL] = math.nan
    with pytest.raises(SerfsimError, match="a detection time needs a crash"):
        tuned(table)


def test_a_name_says_enough() -> None:
    paths = ["network.loss.udp", "faults.0.for", "cluster.config.suspicion_mult", "faults.1.nodes"]
    assert list(short_names(paths).values()) == [
        "loss.udp",
        "faults.0.for",
        "suspicion_mult",
        "faults.1.nodes",
    ]
    assert short_names(["seed"]) == {"seed": "seed"}


def test_a_single_setting_is_not_the_lowest_of_anything() -> None:
    table = sweep_table({4: runs(60, 8)}).drop(columns=MULT)
    assert tuned(table).answer == (
        f"The scenario as it is keeps {CLEAN} (p95 over 60 seeds = 0, 95 % confident) and has a {FULL} of"
        " 8.00 s [7.96, 8.03], mean over 60 seeds."
    )


def test_a_confidence_reached_is_never_called_certain() -> None:
    table = sweep_table({2: runs(90, 5, wrong=89), 4: runs(400, 8)})
    tuning = tuned(table, confidence=0.9999)
    assert "violated (> 99.9 %)" in as_markdown(tuning)
    assert "99.99 % confident" in tuning.answer


def test_what_is_told_above_a_plot_leaves_the_plot_its_room() -> None:
    table = sweep_table(
        {mult: runs(60, 8) for mult in (2, 4)}, "cluster.groups.a_long_name.config.suspicion_mult"
    )
    table.loc[:3, FULL] = math.nan
    seen = tuned(table, minimize=f"{FULL}.median").plot().texts[0].get_text()
    assert max(map(len, seen.splitlines())) <= 115


def test_where_nothing_is_asked_the_front_is_against_traffic() -> None:
    table = sweep_table({2: runs(60, 5), 4: runs(60, 8)}).assign(**{"traffic.bytes_per_node_s": 100.0})
    tuning = tuned(table, subject_to=())
    assert [goal.figure for goal in tuning.pareto] == ["traffic.bytes_per_node_s", FULL]
    assert "Verdicts" not in as_markdown(tuning)
    assert tuned(table, subject_to=(), minimize="traffic.bytes_per_node_s").chosen is not None


def test_a_table_of_two_constraints_breaks_no_word_on_80_columns() -> None:
    from rich.console import Console

    from serfsim.cli.tune import print_table

    table = sweep_table({2: runs(60, 5, wrong=40), 4: runs(60, 8)}).assign(**{"network.loss.udp": "5%"})
    order = [
        MULT,
        "network.loss.udp",
        *(name for name in table.columns if name not in (MULT, "network.loss.udp")),
    ]
    console = Console(width=80, record=True, file=io.StringIO())
    print_table(tuned(table[order], subject_to=[CLEAN, f"{FULL}.mean < 10s"]), console)
    text = console.export_text()
    assert all(len(line) <= 80 for line in text.splitlines())
    for whole in ("suspicion_mult", "loss.udp", "seeds", "violated", "satisfied", "front", "[7.96, 8.03]"):
        assert whole in text


def test_of_many_settings_only_the_front_is_named() -> None:
    table = sweep_table({mult: runs(60, mult, wrong=40 - mult * (mult < 5)) for mult in range(2, 30)})
    table.loc[table[MULT] > 4, FULL] += 100.0
    ax = tuned(table, pareto=[f"{WRONG}.mean", FULL]).plot()
    named = [text.get_text() for text in ax.texts if text.get_text().startswith("suspicion_mult")]
    assert {"suspicion_mult 2", "suspicion_mult 3", "suspicion_mult 4"} <= set(named)
    assert len(named) < 28
    assert any("behind the front are not named" in text.get_text() for text in ax.texts)


def test_that_a_mean_is_less_certain_is_told_where_one_is_asked_for() -> None:
    table = sweep_table({4: runs(60, 8)})
    assert "may be too tight" in as_markdown(tuned(table, subject_to=f"{FULL}.mean < 10s"))
    assert "may be too near" not in as_markdown(tuned(table))
