"""Lists of measurements and Markdown tables, as they are found beside papers and in monitoring systems."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.topology.matrix import MeasuredMatrix, load_matrix

CASES = Path(__file__).parent.parent / "cases" / "files"
ROWS = [("h1", "h2", 41.5), ("h1", "h3", 82.5), ("h2", "h1", 41.7), ("h2", "h3", 61.0), ("h3", "h1", 82.9)]
ROUND_TRIPS = np.array([[0, 41.5, 82.5], [41.7, 0, 61.0], [82.9, 61.2, 0]])


def round_trips_ms(measured: MeasuredMatrix, number: int = 0) -> np.ndarray:
    return measured.one_way[number] * 2e3


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_with_a_header_is_a_matrix_of_its_places() -> None:
    measured = load_matrix(CASES / "f05_long3.csv")
    assert measured.labels == ("h1", "h2", "h3")
    assert round_trips_ms(measured) == pytest.approx(ROUND_TRIPS)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("l.csv", "target,source,rtt_ms,loss"),
        ("l.tsv", "src\tdst\tlatency (ms)"),
        ("l.csv", "From;To;RTT [ms]"),
        ("l.csv.gz", "origin,destination,ping"),
    ],
)
def test_columns_are_found_by_name_in_any_order_and_with_any_separator(
    name: str, header: str, tmp_path: Path
) -> None:
    separator = next(x for x in ",;\t" if x in header)
    swapped = header.startswith("target")
    lines = [header]
    for source, target, value in [*ROWS, ("h3", "h2", 61.2)]:
        cells = [target, source] if swapped else [source, target]
        lines.append(separator.join([*cells, str(value), *(["0"] if "loss" in header else [])]))
    path = tmp_path / name
    data = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert round_trips_ms(load_matrix(path)) == pytest.approx(ROUND_TRIPS)


def test_json_records_and_json_lines_are_lists_too(tmp_path: Path) -> None:
    records = [{"source": a, "target": b, "rtt_us": ms * 1e3} for a, b, ms in [*ROWS, ("h3", "h2", 61.2)]]
    for name, text in (
        ("r.json", json.dumps(records)),
        ("d.json", json.dumps({"data": records})),
        ("l.jsonl", "\n".join(map(json.dumps, records))),
    ):
        assert round_trips_ms(load_matrix(written(tmp_path, name, text))) == pytest.approx(ROUND_TRIPS), name


def test_a_list_without_a_header_is_known_by_two_names_and_a_latency(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "a,b,10\nb,a,12\n")
    assert round_trips_ms(load_matrix(path)) == pytest.approx(np.array([[0, 10], [12, 0]]))


def test_the_unit_in_a_columns_name_counts_and_contradicting_it_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "source,target,rtt_us\na,b,5000\n")
    assert round_trips_ms(load_matrix(path))[0, 1] == pytest.approx(5.0)
    with pytest.raises(ScenarioError, match=r"topology.unit: found 's'.*expected us"):
        load_matrix(path, unit="s")


def test_repeated_measurements_give_their_median(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "source,target,rtt\na,b,5\na,b,90\na,b,7\n")
    measured = load_matrix(path)
    assert measured.one_way.shape[0] == 1
    assert round_trips_ms(measured)[0, 1] == round_trips_ms(measured)[1, 0] == pytest.approx(7.0)


@pytest.mark.parametrize(
    "times",
    [
        ("0", "0", "60", "60"),
        ("2026-11-30T10:00:00Z", "2026-11-30T10:00:09Z", "2026-11-30T10:01:00Z", "2026-11-30T10:01:09Z"),
    ],
)
def test_a_time_column_makes_slices_of_rounds(times: tuple[str, ...], tmp_path: Path) -> None:
    pairs = [("a", "b", 5), ("b", "a", 6), ("a", "b", 50), ("b", "a", 60)]
    lines = [
        "time,source,target,rtt_ms",
        *(f"{t},{a},{b},{ms}" for t, (a, b, ms) in zip(times, pairs, strict=True)),
    ]
    for text in ("\n".join(lines), "\n".join([lines[0], *reversed(lines[1:])])):
        measured = load_matrix(written(tmp_path, "l.csv", text))
        assert [round_trips_ms(measured, k)[0, 1] for k in (0, 1)] == pytest.approx([5.0, 50.0])


def test_failed_measurements_are_gaps_and_key_chooses_among_several_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "source,target,rtt_min,rtt_max\na,b,5,9\nb,c,-1,4\na,c,,3\n")
    least = load_matrix(path, missing="median", key="rtt_min")
    assert least.filled == 4
    assert round_trips_ms(load_matrix(path, key="rtt_max"))[0] == pytest.approx([0, 9, 3])


def test_a_markdown_table_is_read_without_its_dashes_and_bold_labels() -> None:
    measured = load_matrix(CASES / "f01_cloud_table.md")
    assert measured.labels == ("Alpha", "Beta", "Gamma DC", "Delta")
    assert round_trips_ms(measured)[0] == pytest.approx([0, 30, 28, 120])
    assert round_trips_ms(measured)[3] == pytest.approx([121, 94, 90, 0])


def test_labels_in_bold_in_a_csv_are_the_labels(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", ",**a**,`b`\n**a**,0,5\n`b`,6,0\n")
    assert load_matrix(path).labels == ("a", "b")


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("l.csv", "source,target,rtt\na,b,fast\n", r"l.csv:2: found 'fast'; expected a number"),
        ("l.csv", "source,target,rtt\na,b\n", r"l.csv:2: found 2 cells; expected 3"),
        ("l.csv", "source,target,rtt\n,b,5\n", r"l.csv:2: found no place name"),
        ("l.csv", "source,target,rtt\na,a,5\n", r"no measurement between two places"),
        ("l.csv", "time,source,target,rtt\nsoon,a,b,5\n", r"found the time 'soon'"),
        ("l.json", '[{"source": "a", "weight": 3}]', r"found records of 'source', 'weight'; expected"),
        ("l.json", '[{"source": "a", "target": "b", "rtt": [1]}]', r"record 1: found '\[1"),
        ("l.csv.gz", "not packed", r"cannot be read"),
    ],
)
def test_a_mistake_in_a_list_names_its_line(name: str, text: str, part: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=part):
        load_matrix(written(tmp_path, name, text))
