"""A few runs beside a recording of each kind: what is exact among real clusters is exact here.

`make golden` compares everything, over many seeds. These are fixed seeds, so they always give the same.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from serfsim.speed import is_compiled
from serfsim.validation.compare import AGREES, DIFFERS, Pair, Row, compare
from serfsim.validation.conversion import as_recording
from serfsim.validation.figures import figures
from serfsim.validation.golden import Golden, read
from serfsim.validation.runs import simulate
from serfsim.validation.scenario import warm_up

pytestmark = [
    pytest.mark.golden,
    pytest.mark.slow,
    pytest.mark.skipif(not is_compiled(), reason="takes minutes where the hot path is not compiled"),
]

FOLDER = Path(__file__).parent
SEEDS = range(1, 5)
# Means over a few leaves vary too much for four runs.
MANY_SEEDS = dict.fromkeys(("i-leave-n32-s1", "l-leavehalf-n16-serf0.10.2-s1"), range(1, 21))
# What one machine measured in one hour; `make golden` judges it, over all recordings of a kind.
COORDINATES = "coordinate_error"
# Now and then a member hears of a leave by push/pull first and does not pass it on.
VARIES = ("leave_intent_copies",)
ONE_OF_EACH = (
    "a-baseline-n16-s1",
    "a-baseline-n16-wan-s1",
    "a-baseline-n40-s1",
    "b-crash-n16-v3-s03",
    "b-crash-n32-spread-v3-s03",
    "c-udpblock-allpairs-n16-s1",
    "c-udpblock-node-n32-s1",
    "c-udpblock-out-n16-s1",
    "d-allblock-allpairs-n16-s1",
    "d-allblock-node-n32-s1",
    "e-loss10-udp-n32-s1",
    "e-loss20-both-n32-s1",
    "e-loss30-notcp-n32-s1",
    "f-pause-n32-s1",
    "g-partition20-n32-s1",
    "h-events-loss00-n32-s1",
    "h-events-loss20-n32-s1",
    "i-leave-n32-s1",
    "b-crash-n32-v2-serf0.10.2-s02",
    "l-leavehalf-n16-serf0.9.4-s1",
    "l-leavehalf-n16-serf0.10.2-s1",
)


@cache
def golden(name: str) -> Golden:
    return read(FOLDER / f"{name}.json.gz")


def seeds_of(name: str) -> range:
    return MANY_SEEDS.get(name, SEEDS)


@cache
def compared(name: str, folder: Path) -> dict[str, Row]:
    recorded = figures(golden(name), as_recording(golden(name), warm_up(golden(name))))
    runs = {seed: figures(golden(name), simulate(golden(name), seed, folder)) for seed in seeds_of(name)}
    return {row.figure: row for row in compare([Pair(golden(name), recorded, runs)])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("latencies")


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_what_is_exact_is_exact_and_nothing_else_is_beyond_its_tolerance(name: str, folder: Path) -> None:
    for figure, row in compared(name, folder).items():
        if row.tolerance is None or row.tolerance.in_range or row.tolerance.check in ("share", "factor"):
            continue  # ranges, shares and counts of rare things take more seeds than these
        if figure in VARIES or figure.startswith(COORDINATES):
            continue
        if row.tolerance.if_both and not row.verdict:
            continue  # of a message that one side never sent there is no size
        if row.tolerance.check in ("mean", "seconds", "chance"):
            assert row.verdict != DIFFERS or row.by_chance, (figure, row.note)
        else:
            assert row.verdict == AGREES, (figure, row.note)


def values(name: str, figure: str, folder: Path) -> list[float]:
    return [float(value) for value in compared(name, folder)[figure].simulated]


@pytest.mark.parametrize("name", ["a-baseline-n16-s1", "a-baseline-n40-s1"])
def test_everybody_pings_once_a_second_with_packets_of_the_recorded_sizes(name: str, folder: Path) -> None:
    for figure, expected in (
        ("ping_per_node_s", 1.0),
        ("ack_per_node_s", 1.0),
        ("ping_bytes", 99.0),
        ("ack_bytes", 178.0),
        ("suspects", 0.0),
        ("failed_events", 0.0),
    ):
        assert values(name, figure, folder) == [expected] * len(SEEDS), figure


@pytest.mark.parametrize(
    "name", ["c-udpblock-allpairs-n16-s1", "c-udpblock-node-n32-s1", "c-udpblock-out-n16-s1"]
)
def test_nobody_is_suspected_while_tcp_works(name: str, folder: Path) -> None:
    for figure in ("suspect_per_min", "failed_per_min", "refute_suspect_per_min", "mean_health", "flaps"):
        assert values(name, figure, folder) == [0.0] * len(SEEDS), figure


def test_suspicion_lasts_the_minimum_timeout_to_the_millisecond(folder: Path) -> None:
    for name, timeout in (("b-crash-n16-v3-s03", 4.816), ("b-crash-n32-spread-v3-s03", 6.020)):
        waited = values(name, "suspect_to_failed_s", folder)
        assert min(waited) == pytest.approx(timeout, abs=1e-3)
        assert np.median(waited) == pytest.approx(timeout, abs=5e-3)


def test_the_isolated_wait_the_maximum_timeout_alone(folder: Path) -> None:
    recorded = compared("d-allblock-node-n32-s1", folder)["others_failed_at_x_first_s"].recorded
    assert values("d-allblock-node-n32-s1", "others_failed_at_x_first_s", folder) == pytest.approx(
        [float(recorded[0])] * len(seeds_of("d-allblock-node-n32-s1")), abs=5e-3
    )


def test_every_message_has_the_recorded_size(folder: Path) -> None:
    """Bodies, not packets: seven-character names, incarnations and Lamport times below 128."""
    for name, messages in (
        ("i-leave-n32-s1", ("ping", "ack", "alive", "suspect", "dead", "join_intent", "leave_intent")),
        ("e-loss20-both-n32-s1", ("ping", "indirect_ping", "nack", "alive", "suspect")),
        ("h-events-loss00-n32-s1", ("user_event", "query", "query_response")),
    ):
        for message in messages:
            (recorded,) = compared(name, folder)[f"{message}_message_bytes"].recorded
            found = values(name, f"{message}_message_bytes", folder)
            assert found == pytest.approx([float(recorded)] * len(found), abs=1e-9), (name, message)


@pytest.mark.parametrize("name", ["h-events-loss00-n32-s1", "h-events-loss20-n32-s1"])
def test_whoever_passes_an_event_on_sends_it_eight_times(name: str, folder: Path) -> None:
    """But those who had it first by push/pull do not: a member of 1 event in 12; of 5 of the 40 recorded."""
    copies = np.array(values(name, "event_copies", folder))
    assert not (copies % 8).any()
    assert copies.max() == 8 * 32
    assert (copies == 8 * 32).mean() > 0.7
