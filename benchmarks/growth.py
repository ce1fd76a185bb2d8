"""Measure detection time, false positives, bytes and cost by size of the cluster.

    python -m benchmarks.growth [--nodes 100,1000,10000,30000,100000] [--seed 1] [--set duration=35s]
                                [--json FILE] [--out docs]

Runs the scenario `hundred_thousand` at each size, each in its own process, and writes `growth.md` and
`images/growth.png` under `--out`. With `--json`, sizes that FILE holds are not run again, and those that are
run are added to it as they finish.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import serfsim
from benchmarks.measure import peak_mib
from serfsim.engine.environment import no_garbage_collection
from serfsim.protocol.memberlist.push_pull import PushPull, push_pull_scale
from serfsim.simulation import Simulation

SCENARIO = "hundred_thousand"
SIZES = "100,1000,10000,30000,100000"

COLUMNS = (
    ("members", "nodes", "{:,.0f}"),
    ("first suspicion, s", "first_suspect_s", "{:.1f}"),
    ("first verdict, s", "first_s", "{:.1f}"),
    ("known to all, s", "full_s", "{:.1f}"),
    ("false positives", "false_positives", "{:.0f}"),
    ("UDP bytes a member and second", "udp_bytes_per_node_s", "{:.0f}"),
    ("one push/pull, bytes", "push_pull_bytes", "{:,.0f}"),
    ("push/pull bytes a member and second", "push_pull_bytes_per_node_s", "{:,.0f}"),
    ("set-up, CPU s", "setup_cpu_s", "{:.1f}"),
    ("CPU s a simulated second", "cpu_per_s", "{:.3f}"),
    ("peak memory, MiB", "peak_mib", "{:,.0f}"),
)

INTRODUCTION = """# From a hundred members to a hundred thousand

`python -m benchmarks.growth` runs the scenario `{scenario}` (five members of a converged LAN die at once) at
each size and writes this page. Detection times are medians over the five, from the crash; UDP bytes are those
of the whole run, with IP headers, the crashes' gossip included. A push/pull is one member's whole state as it
goes over TCP, compressed; the column after it is what a member sends of them once all are in their rhythm
(each starts one every `push_pull_interval`, stretched with the size, and both sides send): a run of this
length has few or none. CPU and memory are those of one process on {machine}; scoring is in the memory,
not in the CPU.

![Detection time, bytes and cost against the size of the cluster](images/growth.png)

"""


END = "<!-- end of the table -->"  # the rest of the page is written by hand and kept


def measure(nodes: int, seed: int, settings: list[str]) -> dict[str, Any]:
    """Measure one size in this process."""
    scenario = serfsim.load(SCENARIO, [f"cluster.nodes={nodes}", "claims=[]", *settings])
    began = time.process_time()
    simulation = Simulation(scenario, seed)
    with no_garbage_collection():
        simulation.env.run(until=1e-3 - simulation.warm_up)  # all members have started
        setup = time.process_time() - began
        result = simulation.run(lambda share: None)
        node = next(node for node in simulation.nodes if node is not None)
        size = int(PushPull(False, node.memberlist.core).size)
    summary, rest = result.summary, push_pull_scale(scenario.cluster.config.push_pull_interval, nodes)
    detection, traffic = summary["detection"], summary["traffic"]["by_type"]
    times = {name: detection[name]["p50"] for name in ("first_suspect_s", "first_s", "full_s")}
    udp = sum(row["bytes_per_node_s"] for name, row in traffic.items() if name.startswith("udp_"))
    return {
        "nodes": nodes,
        **times,
        "false_positives": detection["false_positives"],
        "missed": detection["missed"],
        "udp_bytes_per_node_s": udp,
        "push_pull_bytes": size,
        "push_pull_bytes_per_node_s": 2.0 * size / rest,
        "setup_cpu_s": setup,
        "cpu_per_s": summary["cpu_s"] / (scenario.duration + simulation.warm_up),
        "simulated_s": scenario.duration,
        "events": summary["events_processed"],
        "peak_mib": peak_mib(),
    }


def elsewhere(nodes: int, seed: int, settings: list[str]) -> dict[str, Any]:
    """Measure one size in another process."""
    own = [sys.executable, "-m", "benchmarks.growth", "--one", str(nodes), "--seed", str(seed)]
    own += [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(own, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rows: list[dict[str, Any]]) -> str:
    lines = ["| " + " | ".join(title for title, _, _ in COLUMNS) + " |", "|" + " ---: |" * len(COLUMNS)]
    for row in rows:
        cells = ["" if row[key] is None else form.format(row[key]) for _, key, form in COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    nodes = [row["nodes"] for row in rows]
    panels = (
        ("seconds after the crash", ("first_suspect_s", "first_s", "full_s")),
        ("bytes a member and second", ("udp_bytes_per_node_s", "push_pull_bytes_per_node_s")),
        ("cost of simulating", ("cpu_per_s", "peak_mib")),
    )
    labels = {key: title.split(",")[0] for title, key, _ in COLUMNS}
    labels |= {"udp_bytes_per_node_s": "UDP", "push_pull_bytes_per_node_s": "push/pull"}
    labels |= {"cpu_per_s": "CPU s a simulated second", "peak_mib": "peak memory, MiB"}
    for axis, (title, keys) in zip(axes, panels, strict=True):
        for key in keys:
            axis.plot(nodes, [row[key] for row in rows], marker="o", label=labels[key])
        axis.set(xscale="log", xlabel="members", title=title)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    axes[0].set_ylim(bottom=0)
    axes[1].set_yscale("log")
    axes[2].set_yscale("log")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", default=SIZES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one is not None:
        print(json.dumps(measure(given.one, given.seed, given.settings)))
        return
    kept = json.loads(given.json.read_text()) if given.json and given.json.exists() else []
    known = {row["nodes"]: row for row in kept}
    for size in [int(word) for word in given.nodes.split(",")]:
        if size not in known:
            known[size] = elsewhere(size, given.seed, given.settings)
            print(json.dumps(known[size]), flush=True)
            if given.json:
                given.json.write_text(json.dumps(list(known.values())))
    rows = [known[size] for size in sorted(known)]
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    given.out.mkdir(parents=True, exist_ok=True)
    introduction = INTRODUCTION.format(scenario=SCENARIO, machine=machine)
    page = given.out / "growth.md"
    remarks = page.read_text(encoding="utf-8").partition(END)[2] if page.exists() else "\n"
    page.write_text(introduction + table(rows) + "\n" + END + remarks, encoding="utf-8")
    draw(rows, given.out / "images" / "growth.png")


if __name__ == "__main__":
    main(sys.argv[1:])
