"""The real library's own answers (tests/vectors), asked of our client: every double bit for bit."""

from __future__ import annotations

from typing import Any

from serfsim.protocol.vivaldi.client import ACCEPTED, Client
from serfsim.protocol.vivaldi.coordinate import Coordinate
from serfsim.protocol.vivaldi.texts import reject_text, rtt_text
from tests.vectors_of import vectors
from tests.vivaldi.harness import Listed, client, coordinate, place, read, written


def peer_number(name: str) -> int:
    return int(name.removeprefix("peer"))


def test_updates_are_the_librarys() -> None:
    sequences = vectors("coordinate_updates")["sequences"]
    assert len(sequences) == 30
    for sequence in sequences:
        ours = client(uniforms=Listed([]))
        assert place(ours, read(sequence["start"])) == ACCEPTED
        for step in sequence["steps"]:
            peer = read(step["peer"])
            assert ours.distance_to(peer) == step["distance_before_ns"]
            assert ours.coordinate.raw_distance_to(peer) == step["raw_distance_before_s"]
            assert ours.update(peer_number(step["node"]), peer, step["rtt_ns"]) == ACCEPTED
            assert written(ours.coordinate) == step["result"], sequence["seed"]


def test_updates_from_the_origin_draw_and_move_as_the_librarys() -> None:
    sequences = vectors("coordinate_from_origin")["sequences"]
    assert len(sequences) == 12
    for sequence in sequences:
        draws = Listed([])
        ours = client(uniforms=draws)
        for step in sequence["steps"]:
            draws.add(step["uniform_draws"])
            assert ours.update(0, read(step["peer"]), step["rtt_ns"]) == ACCEPTED
            assert draws.is_used_up()
            assert written(ours.coordinate) == step["result"], sequence["seed"]


def test_distances_and_what_serf_rtt_prints_are_the_librarys() -> None:
    cases = vectors("coordinate_distance")["cases"]
    assert len(cases) == 60
    for case in cases:
        distance = read(case["a"]).distance_to(read(case["b"]))
        assert distance == case["distance_ns"]
        assert rtt_text(distance) == case["cli"]


def rejects(start: str) -> list[dict[str, Any]]:
    found = [case for case in vectors("coordinate_rejects")["cases"] if case["case"].startswith(start)]
    assert found
    return found


def answer(ours: Client, peer: Coordinate, rtt_ns: int) -> str:
    reject = ours.update(1, peer, rtt_ns)
    return "" if reject == ACCEPTED else reject_text(reject, rtt_ns)


def test_round_trip_times_are_refused_in_the_librarys_words() -> None:
    for case in rejects("rtt"):
        ours = client()
        before = written(ours.coordinate)
        assert answer(ours, coordinate(*[0.0] * 8), case["rtt_ns"]) == case["error"]
        assert (written(ours.coordinate) != before) == case["changed"]


def test_coordinates_are_refused_in_the_librarys_words() -> None:
    not_a_number = coordinate(*[0.0] * 7, float("nan"))
    endless = coordinate(*[0.0] * 8, height=float("inf"))
    (case,) = rejects("peer Vec has NaN")
    assert answer(client(), not_a_number, 1) == case["error"]
    (case,) = rejects("peer Height is +Inf")
    assert answer(client(), endless, 1) == case["error"]
    (case,) = rejects("peer has 3 dimensions")
    assert answer(client(), coordinate(0.0, 0.0, 0.0), 1) == case["error"]


def test_a_negative_error_can_throw_a_client_far_away() -> None:
    """Only what is not finite is refused, so one such peer moves a client by fifteen years of round trip."""
    (case,) = rejects("peer with negative Error")
    ours = client()
    assert answer(ours, coordinate(0.01, *[0.0] * 7), 10_000_000_000) == ""
    poison = coordinate(0.02, *[0.0] * 7, error=-5.0, height=-1.0)
    assert answer(ours, poison, 100_000_000) == case["error"]
    assert written(ours.coordinate) == case["result"]


def test_an_overflow_resets_the_client_as_in_the_library() -> None:
    (case,) = rejects("peer Vec all 1e308")
    ours = client()
    assert answer(ours, coordinate(*[1e308] * 8), 100_000_000) == case["error"]
    assert ours.resets == case["resets"]
    assert written(ours.coordinate) == case["result"]
