"""Nacks in time and too late; losses of one mean in bursts."""

from __future__ import annotations

import pytest

from serfsim.engine.streams import stream
from serfsim.network.loss import GilbertElliottLoss
from serfsim.papers import bursts, late_nacks
from serfsim.papers.bursts.runs import chain
from serfsim.study.reproduction import Cell, Options


def test_late_nacks_raise_the_scores_of_healthy_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_nacks.runs, "MEMBERS", 16)
    early, late = (late_nacks.run(Cell(crashed=1, nack_at=share), 1) for share in (0.8, 1.0))
    assert early["score_mean"] < 0.2 * late["score_mean"]
    assert late["score_max"] >= 1
    assert early["false_positives"] == late["false_positives"] == 0


@pytest.mark.parametrize(("loss", "burst"), [(0.05, 4), (0.1, 12)])
def test_a_chain_has_the_mean_loss_and_the_mean_burst(loss: float, burst: int) -> None:
    given = chain(loss, burst)
    assert isinstance(given, dict)
    model = GilbertElliottLoss(given["good_to_bad"], given["bad_to_good"], 0.0, 1.0, 2)
    draws = stream(1, "test")
    lost = [model.drops(0, 1, draws) for _ in range(200_000)]
    begun = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=0.07)
    assert sum(lost) / begun == pytest.approx(burst, rel=0.07)


def test_bursts_of_one_packet_are_independent_losses() -> None:
    assert chain(0.05, 1) == 0.05


def test_a_group_loses_what_the_cell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts.runs, "MINUTES", 3)
    monkeypatch.setattr(bursts.runs, "WARM_UP", "30s")
    monkeypatch.setattr(bursts.runs, "MEMBERS", 8)
    found = bursts.run(Cell(loss=0.1, burst=4, tcp="cut"), 1)
    assert found["lost_share"] == pytest.approx(0.1, rel=0.35)
    assert found["suspicions_per_hour"] > 0


@pytest.mark.parametrize("paper", [late_nacks.PAPER, bursts.PAPER], ids=lambda paper: paper.name)
def test_every_alternative_of_an_assumption_has_cells(paper) -> None:
    varied = {cell.sensitivity for cell in paper.cells(Options()) if cell.sensitivity}
    assert varied == {(one.parameter, value) for one in paper.assumptions for value in one.alternatives}
