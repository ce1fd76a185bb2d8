"""Public data sets by name: found, fetched once, and never taken for another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pooch
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.scenario.loading import loads
from serfsim.topology import build_topology, datasets
from serfsim.topology.datasets import DATA_SETS, DataSet, all_data_sets, data_path, fetch

TABLE = "0 10 20\n12 0 30\n20 30 0\n"


@pytest.fixture(autouse=True)
def nobodys_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERFSIM_DATA", raising=False)
    monkeypatch.setenv("SERFSIM_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, the address that it is served at, and the paths that were asked for."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code: object = "-", size: object = "-") -> None:
            asked.append(self.path)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()
    thread.join(5.0)


def small(url: str, text: str = TABLE) -> DataSet:
    """A data set of three places that is published at `url`."""
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return replace(DATA_SETS["planetlab"], name="small", url=url + "m.txt", sha256=checksum, file="s/m.txt")


def test_a_data_set_is_fetched_once_and_then_found(
    served: tuple[Path, str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url, asked = served
    (folder / "m.txt").write_text(TABLE, encoding="utf-8")
    monkeypatch.setitem(DATA_SETS, "small", small(url))
    for _ in range(2):
        topology = build_topology({"model": "matrix", "data": "small"}, 3, Random(1), list("abc"), ".")
        assert topology.rtt_row(0) == pytest.approx([0, 0.011, 0.020])
    assert asked == ["/m.txt"]
    assert data_path("small") == tmp_path / "cache" / "s" / "m.txt"


def test_the_data_folder_comes_before_the_cache_and_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATA_SETS, "small", small("http://127.0.0.1:9/"))
    for folder in ("data", "cache"):
        (tmp_path / folder / "s").mkdir(parents=True)
        (tmp_path / folder / "s" / "m.txt").write_text(TABLE, encoding="utf-8")
    assert data_path("small") == tmp_path / "cache" / "s" / "m.txt"
    monkeypatch.setenv("SERFSIM_DATA", str(tmp_path / "data"))
    assert data_path("small") == tmp_path / "data" / "s" / "m.txt"
    (tmp_path / "data" / "s" / "m.txt").write_text(TABLE + "\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"m\.txt: found another file than the data set 'small'"):
        data_path("small")


def test_without_a_connection_the_message_says_where_to_put_the_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        fetch(small("http://127.0.0.1:9/"), tmp_path / "cache")
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "no data set 'small' here, and could not fetch it: no connection; expected a connection" in message
    assert message.endswith(f"put by hand where SERFSIM_DATA or {tmp_path / 'cache'} has s/m.txt")


def test_what_has_another_checksum_is_refused_and_not_kept(
    served: tuple[Path, str, list[str]], tmp_path: Path
) -> None:
    folder, url, _ = served
    (folder / "m.txt").write_text(TABLE.replace("30", "31"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"could not fetch it: .*checksum"):
        fetch(small(url), tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    with pytest.raises(ScenarioError, match="the server answered 404"):
        fetch(replace(small(url), url=url + "gone.txt"), tmp_path / "cache")


def test_slices_are_fetched_one_by_one_and_kept_as_one_array(
    served: tuple[Path, str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, url, asked = served
    (folder / "S").mkdir()
    names = [f"S/{k}" for k in range(3)]
    registry = []
    for k, name in enumerate(names):
        text = TABLE.replace("10", str(10 + k))
        (folder / name).write_text(text, encoding="utf-8")
        registry.append(f"{name} {hashlib.sha256(text.encode()).hexdigest()}")
    (tmp_path / "registry").write_text("\n".join(registry), encoding="utf-8")
    monkeypatch.setattr(datasets, "PARTS", tmp_path / "registry")
    given = {"name": "slices", "url": url, "file": "s/slices.npz", "slices": 3, "parts": tuple(names)}
    data_set = replace(DATA_SETS["planetlab-slices"], **given)
    monkeypatch.setitem(DATA_SETS, "slices", data_set)
    (folder / "S" / "2").rename(folder / "S" / "late")
    with pytest.raises(
        ScenarioError, match=r"answered 404; .* put by hand into .*/s/slices, as S/0 and so on$"
    ):
        data_path("slices")
    (folder / "S" / "late").rename(folder / "S" / "2")
    spec = {"model": "matrix", "data": "slices", "slice_every": 60.0}
    topology = build_topology(spec, 3, Random(1), list("abc"), ".")
    assert topology.rtt_row(0)[1] == pytest.approx(0.011)
    assert topology.latency.advance(120.0) == np.inf
    assert topology.rtt_row(0)[1] == pytest.approx(0.012)
    assert asked == ["/S/0", "/S/1", "/S/2", "/S/2"]  # what had come was not fetched again
    assert pooch.get_logger().filters == []
    assert data_path("slices") == tmp_path / "cache" / "s" / "slices.npz"


def test_every_data_set_says_whose_it_is_and_what_it_must_be() -> None:
    assert [data_set.name for data_set in all_data_sets()] == list(DATA_SETS)
    registry = dict(line.split() for line in datasets.PARTS.read_text(encoding="utf-8").splitlines())
    for data_set in all_data_sets():
        assert data_set.licence
        assert data_set.origin
        assert data_set.url.startswith("https://")
        assert len(data_set.url.split("/")[5]) == 40, "pinned to a commit"
        assert len(data_set.parts) in (0, data_set.slices)
        assert bool(data_set.sha256) != bool(data_set.parts)
        assert all(len(registry[part]) == 64 for part in data_set.parts)
    # The first slice is a data set of its own, of the same file.
    assert registry["PlanetLab/PlanetLabData_1"] == DATA_SETS["planetlab"].sha256
    assert registry["Seattle/SeattleData_1"] == DATA_SETS["seattle"].sha256


WRONG = {
    "an unknown name": ("model: matrix, data: planetlap", "found 'planetlap'", "planetlab?"),
    "a graph": (
        "model: matrix, data: shadow-atlas",
        "found 'shadow-atlas'",
        "expected a matrix",
    ),
    "a matrix": (
        "model: graph, data: aws",
        "found 'aws', which is a matrix",
        "expected a graph",
    ),
    "another unit": ("model: matrix, data: seattle, unit: ms", "topology.unit: found 'ms'", "expected 's'"),
    "a file too": (
        "model: matrix, data: aws, file: m.csv",
        "found `file` and `data`",
        "one of `file`, `data`",
    ),
    "a list": ("model: matrix, data: [aws]", "topology.data: found", "expected a data set"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_data_set_that_is_none_is_refused_when_the_scenario_is_read(kind: str) -> None:
    text, found, expected = WRONG[kind]
    with pytest.raises(ScenarioError) as caught:
        loads(f"cluster: {{nodes: 3}}\nnetwork:\n  topology: {{{text}}}\n", "f.yaml")
    message = str(caught.value)
    assert message.startswith("f.yaml:3: network.topology")
    assert found in message
    assert expected in message
