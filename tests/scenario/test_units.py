"""Quantities: what is read, what is refused, and that writing undoes reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from serfsim.scenario import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500us", 500e-6),
        ("500µs", 500e-6),
        ("200ms", 0.2),
        ("0.1s", 0.1),
        ("5s", 5.0),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("1m30s", 90.0),
        ("0s", 0.0),
        (".5s", 0.5),
        (" 29ms ", 0.029),
    ],
)
def test_a_duration_is_the_float_nearest_to_what_is_written(text: str, seconds: float) -> None:
    assert units.read_duration(text) == seconds


@pytest.mark.parametrize(
    "value", [90, 90.0, "90", True, None, "5 minutes", "s", "", "5sec", "-5s", [], "1e999s"]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        units.read_duration(value)


@pytest.mark.parametrize("value", [90, "90"])
def test_a_bare_number_is_answered_with_the_number_and_a_unit(value: object) -> None:
    with pytest.raises(PydanticCustomError, match="write '90s'"):
        units.read_duration(value)


def test_only_signed_durations_may_be_negative() -> None:
    assert units.read_signed_duration("-120ms") == -0.12


@given(st.floats(min_value=0.0, max_value=units.LONGEST_S))
def test_every_duration_reads_back_as_the_same_float(seconds: float) -> None:
    assert units.read_duration(units.write_duration(seconds)) == seconds


@given(st.floats(min_value=-units.LONGEST_S, max_value=units.LONGEST_S))
def test_every_signed_duration_reads_back_as_the_same_float(seconds: float) -> None:
    assert units.read_signed_duration(units.write_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "500ms"),
        (400e-6, "400us"),
        (90.0, "90s"),
        (120.0, "2m"),
        (86400.0, "24h"),
        (0.0, "0s"),
        (1.5, "1.5s"),
    ],
)
def test_a_duration_is_written_as_a_person_would(seconds: float, text: str) -> None:
    assert units.write_duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "share"), [("5%", 0.05), (0.05, 0.05), ("0%", 0.0), (1, 1.0), ("0.1 %", 0.001)]
)
def test_a_share_is_a_percentage_or_a_number_up_to_one(value: object, share: float) -> None:
    assert units.read_share(value) == share


@pytest.mark.parametrize("value", [5, -0.1, "101%", "5", True, None, float("nan")])
def test_what_is_no_share_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        units.read_share(value)


@given(st.floats(min_value=0.0, max_value=1.0))
def test_every_share_reads_back_as_the_same_float(share: float) -> None:
    assert units.read_share(units.write_share(share)) == share


@pytest.mark.parametrize(
    ("value", "size"), [("100B", 100), ("1KiB", 1024), ("1kB", 1000), ("1.5KiB", 1536), (1500, 1500)]
)
def test_a_size_is_bytes(value: object, size: int) -> None:
    assert units.read_size(value) == size


@pytest.mark.parametrize("value", ["100", "1.5B", -1, 1.5, True, "1kb"])
def test_what_is_no_size_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        units.read_size(value)


@given(st.integers(min_value=0, max_value=units.LARGEST_COUNT))
def test_every_size_reads_back(size: int) -> None:
    assert units.read_size(units.write_size(size)) == size


@pytest.mark.parametrize(
    ("text", "bits"), [("1gbit", 1e9), ("100mbit", 1e8), ("10Mbps", 1e7), ("1gbit/s", 1e9), ("9bit", 9.0)]
)
def test_a_bandwidth_is_bits_a_second(text: str, bits: float) -> None:
    assert units.read_bandwidth(text) == bits


@pytest.mark.parametrize("value", ["10MB/s", "10", 1e9, "0mbit", "fast"])
def test_what_is_no_bandwidth_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        units.read_bandwidth(value)


@given(st.floats(min_value=1.0, max_value=1e15))
def test_every_bandwidth_reads_back_as_the_same_float(bits: float) -> None:
    assert units.read_bandwidth(units.write_bandwidth(bits)) == bits


def test_a_span_is_low_and_high_and_a_single_duration_is_both() -> None:
    assert units.read_span("2ms..10ms") == (0.002, 0.01)
    assert units.read_span("5ms") == (0.005, 0.005)
    with pytest.raises(PydanticCustomError, match="low end comes first"):
        units.read_span("10ms..2ms")
