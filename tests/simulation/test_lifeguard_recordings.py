"""Lifeguard's anomaly beside recordings of the real memberlist, on a sample; the page has all of them."""

from __future__ import annotations

import pytest

from serfsim.validation.lifeguard import FOLDER, PAGE, READ_COST, is_inside, main, read, recorded, simulate

SEEDS = range(1, 6)
SAMPLE = [
    "n20-C1-D12288-I16-none-s2",  # a window in which hardly anything is read
    "n20-C1-D12288-I1024-none-s1",  # one in which the refutation comes
    "n20-C4-D12288-I1024-all-s1",
]


@pytest.mark.parametrize("name", SAMPLE)
def test_recorded_counts_lie_within_the_simulated_range(name: str) -> None:
    recording = read(FOLDER / f"{name}.json.gz")
    runs = [simulate(recording, READ_COST, seed) for seed in SEEDS]
    for real, simulated in zip(recorded(recording), zip(*runs, strict=True), strict=True):
        assert is_inside(real, simulated)


def test_the_page_has_a_line_for_each_recording_and_says_why_one_is_outside() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| n")]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == sorted(
        path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz")
    )
    outside = [line for line in lines if not line.endswith("| inside |")]
    assert all(". " in line.rpartition("outside: ")[2] for line in outside)


def test_the_command_prints_a_line_for_each_recording(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--recordings", "n20-C1-D12288-I1024-none-s1", "--seeds", "2", "--workers", "1"])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("| n20-C1-D12288-I1024-none-s1 | 3.3 | 0 | 0 (0 to 0) |")
