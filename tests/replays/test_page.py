"""The file that `serfsim replay` writes: what it holds, and what is said where there can be none."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from serfsim import Result
from serfsim.replays import Caption, replay_page
from tests.replays.conftest import recorded


def unpacked(text: str) -> list[tuple[dict[str, Any], dict[str, pa.Table]]]:
    """The heading and the tables of each run on a page."""
    found = []
    for packed in re.findall(r'class="replay-data">([^<]*)<', text):
        data = zlib.decompress(b64decode(packed))
        length = int.from_bytes(data[:4], "little")
        heading = json.loads(data[4 : 4 + length])
        body = data[4 + length :]
        tables = {
            name: pa.ipc.open_stream(body[at : at + size]).read_all()
            for name, (at, size) in heading["tables"].items()
        }
        found.append((heading, tables))
    return found


def times(table: pa.Table) -> np.ndarray[Any, Any]:
    begins = float(table.schema.metadata[b"begins"])
    return begins + np.cumsum(table["dt"].to_numpy().astype(np.int64)) * 1e-6


def test_the_page_holds_the_run(page: Path, stored: Result) -> None:
    [(heading, tables)] = unpacked(page.read_text(encoding="utf-8"))
    assert heading["digest"] == stored.summary["digest"]
    assert heading["members"] == stored.truth.names
    assert [band["start"] for band in heading["faults"]] == [8.0, 22.0]
    assert heading["faults"][1]["end"] == heading["end_s"] == 40.0
    packets = stored.table("packets")
    assert np.allclose(times(tables["packets"]), packets.t_s, atol=2e-6)
    lost = tables["packets"]["flight"].to_numpy() == 0xFFFFFFFF
    assert (lost == packets.arrives_s.isna().to_numpy()).all()
    arrived = times(tables["packets"]) + tables["packets"]["flight"].to_numpy() * 1e-6
    assert np.allclose(arrived[~lost], packets.arrives_s[~lost], atol=3e-6)
    assert np.allclose(times(tables["events"]), stored.events.t, atol=2e-6)
    observers = tables["events"]["observer"].to_numpy()
    assert (observers == stored.events.observer).all()


def test_the_log_of_every_member_is_there_with_its_times(page: Path, folder: Path) -> None:
    [(heading, tables)] = unpacked(page.read_text(encoding="utf-8"))
    log = tables["log"]
    written = [
        line for line in (folder / "log.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"
    ]
    names = [heading["members"][node] for node in log["node"].to_pylist()]
    read = [
        f"{t:12.3f} {name} {text}"
        for t, name, text in zip(times(log), names, log["text"].to_pylist(), strict=True)
    ]
    assert read == written


def test_coordinates_lie_on_the_map_as_in_the_report(page: Path, stored: Result) -> None:
    [(heading, tables)] = unpacked(page.read_text(encoding="utf-8"))
    places = np.array(heading["map"]["xy"])
    found = tables["coordinates"]
    last = times(found) == times(found)[-1]
    xy = np.column_stack([found["x"].to_numpy()[last], found["y"].to_numpy()[last]])
    node = found["node"].to_numpy()[last]
    # The fit of least squares keeps the centre of the true places.
    assert np.allclose(xy.mean(axis=0), places[node].mean(axis=0), atol=1e-6)
    assert np.hypot(*(xy - places[node]).T).mean() < np.hypot(*(places - places.mean(axis=0)).T).mean()


def test_the_page_needs_nothing_else_and_text_in_it_is_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<b>loss</b>" not in text
    markup = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!data:)', markup)
    assert "<title>small — replay</title>" in text


def test_a_second_result_is_beside_the_first_and_captions_come_along(played: Result) -> None:
    other = recorded(seed=2, duration="5s", faults=[])
    text = replay_page(played, other, captions=[Caption(3.0, "A", "probe", speed=0.01)])
    (first, _), (second, _) = unpacked(text)
    assert (first["seed"], second["seed"]) == (1, 2)
    assert first["captions"][0] == {
        "t": 3.0,
        "title": "A",
        "text": "probe",
        "speed": 0.01,
        "select": None,
        "seen_by": None,
    }
