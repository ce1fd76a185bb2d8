"""Verdicts over recorded and simulated figures, the releases that recordings name, and what is chosen."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serfsim.protocol.versions import layers_of
from serfsim.validation.__main__ import arguments, select_recordings
from serfsim.validation.compare import AGREES, DIFFERS, OPEN, Pair, Row, compare, group_of
from serfsim.validation.golden import Golden, NotComparable, RecordingError, read, recordings_in
from serfsim.validation.outliers import outliers
from serfsim.validation.releases import release_of
from serfsim.validation.runs import Job
from serfsim.validation.scenario import latency_file, scenario

FOLDER = Path(__file__).parent


def golden(name: str) -> Golden:
    return read(FOLDER / f"{name}.json.gz")


def judged(name: str, figure: str, recorded: list[float], simulated: list[list[float]]) -> Row:
    runs = {seed: {figure: values} for seed, values in enumerate(simulated)}
    (row,) = compare([Pair(golden(name), {figure: recorded}, runs)])
    return row


def spread(mean: float, sd: float, count: int = 200) -> list[list[float]]:
    values = np.random.default_rng(1).standard_normal(count)
    values = mean + sd * (values - values.mean()) / values.std()
    return [[float(value)] for value in values]


LOSS = ("e-loss10-notcp-n32-s1", "suspect_per_min")  # 10 %


def test_within_its_margin_a_figure_agrees_however_narrow_it_is() -> None:
    assert judged(*LOSS, [100.0], spread(109.0, 0.1)).verdict == AGREES


def test_open_is_at_most_twice_the_margin_however_wide_the_figure() -> None:
    assert judged(*LOSS, [100.0], spread(115.0, 10.0)).verdict == OPEN
    for sd in (30.0, 300.0):
        row = judged(*LOSS, [100.0], spread(130.0, sd))
        assert row.verdict == DIFFERS
        assert row.by_chance


def test_a_narrow_figure_that_misses_its_margin_differs_and_not_by_chance() -> None:
    row = judged(*LOSS, [100.0], spread(115.0, 1.0))
    assert row.verdict == DIFFERS
    assert not row.by_chance


def test_counts_of_rare_things_are_judged_by_how_often_runs_show_as_many() -> None:
    figure = ("f-pause-n32-s1", "suspects_about_healthy_by_paused")
    assert judged(*figure, [2.0], [[0.0]] * 200).verdict == DIFFERS
    assert judged(*figure, [2.0], [[float(k % 4)] for k in range(200)]).verdict == AGREES


def test_rejoining_is_judged_to_a_tenth_of_a_second_where_a_dial_is_under_way() -> None:
    assert judged("g-partition60-n32-s1", "rejoin_first_s", [0.438], [[0.60]] * 5).verdict == DIFFERS
    assert judged("g-partition60-n32-s2", "rejoin_first_s", [16.2], [[16.9]] * 5).verdict == AGREES


def listed(values: dict[str, float], seeds: int = 100) -> list[tuple[str, bool, tuple[str, ...]]]:
    runs = {seed: {"something": [float(seed)]} for seed in range(seeds)}
    pairs = [Pair(golden(name), {"something": [value]}, runs) for name, value in values.items()]
    return [(one.kind, one.above, one.recordings) for one in outliers(pairs)[0]]


def test_what_no_tolerance_judges_is_listed_once_two_recordings_of_a_kind_lie_out_to_one_side() -> None:
    first, second, other = "b-crash-n16-v1-s01", "b-crash-n32-v1-serf0.10.2-s01", "i-leave-n32-s1"
    assert listed({first: 150.0, second: 150.0}) == [("crash", True, (first, second))]
    assert listed({first: -1.0, second: -1.0}) == [("crash", False, (first, second))]
    assert listed({first: 150.0, second: -1.0}) == []
    assert listed({first: 150.0, other: 150.0}) == []
    assert listed({first: 50.0, second: 150.0}) == []


def test_too_few_runs_list_nothing() -> None:
    assert listed({"b-crash-n16-v1-s01": 150.0, "b-crash-n16-v1-s04": 150.0}, seeds=5) == []


@pytest.mark.parametrize(
    ("name", "release", "layers"),
    [
        ("a-baseline-n16-s1", "0.9.4", ("0.9.4", "0.2.2")),
        ("a-baseline-n4-serf0.9.4-s1", "0.9.4", ("0.9.4", "0.2.2")),
        ("a-baseline-n4-serf0.10.2-s1", "0.10.2", ("0.10.2", "0.5.2")),
        ("a-baseline-n4-serf0.10.2-ml0.6.0-s1", "0.10.2-ml0.6.0", ("0.10.2", "0.6.0")),
    ],
)
def test_a_recording_runs_beside_the_release_that_it_names(
    name: str, release: str, layers: tuple[str, str], tmp_path: Path
) -> None:
    told = golden(name)
    assert release_of(told).name == release
    assert layers_of(scenario(told, latency_file(told, tmp_path)).cluster.release) == layers


@pytest.mark.parametrize("software", ["Serf 1.2.3, memberlist 9.9.9", "Consul", None])
def test_software_that_no_release_stands_for_is_refused_by_name(software: Any) -> None:
    told = golden("a-baseline-n16-s1")
    with pytest.raises(NotComparable, match=str(software)):
        release_of(Golden(told.name, {**told.raw, "software": software}))


def test_recordings_of_the_same_circumstances_are_one_group_whatever_their_software() -> None:
    for name, group in (
        ("b-crash-n32-spread-v2-serf0.10.2-s02", "b-crash-n32-spread"),
        ("a-baseline-n4-serf0.10.2-ml0.6.0-s1", "a-baseline-n4"),
        ("g-partition60-n32-spread30-s5", "g-partition60-n32"),
        ("f-pause-4of32-gap50to500ms-n32-s1", "f-pause-4of32-gap50to500ms-n32"),
    ):
        assert group_of(golden(name)) == group


def test_recordings_whose_names_hold_dots_keep_their_runs_apart() -> None:
    kept = {Job(path, 1, Path("runs"), "").kept for path in recordings_in(FOLDER)}
    assert len(kept) == len(recordings_in(FOLDER)) == 109


def test_recordings_are_chosen_by_name_kind_and_release() -> None:
    kept, _ = select_recordings(arguments(["--recordings", "b-crash-n4*", "--release", "0.10.2"]))
    assert [told.name for _, told in kept] == ["b-crash-n4-v1-serf0.10.2-s01"]
    kept, skipped = select_recordings(arguments(["--recordings", "[kl]-*", "--kind", "leave"]))
    assert len(kept) == 4
    kept, skipped = select_recordings(arguments(["--recordings", "k-*"]))
    assert len(kept) == 4
    assert skipped == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recordings", "nothing*"], r"found 'nothing\*'"),
        (["--recordings", "i-*", "--kind", "leaves"], "expected one of leave"),
        (["--recordings", "i-*", "--release", "0.8"], "expected one of 0.10.2, 0.9.4"),
    ],
)
def test_a_choice_of_nothing_names_what_there_is(words: list[str], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        select_recordings(arguments(words))
