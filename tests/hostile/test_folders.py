"""Folders of results: what is somebody's own survives, what was altered is told, and nothing is lost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import serfsim
from serfsim import Result, open_result
from serfsim.base import manifest
from serfsim.base.errors import ResultError, SerfsimWarning
from serfsim.cli.app import app
from serfsim.results.folder import lock_folder
from serfsim.results.reading import COLUMNS
from serfsim.scenario import Scenario

SMALL = "{name: small, cluster: {nodes: 4}, duration: 20s, warm_up: 5s, faults: [{crash: [node-02], at: 1s}]}"


@pytest.fixture(scope="module")
def result() -> Result:
    scenario = Scenario(
        name="small",
        cluster={"nodes": 4},
        duration="20s",
        warm_up="5s",
        faults=[{"crash": ["node-02"], "at": "1s"}],
    )
    return serfsim.run(scenario, seed=1)


@pytest.fixture
def saved(result: Result, tmp_path: Path) -> Path:
    return result.save(tmp_path / "r", figures=False)


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_file_called_as_ours_makes_no_folder_ours(result: Result, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    (tmp_path / "thesis.tex").write_text("years", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(ResultError, match="found something that is not a result folder"):
        result.save(tmp_path)
    assert contents(tmp_path) == before


def test_a_manifest_of_another_program_makes_no_folder_ours(result: Result, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web page", "files": {}}', encoding="utf-8")
    with pytest.raises(ResultError, match="found something that is not a result folder"):
        result.save(tmp_path)


def test_what_others_put_into_a_result_stays_in_it(result: Result, saved: Path) -> None:
    (saved / "notes" / "deep").mkdir(parents=True)
    (saved / "notes" / "deep" / "a.txt").write_text("mine", encoding="utf-8")
    (saved / "empty").mkdir()
    (saved / "link").symlink_to("nowhere")
    result.save(saved, figures=False)
    assert (saved / "notes" / "deep" / "a.txt").read_text(encoding="utf-8") == "mine"
    assert (saved / "empty").is_dir()
    assert os.readlink(saved / "link") == "nowhere"
    assert (
        "notes/deep/a.txt" not in json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["files"]
    )
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_file_that_somebody_changed_is_not_replaced(result: Result, saved: Path) -> None:
    with (saved / "log.txt").open("a", encoding="utf-8") as stream:
        stream.write("my remark\n")
    with pytest.raises(
        ResultError, match=r"log\.txt: found a file that serfsim did not write, or that was edited"
    ):
        result.save(saved)
    assert (saved / "log.txt").read_text(encoding="utf-8").endswith("my remark\n")


def test_somebodys_own_file_where_ours_would_be_is_refused(result: Result, saved: Path) -> None:
    (saved / "report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(ResultError, match=r"report\.html: found a file that serfsim did not write"):
        result.save(saved)
    assert (saved / "report.html").read_text(encoding="utf-8") == "mine"


def test_a_manifest_that_names_files_elsewhere_is_no_way_to_them(result: Result, saved: Path) -> None:
    secret = saved.parent / "secret.txt"
    secret.write_text("mine", encoding="utf-8")
    told = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))
    told["files"]["../secret.txt"] = {"bytes": 4, "hash": "x"}
    (saved / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    for use in (lambda: result.save(saved), lambda: open_result(saved)):
        with pytest.raises(ResultError, match=r"manifest\.json: cannot be read"):
            use()
    assert secret.read_text(encoding="utf-8") == "mine"


def test_a_partial_result_goes_beside_a_complete_one(result: Result, saved: Path) -> None:
    before = contents(saved)
    result.summary["complete"] = False
    try:
        place = result.save(saved, figures=False)
        assert place == saved.with_name("r-partial")
        assert result.save(saved, figures=False) == place  # a partial one may be replaced by another
    finally:
        result.summary["complete"] = True
    assert contents(saved) == before
    assert result.save(place, figures=False) == place  # and by a complete one
    assert manifest.read(place) is not None


def test_a_folder_that_another_run_holds_is_refused(saved: Path) -> None:
    program = "import sys, pathlib\nfrom serfsim.results.folder import lock_folder\n"
    program += "with lock_folder(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()\n"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(saved)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(
                ResultError, match=rf"r: process {other.pid} is writing a run into it; wait for its end"
            ),
            lock_folder(saved),
        ):
            pass
        assert other.stdin is not None
        other.stdin.close()
        other.wait(30)
    with lock_folder(saved):
        pass
    assert [path.name for path in saved.parent.iterdir()] == ["r"]


def test_a_full_disk_loses_neither_digest_nor_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest file that may be written stands for the disk."""
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-m", "serfsim", "run", "small.yaml", "--no-figures"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
    )
    assert done.returncode == 2
    assert "digest: " in done.stdout
    assert "first detection" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("results/small: cannot be written: ")
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "results").iterdir())


# What was altered --------------------------------------------------------------------------------


def edited(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"suspicions": ', '"suspicions": 7'), encoding="utf-8")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


ALTERED: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a figure edited": ("summary.json", edited),
    "a scenario that is no UTF-8": ("scenario.yaml", lambda file: file.write_bytes(b"\xff\xfe")),
    "a log cut short": ("log.txt", cut_short),
    "a table cut short": ("probes.parquet", cut_short),
    "a truth of nothing": ("truth.json", lambda file: file.write_text("{}", encoding="utf-8")),
    "a link": ("log.txt", lambda file: (file.unlink(), file.symlink_to("/etc/passwd"))),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_every_reader_tells_which_file_was_altered(kind: str, result: Result, saved: Path) -> None:
    name, alter = ALTERED[kind]
    other = result.save(saved.with_name("other"), figures=False)
    alter(saved / name)
    told = f"{saved}: {name} is not as serfsim wrote it"
    for arguments in (
        ("compare", saved, other),
        ("compare", other, saved),
        ("report", saved),
        ("plot", saved),
        ("members", saved),
        ("rtt", saved, "node-00", "node-01"),
        ("monitor", saved),
        ("info", saved),
        ("topology", saved),
    ):
        done = command(*arguments)
        assert (done.exit_code, done.stderr.startswith(told)) == (2, True), (arguments, done.stderr)
        assert done.stderr.count("\n") == 1


WRONG_JSON = ("", "[]", "{}", "null", "7", '"x"', "[" * 100_000, '{"schema_version": 1}', "\ud800")
WRONG_VALUES = (None, True, "x", [], {}, -1, 10**400, [[["x"]]], {"a": {"b": "c"}})


def _each_wrong(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The same document with one thing wrong in it."""
    return [{**document, key: value} for key in document for value in WRONG_VALUES] + [
        {other: document[other] for other in document if other != key} for key in document
    ]


@pytest.mark.parametrize("name", ["summary.json", "truth.json"])
@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
def test_without_a_manifest_readers_end_in_a_message_all_the_same(name: str, saved: Path) -> None:
    (saved / "manifest.json").unlink()
    document = json.loads((saved / name).read_text(encoding="utf-8"))
    texts = [*WRONG_JSON, *(json.dumps(wrong) for wrong in _each_wrong(document))]
    if name == "summary.json":
        texts += [
            json.dumps({**document, section: wrong})
            for section in ("detection", "coordinates", "traffic", "versions", "serf_releases")
            for wrong in _each_wrong(document[section])
        ]
    for text in texts:
        (saved / name).write_bytes(text.encode(errors="surrogatepass"))
        for arguments in (("members", saved), ("rtt", saved, "node-00", "node-01")):
            done = command(*arguments)
            assert done.exit_code in (0, 1, 2), (text[:200], done.exception)
            assert "internal error" not in done.stderr, (text[:300], done.stderr)


@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
@pytest.mark.parametrize("name", [name for name in COLUMNS if hasattr(Result, name)])
def test_tables_of_something_else_end_in_a_message(name: str, saved: Path) -> None:
    import pandas as pd

    (saved / "manifest.json").unlink()
    table = pd.read_parquet(saved / f"{name}.parquet")
    for column in COLUMNS[name]:
        for wrong in (table.drop(columns=[column]), table.assign(**{column: "somebody"})):
            wrong.to_parquet(saved / f"{name}.parquet", index=False)
            if (
                column in ("kind", "message_type", "transport", "name", "queue")
                and name != "member_events"
                and column in wrong
            ):
                continue
            with pytest.raises(ResultError, match=rf"{name}\.parquet"):
                _ = getattr(open_result(saved), name)


def test_a_result_of_before_manifests_is_read_with_a_warning(saved: Path) -> None:
    (saved / "manifest.json").unlink()
    with pytest.warns(SerfsimWarning, match=r"has no manifest\.json"):
        open_result(saved)
    done = command("members", saved)
    assert done.exit_code == 0
    assert done.stderr.startswith(f"warning: {saved} has no manifest.json: ")


def test_what_is_drawn_or_written_later_belongs_to_the_result(result: Result, saved: Path) -> None:
    assert command("plot", saved, "--figure", "health").exit_code == 0
    assert command("report", saved).exit_code == 0
    assert command("report", saved).exit_code == 0
    assert command("members", saved).exit_code == 0
    result.save(saved, figures=False)
    assert not (saved / "report.html").exists()


@pytest.mark.parametrize("name", ["health.png", "manifest.json"])
def test_a_folder_for_plots_keeps_what_is_somebodys(name: str, saved: Path) -> None:
    figures = saved.parent / "figures"
    figures.mkdir()
    (figures / name).write_text("mine", encoding="utf-8")
    done = command("plot", saved, "--figure", "health", "--out", figures)
    assert done.exit_code == 2
    assert f"{name}: found a file that serfsim did not write" in done.stderr
    assert contents(figures) == {name: b"mine"}


def test_a_page_of_somebodys_is_not_written_over(saved: Path) -> None:
    page = saved.parent / "thesis.html"
    page.write_text("<html>mine</html>", encoding="utf-8")
    done = command("report", saved, "--out", page)
    assert (done.exit_code, page.read_text(encoding="utf-8")) == (2, "<html>mine</html>")


def test_a_comparison_keeps_what_is_somebodys(saved: Path) -> None:
    out = saved.parent / "c"
    assert command("compare", saved, saved, "--out", out).exit_code == 0
    assert command("compare", saved, saved, "--out", out).exit_code == 0
    (out / "comparison.md").write_text("mine", encoding="utf-8")
    done = command("compare", saved, saved, "--out", out)
    assert "comparison.md: found a file that serfsim did not write, or that was edited" in done.stderr
    assert (out / "comparison.md").read_text(encoding="utf-8") == "mine"


def test_a_sweep_keeps_what_is_somebodys(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "scenario.yaml").write_text("mine", encoding="utf-8")
    sweep = ("sweep", tmp_path / "small.yaml", "--seeds", "1", "--workers", "1", "--out", folder, "-q")
    done = command(*sweep)
    assert (done.exit_code, (folder / "scenario.yaml").read_text(encoding="utf-8")) == (2, "mine")
    (folder / "scenario.yaml").unlink()
    assert command(*sweep).exit_code == 0
    assert command(*sweep).exit_code == 0
    (folder / "runs.csv").write_text("mine", encoding="utf-8")
    done = command(*sweep)
    assert "runs.csv: edited since" in done.stderr
    assert (folder / "runs.csv").read_text(encoding="utf-8") == "mine"


def test_an_image_of_somebodys_is_not_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    image = tmp_path / "a.png"
    image.write_bytes(b"mine")
    assert command("topology", tmp_path / "small.yaml", "--out", image).exit_code == 2
    assert image.read_bytes() == b"mine"
    image.unlink()
    for _ in range(2):
        assert command("topology", tmp_path / "small.yaml", "--out", image).exit_code == 0
