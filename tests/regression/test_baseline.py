"""The folder of a baseline: read back as it was written, refused where it is something else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import BaselineError
from serfsim.scenario.loading import load
from serfsim.study.regression.baseline import MANIFEST, read_baseline, seeds_text, write_baseline
from tests.regression.made import NAN, baseline, entry, runs

FIGURES = {"detection.first_s.mean": [7.123456789, 8.5], "coordinates.converged_s": [NAN, 35.0]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "results" / "baseline"
    write_baseline(baseline(entry(runs(FIGURES)), folder=place))
    return place


def test_a_baseline_reads_back_as_it_was_written(folder: Path) -> None:
    kept = read_baseline(folder)
    assert kept.last == baseline().last
    found, made = kept.entries["tiny"], entry(runs(FIGURES))
    assert (found.given, found.complete, found.claims, found.source) == (
        made.given,
        made.complete,
        made.claims,
        made.source,
    )
    assert (found.runs.seeds, found.runs.digests) == (made.runs.seeds, made.runs.digests)
    for name, values in made.runs.figures.items():
        np.testing.assert_array_equal(found.runs.figures[name], values)


def test_figures_are_kept_to_six_digits_and_new_runs_are_rounded_alike(folder: Path) -> None:
    assert runs(FIGURES).figures["detection.first_s.mean"][0] == 7.12346
    assert "1,1,7.12346,\n" in (folder / "tiny.csv").read_text()


def test_the_complete_scenario_of_a_baseline_can_be_run(folder: Path) -> None:
    assert load(folder / "tiny.yaml").cluster.nodes == 5


def test_writing_anew_leaves_nothing_of_the_former_and_nothing_aside(folder: Path) -> None:
    write_baseline(baseline(folder=folder))
    assert [file.name for file in folder.iterdir()] == [MANIFEST]
    assert [file.name for file in folder.parent.iterdir()] == ["baseline"]


def test_a_folder_that_is_no_baseline_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "thesis.txt").write_text("mine")
    with pytest.raises(BaselineError, match="found something that is not a baseline"):
        write_baseline(baseline(folder=tmp_path / "baseline"))
    assert (tmp_path / "baseline" / "thesis.txt").read_text() == "mine"


def test_an_interrupted_write_leaves_the_former_baseline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Path, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_baseline(baseline(folder=folder))
    assert list(read_baseline(folder).entries) == ["tiny"]
    assert [file.name for file in folder.parent.iterdir()] == ["baseline"]


def test_a_kill_between_the_two_renames_costs_nothing(folder: Path) -> None:
    folder.rename(folder.with_name(".baseline.former-4711"))
    folder.with_name(".baseline.partial-4711").mkdir()
    assert list(read_baseline(folder).entries) == ["tiny"]
    assert [file.name for file in folder.parent.iterdir()] == ["baseline"]


def test_a_link_to_the_folder_stays_one(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    write_baseline(baseline(folder=link))
    assert link.is_symlink()
    assert [file.name for file in folder.iterdir()] == [MANIFEST]


def spoil_schema(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "schema_version": 7}))


def spoil_entry(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["scenarios"]["tiny"]["given"]
    (folder / MANIFEST).write_text(json.dumps(manifest))


SPOILED = {
    "schema_version 7": spoil_schema,
    "tiny: given: found nothing": spoil_entry,
    "cannot be read": lambda folder: (folder / MANIFEST).write_text("{"),
    "no manifest.json": lambda folder: (folder / MANIFEST).unlink(),
    "the files of tiny cannot be read": lambda folder: (folder / "tiny.csv").unlink(),
    "tiny.csv:3: found 2 columns": lambda folder: (folder / "tiny.csv").write_text(
        "seed,digest,a\n1,x,0\n2,y\n"
    ),
    "not a number": lambda folder: (folder / "tiny.csv").write_text("seed,digest,a\n1,x,many\n"),
    "a seed twice": lambda folder: (folder / "tiny.csv").write_text("seed,digest,a\n1,x,0\n1,x,0\n"),
    "no table of runs": lambda folder: (folder / "tiny.csv").write_text("<<<<<<< HEAD\n"),
}


@pytest.mark.parametrize("message", SPOILED)
def test_what_cannot_be_read_is_refused_in_one_message(folder: Path, message: str) -> None:
    SPOILED[message](folder)
    with pytest.raises(BaselineError, match=message) as refused:
        read_baseline(folder)
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="serfsim regress --accept"):
        read_baseline(tmp_path / "nowhere")


def test_seeds_are_told_as_ranges() -> None:
    assert seeds_text((1, 2, 3, 7, 9, 10)) == "1-3,7,9-10"
    assert seeds_text((4,)) == "4"
