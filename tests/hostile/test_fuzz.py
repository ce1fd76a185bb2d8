"""Anything at all, read as a scenario, a data file or a result: a value, or an error of the project's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import serfsim
from serfsim import Result, open_result
from serfsim.base.errors import SerfsimError
from serfsim.scenario import Scenario, loads
from serfsim.scenario.model import Scenario as Model
from serfsim.topology.graph import load_graph
from serfsim.topology.matrix import load_matrix

QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
ACCEPTED = "accepted"


def refusal(read: Callable[[], object]) -> str:
    """The project's own error, or ACCEPTED; any other error is one of the test."""
    try:
        read()
    except SerfsimError as error:
        return str(error)
    return ACCEPTED


WORDS = st.sampled_from(
    [
        *(
            "all",
            "rest",
            "first",
            "5%",
            "-1s",
            "1e99s",
            "10ms..5ms",
            "1ns",
            "",
            "node-01",
            "0.9",
            "gbit",
            "[",
            "\x1b",
        ),
        *(
            "lan",
            "wan",
            "plane",
            "matrix",
            "graph",
            "cloud",
            "waxman",
            "none",
            "a == 0",
            "detection.flaps == 1e999",
        ),
    ]
)
LEAVES = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    sorted(
        {
            *Model.model_fields,
            *(
                "nodes",
                "groups",
                "config",
                "topology",
                "model",
                "file",
                "edges",
                "loss",
                "udp",
                "crash",
                "block",
            ),
            *(
                "at",
                "for",
                "every",
                "times",
                "until",
                "event",
                "query",
                "payload",
                "tags",
                "pairs",
                "between",
                "place",
            ),
            *(
                "partition",
                "leave",
                "restart",
                "jitter",
                "join",
                "start",
                "generator",
                "regions",
                "provider",
                "<<",
            ),
        }
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@QUICK
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_mappings_of_anything_are_scenarios_or_mistakes(sections: dict[str, Any]) -> None:
    with suppress(SerfsimError):
        Scenario(**sections).to_yaml()


@QUICK
@given(st.text(alphabet="{}[]&*!<:-?|>'\"#%@,. \n\tabc019eE_xs\x00\x1b\ud800", max_size=60))
def test_texts_of_anything_are_scenarios_or_mistakes(text: str) -> None:
    assert refusal(lambda: loads(text)).startswith(("scenario", ACCEPTED))


TABLES = st.text(alphabet='0159.,;|-+eE ab\n\t#"{}[]:<>_nul\x00', max_size=80).map(str.encode) | st.binary(
    max_size=80
)


@QUICK
@given(TABLES, st.sampled_from(["csv", "npz", "npy", "json", "txt", "md", "csv.gz"]))
def test_data_files_of_anything_are_matrices_or_mistakes(
    tmp_path_factory: Any, content: bytes, ending: str
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / f"m.{ending}"
    file.write_bytes(content)
    assert refusal(lambda: load_matrix(file)).startswith((str(file), ACCEPTED))


GRAPHS = st.lists(
    st.sampled_from(
        [
            *(
                "graph [ ",
                "node [ id 1 ] ",
                "node 5 ",
                "edge [ source 1 target 1 ] ",
                "] ",
                "label 7 ",
                "directed 1 ",
            ),
            *(
                "a b 5ms\n",
                "a {[]: 5}\n",
                "a b {'latency': 5}\n",
                "{",
                "}",
                '{"nodes": [], "links": [1]}',
                "\n",
            ),
            *(
                "<graphml>",
                "<node id='1'/>",
                "<graph>",
                "</graph>",
                "</graphml>",
                "<edge source='1'/>",
                "<!DOCTYPE x>",
            ),
        ]
    ),
    max_size=8,
).map("".join)


@QUICK
@given(GRAPHS, st.sampled_from(["gml", "graphml", "txt", "json"]))
def test_graph_files_of_anything_are_graphs_or_mistakes(
    tmp_path_factory: Any, content: str, ending: str
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / f"g.{ending}"
    file.write_text(content, encoding="utf-8")
    assert refusal(lambda: load_graph(file)).startswith((str(file), ACCEPTED))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = Scenario(cluster={"nodes": 3}, duration="5s", warm_up="5s")
    result: Result = serfsim.run(scenario, progress=lambda share: None)
    return result.save(tmp_path_factory.mktemp("saved") / "r", figures=False)


@QUICK
@pytest.mark.filterwarnings("ignore::serfsim.base.errors.SerfsimWarning")
@given(
    st.sampled_from(["summary.json", "truth.json", "scenario.yaml", "probes.parquet", "manifest.json"]),
    st.integers(0, 10_000),
    st.binary(max_size=6),
    st.booleans(),
)
def test_results_with_anything_in_them_are_read_or_refused(
    saved: Path, name: str, place: int, put: bytes, marked: bool
) -> None:
    file, mark = saved / name, saved / "manifest.json"
    whole, manifest = file.read_bytes(), mark.read_bytes()
    place %= len(whole)
    try:
        file.write_bytes(whole[:place] + put + whole[place + len(put) :])
        if not marked and name != "manifest.json":
            mark.unlink()
        result = open_result(saved)
        _ = result.probes, result.member_events, repr(result)
    except SerfsimError:
        pass
    finally:
        mark.write_bytes(manifest)
        file.write_bytes(whole)
