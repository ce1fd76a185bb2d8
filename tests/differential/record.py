"""Make new vectors with the real packages: `python -m tests.differential.record FOLDER`.

It needs Go and the sources of memberlist and Serf in a GOPATH; Debian's are in the packages
golang-github-hashicorp-memberlist-dev and golang-github-hashicorp-serf-dev.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.differential.replaying import ENDING

GOPATH = Path("/usr/share/gocode")
OURS = Path(__file__).parent / "go"
PACKAGES = Path("src/github.com/hashicorp")
LONGEST_S = 3600


@dataclass(frozen=True)
class Source:
    """The Go test that writes a kind of vectors, and how many seeds it takes unless that is said.

    `most`: what runs in real time takes no more seeds at once.
    """

    package: str
    test: str
    seeds: int
    most: int | None = None


SOURCES = {
    "ml": Source("memberlist", "TestState", 600),
    "cp": Source("memberlist", "TestDatagrams", 500),
    "q": Source("memberlist", "TestQueue", 400),
    "probe": Source("memberlist", "TestProbeRounds", 40, most=40),
    "net": Source("memberlist", "TestCluster", 60),
    "keys": Source("memberlist", "TestKeyring", 60),
    "vp": Source("memberlist", "TestVersions", 4000),
    "ms": Source("memberlist", "TestSizes", 3000),
    "size": Source("serf/serf", "TestSizes", 4000),
    "serf": Source("serf/serf", "TestHandlers", 300),
    "co": Source("serf/serf", "TestCoalescers", 30, most=60),
    "ef": Source("serf/cmd/serf/command/agent", "TestFilters", 3000),
    "sn": Source("serf/serf", "TestSnapshots", 150),
}


def prepare(folder: Path, gopath: Path) -> None:
    """Copy the real packages into a GOPATH of our own, with our tests beside their sources."""
    for package in sorted({source.package for source in SOURCES.values()}):
        copy = folder / PACKAGES / package
        shutil.copytree(gopath / PACKAGES / package, copy, ignore=shutil.ignore_patterns("*_test.go"))
        for test in sorted((OURS / Path(package).name).glob("*_test.go")):
            shutil.copy(test, copy)


def record(name: str, folder: Path, own: Path, gopath: Path, seeds: int, first: int) -> Path:
    """Write the vectors of one kind and return their file."""
    source = SOURCES[name]
    plain = folder / f"{name}.jsonl"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": f"{own}:{gopath}",
        "GOFLAGS": "-mod=",
        "GOCACHE": str(own / "cache"),
        "SEEDS": str(min(seeds, source.most or seeds)),
        "FIRST": str(first),
        "OUT": str(plain.resolve()),
    }
    package = f"github.com/hashicorp/{source.package}"
    command = ["go", "test", "-vet=off", f"-timeout={LONGEST_S}s", package, "-run", f"^{source.test}$"]
    subprocess.run(command, check=True, env=environment, cwd=own)
    packed = folder / f"{name}{ENDING}"
    with plain.open("rb") as content, gzip.GzipFile(packed, "wb", compresslevel=9, mtime=0) as out:
        shutil.copyfileobj(content, out)
    plain.unlink()
    return packed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential.record", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the vectors go")
    parser.add_argument("--names", help="only these kinds, with commas between them")
    parser.add_argument("--seeds", type=int, help="of each kind; those of the committed vectors unless given")
    parser.add_argument("--first", type=int, default=0, help="the first seed, an even number")
    parser.add_argument("--gopath", type=Path, default=GOPATH, help="where the real packages are")
    chosen = parser.parse_args(arguments)
    if chosen.first % 2:
        parser.error(f"--first: found {chosen.first}; expected an even number, since odd seeds reclaim names")
    if not (chosen.gopath / PACKAGES / "memberlist").is_dir():
        parser.error(f"--gopath: no {PACKAGES}/memberlist in {chosen.gopath}")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(scratch)
        prepare(own, chosen.gopath)
        for name in chosen.names.split(",") if chosen.names else SOURCES:
            seeds = chosen.seeds or SOURCES[name].seeds
            print(record(name, chosen.folder, own, chosen.gopath, seeds, chosen.first), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
