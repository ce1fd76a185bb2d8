"""The paper lifeguard: its published figures, experiments, tables and verdicts."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd
import pytest

from serfsim.papers.lifeguard import PAPER
from serfsim.papers.lifeguard.experiment import CONFIGURATIONS, blocks, run, scenario
from serfsim.papers.lifeguard.grid import COUNTING, CS, DS, IS, PARTS
from serfsim.papers.lifeguard.published import PUBLISHED
from serfsim.papers.lifeguard.tables import ours
from serfsim.papers.lifeguard.verdicts import verdicts
from serfsim.study.reproduction import Cell, Options


def cell(**factors: Any) -> Cell:
    given = {"experiment": "interval", "configuration": "SWIM", "C": 16, "D": 16384, "I": 64, "rules": "code"}
    return Cell({**given, **factors})


def test_the_figures_by_c_add_up_to_the_table_of_all() -> None:
    # The paper disagrees with itself by one of SWIM's events at healthy members.
    for source, table, runs in (("fig2", "iv.fp", 1), ("fig3", "iv.fp-", 1.5)):
        for name in PARTS:
            total = 480 * sum(PUBLISHED[f"{source}.{name}.{c}"] for c in CS)
            assert total == pytest.approx(4320 * PUBLISHED[f"{table}.{name}"], abs=runs, rel=1e-5)


def test_the_grid_has_the_runs_behind_the_tables() -> None:
    cells = [one for one in PAPER.cells(Options()) if one.sensitivity is None]
    of = {
        name: [one for one in cells if one["experiment"] == name and one["configuration"] in PARTS]
        for name in ("interval", "threshold")
    }
    assert len(of["interval"]) == 5 * 9 * 6 * 8
    assert len(of["threshold"]) == 5 * 9 * 6
    assert len(set(cells)) == len(cells)
    # Those that make false positives come first, for every C.
    first = cells[: 9 * 5 * 18]
    assert {(one["D"], one["I"]) for one in first} == set(COUNTING)
    assert {one["C"] for one in first} == set(CS)


@pytest.mark.parametrize(
    ("d", "i", "times", "end"),
    [
        (16384, 64, 7, 15 + 7 * 16.384 + 6 * 0.064),
        (32768, 16384, 3, 15 + 3 * 32.768 + 2 * 16.384),
        (128, 1, 814, 15 + 814 * 0.128 + 813 * 0.001),
    ],
)
def test_blocks_alternate_until_the_first_end_after_120_seconds(
    d: int, i: int, times: int, end: float
) -> None:
    assert blocks(cell(D=d, I=i)) == (times, pytest.approx(end))
    assert end >= 120.0 > end - (d + i) / 1000.0
    later = cell(D=d, I=i).varied("120 s count from", "the first block")
    assert blocks(later)[1] >= 135.0
    assert blocks(cell(experiment="threshold", D=d)) == (1, 120.0)


def test_every_configuration_rule_and_alternative_is_a_valid_scenario() -> None:
    for name, rules in itertools.product(CONFIGURATIONS, ("code", "paper")):
        made = scenario(cell(configuration=name, rules=rules))
        assert made.complete()["cluster"]["config"]["suspicion_mult"] == CONFIGURATIONS[name][0]
    plain = scenario(cell(configuration="Lifeguard 2,6")).complete()
    for assumption in PAPER.assumptions:
        for value in assumption.alternatives:
            varied = cell(configuration="Lifeguard 2,6").varied(assumption.parameter, value)
            assert scenario(varied).complete() != plain, assumption.parameter


def test_a_blocked_member_accuses_healthy_ones_of_which_lifeguard_spares_all() -> None:
    swim, lifeguard = (run(cell(configuration=name, C=2), 1) for name in ("SWIM", "Lifeguard"))
    assert swim["fp"] >= 5
    assert lifeguard["fp"] <= 1
    assert swim["messages"] == pytest.approx(PUBLISHED["vi.messages.SWIM"], rel=0.5)


def test_a_blocked_member_is_declared_failed_after_a_probe_and_the_suspicion() -> None:
    found = run(cell(experiment="threshold", C=2, D=16384), 1)
    first = [value for name, value in found.items() if name.startswith("first.")]
    full = [value for name, value in found.items() if name.startswith("full.")]
    assert len(first) == len(full) == 2
    assert all(10.536 + 1.0 < value < 10.536 + 6.0 for value in first)  # 5 log10(128) s, and a round
    assert max(full) < max(first) + 2.0


def rows_as_published(seeds: int = 2) -> pd.DataFrame:
    """Rows that give the published figures: all false positives of a C in one pair of D and I."""
    rows = []
    for name, c, seed, (d, i) in itertools.product(PARTS, CS, range(seeds), itertools.product(DS, IS)):
        here = 48.0 * ((d, i) == COUNTING[0])
        rows.append(
            {
                "experiment": "interval",
                "configuration": name,
                "C": c,
                "D": d,
                "I": i,
                "rules": "code",
                "seed": seed,
                "cpu_s": 0.0,
                "fp": here * PUBLISHED[f"fig2.{name}.{c}"],
                "fp_healthy": here * PUBLISHED[f"fig3.{name}.{c}"],
                "messages": PUBLISHED[f"vi.messages.{name}"],
                "bytes": PUBLISHED[f"vi.mib.{name}"] * 2.0**20,
            }
        )
    return pd.DataFrame(rows)


def test_rows_with_the_published_figures_give_the_published_tables_and_every_verdict() -> None:
    rows = rows_as_published()
    found = ours(rows, Options())
    for name in ("iv.fp.SWIM", "iv.share.Lifeguard", "fig2.LHA-Probe.32", "vi.size.Buddy System"):
        assert found[name].estimate == pytest.approx(PUBLISHED[name], rel=1e-4)
    outcomes = {one.id: one.outcome for one in verdicts(rows, Options())}
    judged = {name: outcome for name, outcome in outcomes.items() if outcome != "not judged"}
    assert set(judged.values()) == {"holds"}
    assert {name[:2] for name in judged} - {"E4"} == {"E1", "E2", "E5"}
    of_latencies = [name for name in judged if name.startswith("E3") or "first" in name or "full" in name]
    assert of_latencies == []


def test_a_slice_is_judged_by_its_own_verdicts_alone() -> None:
    rows = rows_as_published()
    slice_only = verdicts(rows[rows["C"] == 16], Options())
    assert {one.id[:2] for one in slice_only if one.outcome != "not judged"} == {"E1", "E4"}
    # Without a pair that makes false positives the sums would be too small.
    lacking = rows[(rows["C"] == 16) & ~((rows["D"] == 2048) & (rows["I"] == 1))]
    assert {one.outcome for one in verdicts(lacking, Options())} == {"not judged"}


def test_figures_beyond_their_tolerance_fail() -> None:
    rows = rows_as_published()
    rows.loc[rows["configuration"] == "LHA-Probe", "fp"] *= 1.5
    failed = {one.id for one in verdicts(rows, Options()) if one.outcome == "fails"}
    assert failed == {"E1.LHA-Probe", "E2.LHA-Probe"}
    rows.loc[rows["configuration"] == "LHA-Probe", "fp"] *= 1.5
    failed = {one.id for one in verdicts(rows, Options()) if one.outcome == "fails"}
    assert failed == {"E1.LHA-Probe", "E1.order", "E2.LHA-Probe"}


def test_percentiles_of_few_latencies_are_not_judged() -> None:
    base = {"experiment": "threshold", "configuration": "SWIM", "C": 32, "D": 16384, "rules": "code"}
    rows = pd.DataFrame(
        [
            {**base, "seed": seed, "cpu_s": 0.0, **{f"first.{i:02}": 12.44 for i in range(32)}}
            for seed in range(7)
        ]
    )

    def outcomes(table: pd.DataFrame) -> dict[str, str]:
        return {one.id: one.outcome for one in verdicts(table, Options())}

    assert outcomes(rows)["E3.first.SWIM"] == "holds"
    assert outcomes(rows)["E3.first99.SWIM"] == "not judged"
    assert outcomes(rows[rows["seed"] < 5])["E3.first.SWIM"] == "not judged"
