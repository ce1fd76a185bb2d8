"""Measure a replay of about a million events: cost of recording, size of the page, frames a second.

    python -m benchmarks.replay [--nodes 1000] [--duration 300s] [--pairs 5] [--keep FILE]

The cost is that of the same run with and without `record: {replay: true}`, in processes of their own, in
turn: CPU of the simulation, and of the simulation with scoring and saving. The page plays in headless
Chromium, drawn by software, each speed for five seconds; frames are those that the browser shows, and a cost
is the time that the page needs to draw one. Needs the package playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SPEEDS = (0.01, 0.1, 1.0, 10.0, 100.0)
SECONDS = 5.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MOST_BYTES = 40e6
LEAST_FRAMES = 30.0
MOST_COST = 0.30


def scenario(nodes: int, duration: str, replay: bool) -> dict[str, Any]:
    """A cluster on a plane in which a tenth stand still, some crash and some are lost packets."""
    return {
        "name": "million",
        "duration": duration,
        "warm_up": "0s",
        "cluster": {"nodes": nodes, "start": {"converged": True}},
        "network": {"topology": {"model": "plane", "rtt": "5ms..60ms"}, "loss": {"udp": "1%"}},
        "faults": [
            {"crash": "1%", "at": "20s"},
            {"block": "udp", "nodes": "2%", "at": "60s", "for": "60s"},
            {"pause": "5%", "at": "150s", "for": "8s"},
        ],
        "record": {"replay": replay, "coordinates": "10s"},
    }


def run_once(nodes: int, duration: str, replay: bool, folder: str) -> None:
    """Run, score and save in this process; print the CPU seconds of each as JSON."""
    import time

    import serfsim
    from serfsim.speed import is_compiled

    began = time.process_time()
    result = serfsim.run(serfsim.Scenario(**scenario(nodes, duration, replay)), progress=lambda share: None)
    result.save(Path(folder) / "r", figures=False)
    whole = time.process_time() - began
    found = {"simulation": result.summary["cpu_s"], "whole": whole, "compiled": is_compiled()}
    print(json.dumps(found | {"digest": result.summary["digest"]}))


def measure_cost(nodes: int, duration: str, pairs: int, folder: Path) -> dict[str, Any]:
    """Return the ratios of runs with and without recording; the last recorded run stays in `folder`."""
    ratios: dict[str, list[float]] = {"simulation": [], "whole": []}
    seconds: dict[str, list[float]] = {"plain": [], "recorded": []}
    digests = set()
    compiled = True
    for pair in range(pairs):
        found = {}
        for replay in (False, True) if pair % 2 else (True, False):
            place = folder / ("recorded" if replay else "plain")
            command = [sys.executable, "-m", "benchmarks.replay", "--once", str(place)]
            command += ["--nodes", str(nodes), "--duration", duration, *(["--record"] if replay else [])]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[replay] = json.loads(done.stdout.splitlines()[-1])
            digests.add(found[replay]["digest"])
            compiled &= found[replay]["compiled"]
        for what, all_of_them in ratios.items():
            all_of_them.append(found[True][what] / found[False][what])
        seconds["plain"].append(found[False]["whole"])
        seconds["recorded"].append(found[True]["whole"])
    assert len(digests) == 1, "recording changed the digest"
    middle = {what: statistics.median(values) for what, values in (ratios | seconds).items()}
    return middle | {"compiled": compiled, "pairs": pairs}


def count_events(folder: Path) -> dict[str, int]:
    import pyarrow.parquet as pq

    names = {"packets": "packets.parquet", "events": "member_events.parquet"}
    return {name: pq.read_metadata(folder / file).num_rows for name, file in names.items()}


def browser_cpu_s() -> float:
    """Return the CPU seconds of all processes that this one started and that still run."""
    import psutil

    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            spent = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += spent.user + spent.system
    return total


def measure_frames(page: Path) -> list[dict[str, float]]:
    """Play the page at each speed and return frames a second and milliseconds a frame."""
    from playwright.sync_api import sync_playwright

    browser = next(found for name in BROWSERS if (found := shutil.which(name)))
    rows = []
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        tab = opened.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.as_uri())
        tab.wait_for_function("window.serfsimReplay", timeout=120_000)
        loaded = tab.evaluate("performance.now()") / 1000.0
        for speed in SPEEDS:
            began = browser_cpu_s()
            tab.evaluate(
                """async ([speed, seconds]) => {
                    const { player } = serfsimReplay;
                    serfsimReplay.pause();
                    serfsimReplay.setSpeed(speed);
                    serfsimReplay.seek(19.5);
                    player.gaps.length = player.costs.length = 0;
                    serfsimReplay.toggle();
                    await new Promise((done) => setTimeout(done, 1000 * seconds));
                    serfsimReplay.pause();
                }""",
                [speed, SECONDS],
            )
            gaps, costs = tab.evaluate("[serfsimReplay.player.gaps, serfsimReplay.player.costs]")
            rows.append(
                {
                    "speed": speed,
                    "frames_per_s": 1000.0 * len(gaps) / sum(gaps),
                    "slowest_5_percent_ms": statistics.quantiles(gaps, n=20)[-1],
                    "draw_ms": statistics.median(costs),
                    "cpu_ms": 1000.0 * (browser_cpu_s() - began) / len(gaps),
                    "loaded_s": loaded,
                }
            )
        opened.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--duration", default="300s")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="keep the page there")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        run_once(given.nodes, given.duration, given.record, given.once)
        return
    from serfsim.replays import replay

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cost = measure_cost(given.nodes, given.duration, given.pairs, folder)
        recorded = folder / "recorded" / "r"
        counts = count_events(recorded)
        page = replay(recorded, given.keep or folder / "replay.html")
        size = page.stat().st_size
        frames = measure_frames(page)
    print_report(given.nodes, counts, size, cost, frames)


def print_report(
    nodes: int, counts: dict[str, int], size: int, cost: dict[str, Any], frames: list[dict[str, float]]
) -> None:
    print(f"{counts['packets']:,} packets and {counts['events']:,} events of {nodes:,} members")
    opened = frames[0]["loaded_s"]
    print(f"page: {size / 1e6:.1f} MB (at most {MOST_BYTES / 1e6:.0f}), open in {opened:.1f} s")
    form = "compiled" if cost["compiled"] else "interpreted"
    print(
        f"recording, {form}, median of {cost['pairs']} pairs: {100 * (cost['simulation'] - 1):+.0f} % of the"
        f" simulation's CPU, {100 * (cost['whole'] - 1):+.0f} % with scoring and saving"
        f" ({cost['plain']:.2f} s to {cost['recorded']:.2f} s; at most {100 * MOST_COST:.0f} %)"
    )
    for row in frames:
        rate, slow, cpu = (row[name] for name in ("frames_per_s", "slowest_5_percent_ms", "cpu_ms"))
        print(
            f"speed {row['speed']:g}: {rate:.0f} frames a second (at least {LEAST_FRAMES:.0f}),"
            f" 95 % of frames within {slow:.0f} ms, {cpu:.0f} ms of CPU for one"
        )
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
