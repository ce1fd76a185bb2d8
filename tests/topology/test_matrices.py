"""Measured latencies, in every format that they come in."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology

# Row = source; milliseconds.
RTT = [[0, 10, 20], [12, 0, 30], [20, 30, 0]]
ONE_WAY = np.array(RTT) / 2e3  # half of each cell's own round trip


def matrix(path: Path, names: str = "abc", **parameters: object) -> Topology:
    spec = {"model": "matrix", "file": path.name, **parameters}
    return build_topology(spec, len(names), Random(1), list(names), path.parent)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


TABLES = {
    "m.csv": "0,10,20\n12,0,30\n20,30,0\n",
    "semicolons.csv": "0;10;20\n12;0;30\n20;30;0\n",
    "tabs.tsv": "0\t10\t20\n12\t0\t30\n20\t30\t0\n",
    "commented.csv": "# made by hand\n0, 10, 20\n\n12, 0, 30\n20, 30, 0\n",
    "labelled.csv": ",a,b,c\na,0,10,20\nb,12,0,30\nc,20,30,0\n",
    "shuffled.csv": "from,b,c,a\na,10,20,0\nb,0,30,12\nc,30,0,20\n",
    "headed.csv": "a,b,c\n0,10,20\n12,0,30\n20,30,0\n",
    "rows.csv": "a,0,10,20\nb,12,0,30\nc,20,30,0\n",
    "m.txt": "0 10 20\n12 0 30\n20 30 0\n",
    "labelled.txt": "- a b c\na 0 10 20\nb 12 0 30\nc 20 30 0\n",
    "pairs.txt": "a b 10\na c 20\nb a 12\nb c 30\n",
    "headed.txt": "a b c\n0 10 20\n12 0 30\n20 30 0\n",
    "remarks.txt": "0 10 20 # from a\n12 0 30\n20 30 0\n",
    "commas.txt": "0, 10, 20\n12, 0, 30\n20, 30, 0\n",
    "decimal commas.csv": "a;b;c\n0;10,0;20\n12,0;0;30\n20;30,0;0\n",
    "numbered.csv": ",7,8,9\n7,0,10,20\n8,12,0,30\n9,20,30,0\n",
    "numbered from above.csv": "id,8,9,7\n7,10,20,0\n8,0,30,12\n9,30,0,20\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_the_same_latencies_come_out_of_every_text_format(tmp_path: Path, name: str) -> None:
    topology = matrix(written(tmp_path, name, TABLES[name]))
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
    assert topology.rtt_matrix() == pytest.approx(ONE_WAY + ONE_WAY.T)


def test_numbers_on_both_sides_are_labels_but_not_latencies_with_a_blank_diagonal(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", ",10,20\n10,,30\n20,30,\n")
    assert matrix(path).rtt_row(0) == pytest.approx([0, 0.010, 0.020])
    path = written(tmp_path, "m.csv", ",10,20\n10,0,30\n20,30,0\n")
    topology = matrix(path, "ab")
    assert topology.places == ("10", "20")
    assert topology.rtt_row(0) == pytest.approx([0, 0.030])


SHORT_LISTS = {
    "one pair": ("1 2 10\n", [0, 10]),
    "a pair both ways": ("b a 10\na b 12\n", [0, 11]),
    "three pairs": ("1 2 10\n1 3 20\n2 3 30\n", [0, 10, 20]),
    "with a comma": ("1,2 10\n1,3 20\n2,3 30\n", [0, 10, 20]),
}


@pytest.mark.parametrize("kind", SHORT_LISTS)
def test_a_list_of_few_pairs_is_not_taken_for_a_matrix(tmp_path: Path, kind: str) -> None:
    text, expected = SHORT_LISTS[kind]
    topology = matrix(written(tmp_path, "m.txt", text), "abc"[: len(expected)])
    assert topology.rtt_row(0) == pytest.approx(np.array(expected) / 1e3)


def test_a_matrix_of_three_places_is_not_taken_for_a_list(tmp_path: Path) -> None:
    topology = matrix(written(tmp_path, "m.txt", "0 1 2\n1 0 1\n2 1 0\n"))
    assert topology.rtt_row(0) == pytest.approx([0, 0.001, 0.002])


def test_p2psims_king_format_is_read_with_its_header_and_failed_measurements(tmp_path: Path) -> None:
    text = "topology\nfailure_model NullFailureModel\nnode 1 1\nnode 2 2\nnode 3 3\n\n"
    text += "1,2 10000\n1,3 20000\n2,3 -1\n3,2 30000\n"
    path = written(tmp_path, "king.txt", text)
    with pytest.raises(ScenarioError, match=r"king\.txt:9: found no latency from '2' to '3' \(empty"):
        matrix(path, unit="us")
    topology = matrix(path, unit="us", missing="mirror")
    assert topology.rtt_row(0) == pytest.approx([0, 0.010, 0.020])
    assert topology.rtt_row(1) == pytest.approx([0.010, 0, 0.030])
    assert topology.places == ("1", "2", "3")
    same = matrix(path, unit="us", missing="mirror", format="p2psim")
    assert (same.rtt_matrix() == topology.rtt_matrix()).all()


def test_kings_measurements_have_a_line_for_each_unordered_pair(tmp_path: Path) -> None:
    lines = ["topology E2EGraph", "failure_model NullFailureModel", ""]
    lines += [f"node {i} {i}.0,0.0" for i in range(1, 41)]
    lines += [f"{i},{j} {1000 * i + j}" for i in range(1, 41) for j in range(i + 1, 41)]
    path = written(tmp_path, "king.txt", "\n".join(lines) + "\n")
    for given in ({}, {"format": "p2psim"}):
        rtt = matrix(path, string.printable[:40], unit="us", **given).rtt_matrix()
        assert rtt[4, 29] == rtt[29, 4] == pytest.approx(0.005030)


def test_meridians_triples_count_from_1_and_have_minus_1_where_a_measurement_failed(tmp_path: Path) -> None:
    text = "1 2 10000\n1 3 20000\n2 1 12000\n2 3 -1\n3 1 20000\n3 2 30000\n"
    path = written(tmp_path, "meridian.txt", text)
    for given in ({}, {"format": "meridian"}):
        with pytest.raises(ScenarioError, match=r"meridian\.txt:4: found no latency from '2' to '3' \(empty"):
            matrix(path, unit="us", **given)
        topology = matrix(path, unit="us", missing="mirror", **given)
        assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
        assert topology.places == ("1", "2", "3")


def test_of_several_measurements_of_a_pair_the_median_of_those_that_worked_counts(tmp_path: Path) -> None:
    text = "1 2 9000 10000 50000\n1 3 -1 20000 -1\n2 1 12000 12000 12000\n2 3 29000 31000 -1\n"
    path = written(tmp_path, "meridian.txt", text)
    topology = matrix(path, unit="us", format="meridian")
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
    with pytest.raises(
        ScenarioError, match=r"meridian\.txt:1: found 5 words; expected a pair and its latency"
    ):
        matrix(path, unit="us", format="p2psim")
    # Names instead of numbers, and the same answer.
    place = {"a": "x", "b": "2", "c": "3"}
    named = text.replace("1 2 9", "x 2 9").replace("1 3 -", "x 3 -").replace("2 1 1", "2 x 1")
    same = matrix(written(tmp_path, "m.txt", named), unit="us", format="meridian", place=place)
    assert same.one_way_matrix() == pytest.approx(ONE_WAY)


def test_a_place_may_be_called_as_a_header_begins(tmp_path: Path) -> None:
    text = "node x\nnode1 node2 10\n node1 node3 20\nnode2 node1 12\nnode2 node3 30\n"
    topology = matrix(written(tmp_path, "m.txt", text), format="p2psim")
    assert topology.places == ("node1", "node2", "node3")
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)


PAIRS = {
    "a pair twice": ("1 2 10\n2 1 10\n\n1 2 11\n", "m.txt:4: found the pair 1 2 again; it is in line 1"),
    "a word": ("1 2 10\n1 3 soon\n", "m.txt:2: found 'soon'; expected a number"),
    "an infinite one": ("1 2 10\n1 3 inf\n", "m.txt:2: found inf; expected a finite latency"),
    "a line too short": ("1 2 10\n1 3\n", "m.txt:2: found 2 words; expected a pair and its latency"),
    "nothing but a header": ("topology x\nnode 1 1\n", "m.txt: found no pairs; expected lines such as"),
    "half a place": ("1 2.5 10\n2.5 1 10\n1 3 -\n", "m.txt:3: found no latency from '1' to '3'"),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_each_mistake_in_a_list_of_pairs_is_one_message_with_its_line(tmp_path: Path, kind: str) -> None:
    text, part = PAIRS[kind]
    path = written(tmp_path, "m.txt", text)
    with pytest.raises(ScenarioError) as caught:
        matrix(path, "ab", format="p2psim", place={"a": "1", "b": "3"})
    message = str(caught.value)
    assert message.startswith(str(tmp_path))
    assert part in message
    assert len(message.splitlines()) == 1


def test_a_mapping_of_mappings_in_json_is_read_by_name_and_its_diagonal_is_ignored(tmp_path: Path) -> None:
    text = '{"data": {"c": {"a": 20, "b": 30}, "a": {"a": 5.5, "b": 10, "c": 20}, "b": {"a": 12, "c": 30}}}'
    topology = matrix(written(tmp_path, "m.json", text))
    assert topology.places == ("a", "b", "c")
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
    gap = '{"a": {"b": 10, "c": null}, "b": {"a": 12, "c": 30}, "c": {"a": 20, "b": 30}}'
    path = written(tmp_path, "gap.json", gap)
    with pytest.raises(ScenarioError, match=r"gap\.json: 'a': found no latency from 'a' to 'c' \(empty"):
        matrix(path)
    assert matrix(path, missing="mirror").one_way_matrix() == pytest.approx(ONE_WAY)
    for bad, part in (
        ('{"a": {"b": -1}}', "'a' to 'b': found -1; expected a finite latency of at least 0"),
        ('{"a": {"b": NaN}}', "found nan; expected a finite"),
        (f'{{"a": {{"b": 1{"0" * 5000}}}}}', "found inf; expected a finite"),
        ("[" * 100_000, "found too many brackets; expected {source: {target: latency}}"),
        ('{"a": {"b": "x"}}', "found 'x'; expected a finite"),
        ('{"a": 1}', "found something else; expected {source: {target: latency}}"),
        ('{"a":\n {', "m.json:2: found broken JSON"),
    ):
        with pytest.raises(ScenarioError) as caught:
            matrix(written(tmp_path, "m.json", bad), "ab")
        assert part in str(caught.value)


def test_numpys_files_are_read_with_labels_and_by_key(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array(RTT))
    assert matrix(tmp_path / "m.npy").one_way_matrix() == pytest.approx(ONE_WAY)
    np.savez(tmp_path / "m.npz", rtt=np.array(RTT, dtype=np.float32), labels=np.array(["c", "b", "a"]))
    topology = matrix(tmp_path / "m.npz")
    assert topology.places == ("a", "b", "c")
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY[::-1, ::-1])
    np.savez(tmp_path / "two.npz", rtt=np.array(RTT), other=np.array(RTT) * 2)
    with pytest.raises(ScenarioError, match="found the arrays 'rtt', 'other'; expected key: with one"):
        matrix(tmp_path / "two.npz")
    np.savez(tmp_path / "bytes.npz", rtt=np.array(RTT), labels=np.array([b"a", b"b", b"c"]))
    assert matrix(tmp_path / "bytes.npz").places == ("a", "b", "c")
    assert matrix(tmp_path / "two.npz", key="other").one_way_matrix() == pytest.approx(2 * ONE_WAY)
    with pytest.raises(ScenarioError, match="expected an array called 'third'"):
        matrix(tmp_path / "two.npz", key="third")


def test_a_round_trip_is_the_mean_of_both_cells_and_one_way_is_taken_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", TABLES["m.csv"])
    assert matrix(path, kind="rtt").rtt_row(0)[1] == pytest.approx(0.011)
    assert matrix(path, kind="one_way").rtt_row(0)[1] == pytest.approx(0.022)
    assert matrix(path, kind="one_way").one_way_row(0) == pytest.approx([0, 0.010, 0.020])
    assert matrix(path, kind="one_way").one_way_row(1) == pytest.approx([0.012, 0, 0.030])


@pytest.mark.parametrize(("unit", "seconds"), [("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)])
def test_the_unit_is_the_one_that_is_said(tmp_path: Path, unit: str, seconds: float) -> None:
    path = written(tmp_path, "m.csv", "0,3\n3,0\n")
    assert matrix(path, "ab", unit=unit).rtt_row(0)[1] == pytest.approx(3 * seconds)


def test_missing_measurements_are_refused_mirrored_or_filled_with_the_median(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "0,10,\n12,0,30\n20,nan,0\n")
    with pytest.raises(ScenarioError) as caught:
        matrix(path)
    assert str(caught.value) == (
        f"{path}:1: column 3: found no latency from '0' to '2' and 1 more (empty, NaN or 0); "
        "expected all, or missing: mirror or missing: median to fill in"
    )
    assert matrix(path, missing="mirror").one_way_matrix()[0, 2] == pytest.approx(0.010)
    assert matrix(path, missing="mirror").one_way_matrix()[2, 1] == pytest.approx(0.015)
    # The median of 10, 12, 20 and 30 ms is 16.
    assert matrix(path, missing="median").one_way_matrix()[2, 1] == pytest.approx(0.008)
    neither = written(tmp_path, "n.csv", "0,10,\n12,0,30\n,nan,0\n")
    either = matrix(neither, missing="mirror_or_median").one_way_matrix()
    assert either[2, 1] == pytest.approx(0.015)
    assert either[0, 2] == either[2, 0] == pytest.approx(0.006)  # the median of 10, 12 and 30 ms


def test_zero_between_two_places_is_a_missing_measurement_and_the_diagonal_is_ignored(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "9,10\n0,9\n")
    with pytest.raises(ScenarioError, match=r"m\.csv:2: column 1: found no latency from '1' to '0'"):
        matrix(path, "ab")
    topology = matrix(path, "ab", missing="mirror")
    assert topology.rtt_matrix() == pytest.approx(np.array([[0, 0.010], [0.010, 0]]))


def test_mirror_refuses_a_pair_that_was_measured_neither_way(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "0,10,\n12,0,30\n,30,0\n")
    with pytest.raises(ScenarioError, match="expected all, or missing: median to fill in"):
        matrix(path, missing="mirror")
    # Where no node stands, nothing needs to be known.
    assert matrix(path, "ab", missing="mirror").rtt_row(0)[1] == pytest.approx(0.011)
    assert matrix(path, "x", place={"x": "2"}).rtt_matrix().tolist() == [[0.0]]


WRONG = {
    "not square": ("0,1,2\n1,0,3\n", "found 2 rows of 3 latencies; expected a square matrix"),
    "ragged": ("0,1\n1,0,2\n", "m.csv:2: found 3 cells; expected 2 as in line 1"),
    "negative": ("0,1\n-1,0\n", "m.csv:2: column 1: found -1; expected a finite latency of at least 0"),
    "infinite": ("0,inf\n1,0\n", "m.csv:1: column 2: found inf; expected a finite latency"),
    "text": ("0,1\nx,0\n", "m.csv"),
    "a unit in a cell": (
        "0,5ms\n5ms,0\n",
        "column 2: found '5ms'; expected a number without a unit",
    ),
    "empty": ("", "found nothing; expected a matrix of latencies"),
    "comments only": ("# nothing here\n", "found nothing; expected a matrix of latencies"),
    "a header only": ("a,b,c\n", "found a header only; expected a matrix of latencies"),
    "a label twice": (",a,a\na,0,1\na,1,0\n", "found the label 'a' twice"),
    "all missing": ("0,nan\nnan,0\n", "found no latency at all"),
    "seconds taken for hours": ("0,90000000\n90000000,0\n", "is the unit really ms?"),
    "broken quotes": ('0,"1\n1,0\n', "m.csv"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_each_mistake_in_a_matrix_is_one_message_that_names_the_file(tmp_path: Path, kind: str) -> None:
    text, part = WRONG[kind]
    path = written(tmp_path, "m.csv", text)
    with pytest.raises(ScenarioError) as caught:
        matrix(path, "ab")
    message = str(caught.value)
    assert message.startswith(str(path))
    assert part in message
    assert len(message.splitlines()) == 1


def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.csv: cannot be read: No such file"):
        matrix(tmp_path / "gone.csv")
    with pytest.raises(ScenarioError, match=r"gone\.npz: cannot be read: No such file"):
        matrix(tmp_path / "gone.npz")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        matrix(tmp_path / "folder.csv")
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="found bytes that are not UTF-8 text"):
        matrix(tmp_path / "m.csv")
    for content in (b"", b"PK\x03\x04 no zip", b"plain"):
        (tmp_path / "m.npz").write_bytes(content)
        with pytest.raises(ScenarioError, match=r"m\.npz: (found something else|cannot be read)"):
            matrix(tmp_path / "m.npz")


def test_an_array_of_the_wrong_shape_or_with_impossible_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    np.save(path, np.zeros((2, 3)))
    with pytest.raises(ScenarioError, match=r"found 'array' of shape \(2, 3\); expected numbers of shape"):
        matrix(path)
    np.save(path, np.array([[0, -1.0], [1, 0]]))
    with pytest.raises(
        ScenarioError, match=r"row 0, column 1 \(counted from 0\): found -1; expected a finite"
    ):
        matrix(path)
    np.save(path, np.array([["a", "b"], ["c", "d"]]))
    with pytest.raises(ScenarioError, match=r"of shape \(2, 2\) of type <U1; expected numbers of shape"):
        matrix(path)
    np.save(path, np.array([[{}]]), allow_pickle=True)
    with pytest.raises(ScenarioError, match=r"found an array of Python objects; expected numpy's \.npz"):
        matrix(path)
    np.savez_compressed(tmp_path / "torn.npz", rtt=np.random.default_rng(1).random((50, 50)))
    content = bytearray((tmp_path / "torn.npz").read_bytes())
    content[300:400] = bytes(value ^ 0x55 for value in content[300:400])
    (tmp_path / "torn.npz").write_bytes(content)
    with pytest.raises(ScenarioError, match=r"torn\.npz: found something else"):
        matrix(tmp_path / "torn.npz")
    np.savez(tmp_path / "m.npz", rtt=np.array(RTT), labels=np.array(["a", "a", "b"]))
    with pytest.raises(ScenarioError, match="expected 3 different ones"):
        matrix(tmp_path / "m.npz")


def test_unknown_words_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", TABLES["m.csv"])
    for name, value, part in (
        ("unit", "min", "expected us, ms, s"),
        ("kind", "both", "expected rtt, one_way"),
        ("missing", "guess", "expected refuse, mirror, median, mirror_or_median"),
        ("format", "xls", "expected csv, npz, json, text, markdown, p2psim, meridian"),
        ("place", "anywhere", "expected auto, by_name, in_order, in_blocks, random"),
    ):
        with pytest.raises(ScenarioError, match=f"topology.{name}: found '{value}'; {part}"):
            matrix(path, **{name: value})


def test_nodes_stand_by_name_in_order_at_random_or_where_they_are_put(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", TABLES["labelled.csv"])
    assert matrix(path, "cab").places == ("c", "a", "b")
    assert matrix(path, "xyz").places == ("a", "b", "c")
    assert matrix(path, "cab", place="in_order").places == ("a", "b", "c")
    assert sorted(matrix(path, "xyz", place="random").places or ()) == ["a", "b", "c"]
    assert matrix(path, "xy", place={"x": "c", "y": "a"}).places == ("c", "a")
    assert matrix(path, "xy", place={"x": "c", "y": "a"}).one_way_row(0)[1] == pytest.approx(0.010)
    with pytest.raises(ScenarioError, match="found no place for the node 'y'"):
        matrix(path, "xy", place={"x": "c"})
    with pytest.raises(ScenarioError, match="found no place called 'd'; expected one of 3 labels"):
        matrix(path, "xy", place={"x": "c", "y": "d"})
    with pytest.raises(ScenarioError, match="found no place called 'x'"):
        matrix(path, "xy", place="by_name")


def test_more_nodes_than_places_need_an_access_latency(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", TABLES["m.csv"])
    with pytest.raises(ScenarioError, match="found 3 places for 4 nodes, so that 'a' and 'd' share '0'"):
        matrix(path, "abcd")
    topology = matrix(path, "abcd", access=0.001)
    assert topology.rtt_row(0) == pytest.approx([0, 0.015, 0.024, 0.004])
    drawn = matrix(path, "abcd", access=(0.001, 0.002)).rtt_row(0)
    assert 0.004 <= drawn[3] <= 0.008
    with pytest.raises(ScenarioError, match="access: expected durations of at least 0, low end first"):
        matrix(path, "abcd", access=(0.002, 0.001))


def test_slices_over_time_are_chosen_or_played(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array([RTT, np.array(RTT) * 2]))
    with pytest.raises(ScenarioError, match="found 2 slices; expected slice: 0 to 1, or slice_every:"):
        matrix(tmp_path / "m.npy")
    with pytest.raises(ScenarioError, match="found 2; expected 0 to 1"):
        matrix(tmp_path / "m.npy", slice=2)
    assert matrix(tmp_path / "m.npy", slice=1).one_way_matrix() == pytest.approx(2 * ONE_WAY)
    topology = matrix(tmp_path / "m.npy", slice_every=60.0)
    assert topology.latency.advance(0.0) == 60.0
    assert topology.one_way_matrix() == pytest.approx(ONE_WAY)
    assert topology.latency.advance(61.0) == float("inf")
    assert topology.one_way_matrix() == pytest.approx(2 * ONE_WAY)
