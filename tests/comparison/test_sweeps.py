"""Two sweeps: what is matched, what differs, and what is said of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import serfsim
from serfsim.base.errors import SerfsimError

MULT = "cluster.config.suspicion_mult"
WRONG = "detection.false_positives"
FULL = "detection.full_s.p99"
NEAREST = "coordinates.nearest_accuracy"
FALLBACKS = "detection.tcp_fallbacks"


def table(
    seeds: Sequence[int] = range(1, 21), *, slower: float = 0.0, mults: Sequence[int] = (4,), noise: int = 0
) -> pd.DataFrame:
    """A run of every setting and seed; `slower` is added to every detection time."""
    rows = []
    for mult in mults:
        for seed in seeds:
            rng = np.random.default_rng((seed, mult))
            own = np.random.default_rng((seed, mult, 1, noise))
            rows.append(
                {
                    MULT: mult,
                    "seed": seed,
                    "status": "done",
                    "digest": f"{seed}-{mult}-{slower}-{noise}",
                    WRONG: 0.0,
                    FULL: 2.0 * mult + rng.normal(0, 1) + own.normal(0, 0.1) + slower,
                    NEAREST: 0.5 + 0.1 * rng.random() - 0.2 * (slower > 0),
                    FALLBACKS: 10.0 + 5.0 * (slower > 0) + rng.integers(0, 2),
                }
            )
    return pd.DataFrame(rows)


def verdicts(comparison: serfsim.study.comparison.Comparison) -> dict[str, str]:
    return {row.figure: row.verdict for row in comparison.rows}


def test_each_figure_is_judged_by_the_way_it_improves() -> None:
    comparison = serfsim.compare(table(), table(slower=0.5, noise=1))
    assert verdicts(comparison) == {WRONG: "equal", FULL: "worse", NEAREST: "worse", FALLBACKS: "changed"}
    back = serfsim.compare(table(slower=0.5, noise=1), table())
    assert verdicts(back) == {WRONG: "equal", FULL: "better", NEAREST: "better", FALLBACKS: "changed"}
    first = comparison.verdict.splitlines()[0]
    assert first == (
        "The candidate is worse in 2 figures and changed in 1 figure (95 % confidence, all figures together);"
        " no difference shown in 1 figure."
    )
    assert "Means over 20 seeds (the same on both sides, paired)" in comparison.verdict


def test_a_difference_has_its_unit_its_interval_and_its_share() -> None:
    comparison = serfsim.compare(table(), table(slower=0.5, noise=1), figures=[FULL])
    (row,) = comparison.rows
    assert row.low < 0.5 < row.high
    assert row.difference == pytest.approx(row.candidate - row.base)
    assert row.relative(row.difference) == pytest.approx(row.difference / row.base)
    assert list(comparison.table["figure"]) == [FULL]
    assert "worse: detection.full_s.p99 " in comparison.verdict


def test_equal_seeds_are_paired_and_others_are_not() -> None:
    paired = serfsim.compare(table(), table(slower=0.5, noise=1), figures=[FULL])
    apart = serfsim.compare(table(), table(range(21, 41), slower=0.5), figures=[FULL])
    assert paired.paired
    assert not apart.paired
    assert apart.of("same")
    widths = [one.rows[0].high - one.rows[0].low for one in (paired, apart)]
    assert widths[1] > 4 * widths[0]
    assert "not the same on both sides, so not paired" in apart.verdict


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = table(slower=0.5, noise=1).iloc[::-1]
    plain, other = (serfsim.compare(table(), one) for one in (table(slower=0.5, noise=1), shuffled))
    pd.testing.assert_frame_equal(plain.table, other.table)


def test_runs_of_one_digest_are_identical() -> None:
    comparison = serfsim.compare(table(), table())
    assert comparison.verdict.startswith("Identical: the runs of both have the same digests.")
    assert set(verdicts(comparison).values()) == {"equal"}


@pytest.mark.slow
def test_clean_reruns_with_other_seeds_are_called_the_same_as_often_as_stated() -> None:
    """A comparison of two sweeps without a true difference finds one in one of twenty, or more rarely."""
    false = 0
    for trial in range(40):
        first = table(range(1000 * trial, 1000 * trial + 12))
        second = table(range(1000 * trial + 500, 1000 * trial + 512))
        false += bool(serfsim.compare(first, second).of("better", "worse", "changed"))
    assert false <= 5


def test_settings_are_matched_by_their_parameters() -> None:
    comparison = serfsim.compare(
        table(mults=(2, 4)), table(mults=(4, 6), slower=0.5, noise=1), figures=[FULL]
    )
    assert comparison.settings == ["suspicion_mult 4"]
    assert "Note: the base alone has suspicion_mult 2." in comparison.verdict
    assert "Note: the candidate alone has suspicion_mult 6." in comparison.verdict


def test_single_settings_are_compared_whatever_they_are() -> None:
    comparison = serfsim.compare(table(mults=(4,)), table(mults=(3,)), figures=[FULL])
    assert comparison.settings == ["suspicion_mult 4 -> suspicion_mult 3"]
    assert verdicts(comparison) == {FULL: "better"}


def test_more_settings_make_intervals_wider() -> None:
    one = serfsim.compare(table(mults=(4,)), table(slower=0.5, noise=1), figures=[FULL]).rows[0]
    mults = (4, 5, 6, 7, 8)
    many = serfsim.compare(table(mults=mults), table(slower=0.5, noise=1, mults=mults), figures=[FULL]).rows[
        0
    ]
    assert many.high - many.low > 1.2 * (one.high - one.low)


def test_a_count_that_is_rare_is_compared_by_its_share_of_runs_too() -> None:
    """One run in twenty against most: a few large counts hide it in the mean, not in the share."""
    base, candidate = table(), table(noise=1)
    base.loc[3, WRONG] = 1.0
    candidate.loc[4:, WRONG] = 1.0
    candidate.loc[4, WRONG] = 60.0
    comparison = serfsim.compare(base, candidate, figures=[WRONG])
    assert verdicts(comparison) == {WRONG: "same", f"{WRONG} > 0": "worse"}
    assert comparison.rows[1].base == pytest.approx(0.05)
    assert comparison.rows[1].high <= 1.0
    assert "5.00 % -> 80.0 % (+75.0 points [" in comparison.verdict


def test_statistics_that_are_one_anothers_double_are_compared_once() -> None:
    sides = [table(), table(slower=0.5, noise=1)]
    for side in sides:
        side["detection.full_s.max"] = side[FULL]
    comparison = serfsim.compare(*sides)
    assert "detection.full_s.max" not in verdicts(comparison)
    assert "identical statistics of detection.full_s" in comparison.verdict
    assert len(serfsim.compare(*sides, figures=["detection.full_s.max", FULL]).rows) == 2


def test_runs_without_a_figure_are_told() -> None:
    base, candidate = table(), table(slower=0.5, noise=1)
    candidate.loc[:2, FULL] = math.nan
    candidate.loc[5, "status"] = "failed"
    row = serfsim.compare(base, candidate, figures=[FULL]).rows[0]
    assert (row.n, row.missing) == (16, (0, 4))
    assert "in 0 runs of the base and 4 of the candidate" in serfsim.compare(base, candidate).verdict


@pytest.mark.parametrize(
    ("candidate", "figures", "message"),
    [
        (table(mults=(6, 8)), None, "expected a setting both sweeps have"),
        (table(mults=(2, 4)).rename(columns={MULT: "cluster.nodes"}), None, "which only sweep varies"),
        (table().drop(columns=[WRONG, FULL, NEAREST, FALLBACKS]), None, "without a figure in common"),
        (table(), ["detection.ful_s.p99"], f"did you mean {FULL}?"),
        (table().iloc[:0], None, "without runs"),
        (table().drop(columns="seed"), None, "without a column 'seed'"),
        (7, None, "found 7; expected a result or a sweep"),
        ("nowhere", None, "found no such folder"),
    ],
)
def test_what_cannot_be_compared_is_told(candidate: object, figures: list[str] | None, message: str) -> None:
    with pytest.raises(SerfsimError) as caught:
        serfsim.compare(table(mults=(2, 4)), candidate, figures=figures)
    assert message in str(caught.value)


def test_a_comparison_is_kept_in_files(tmp_path: Path) -> None:
    comparison = serfsim.compare(table(), table(slower=0.5, noise=1), out=tmp_path / "c")
    kept = json.loads((tmp_path / "c" / "comparison.json").read_text())
    assert kept["verdict"] == comparison.verdict.splitlines()
    assert [row["figure"] for row in kept["figures"]] == [row.figure for row in comparison.rows]
    assert comparison.verdict.splitlines()[0] in (tmp_path / "c" / "comparison.md").read_text()
    assert (tmp_path / "c" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_is_drawn_into_axes_and_returned() -> None:
    from matplotlib.figure import Figure

    comparison = serfsim.compare(table(), table(slower=0.5, noise=1))
    ax = Figure(figsize=(9, 5)).add_subplot()
    assert comparison.plot(ax=ax) is ax
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["detection", "full_s.p99", "tcp_fallbacks", "coordinates", "nearest_accuracy"]
    assert "<strong>The candidate is worse" in comparison._repr_html_()


def test_an_interval_beyond_the_axes_has_an_arrow_at_that_end_alone() -> None:
    from matplotlib.figure import Figure

    ax = Figure(figsize=(9, 5)).add_subplot()
    serfsim.compare(table(), table(slower=500.0, noise=1), figures=[FULL]).plot(ax=ax)
    assert [line.get_marker() for line in ax.lines if line.get_marker() in ("<", ">")] == [">"]
