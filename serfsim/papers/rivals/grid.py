"""The detectors, each with a setting that trades speed for mistakes, and the situations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from serfsim.base.errors import SerfsimError
from serfsim.papers.rivals.coordinates import coordinate_cells
from serfsim.study.reproduction import Assumption, Cell, Options, data_file

CRASH_S: Final = 30.0
HEALED_S: Final = 120.0  # the end of every situation
END_S: Final = 240.0


class Detector(NamedTuple):
    """A detector: what `cluster` gets, the key there that is varied, its values, the default among them."""

    cluster: Mapping[str, Any]
    key: tuple[str, str]
    values: tuple[Any, ...]
    default: Any


def rival(protocol: str, key: str, values: tuple[Any, ...], default: Any, **settings: Any) -> Detector:
    return Detector({"protocol": protocol, "rival": settings}, ("rival", key), values, default)


DETECTORS: Final[Mapping[str, Detector]] = {
    "Serf": Detector({}, ("config", "suspicion_mult"), (2, 4, 6, 8), 4),
    "SWIM": rival("swim", "suspicion_periods", (1.0, 3.0, 6.0), 3.0),
    "SWIM without suspicion": rival("swim", "timeout", ("300ms", "500ms", "800ms"), "500ms", suspicion=False),
    "heartbeats": rival("heartbeats", "timeout", ("2s", "5s", "10s"), "5s"),
    "NFD-S": rival("chen", "slack", ("1s", "4s", "9s"), "4s"),
    "NFD-E": rival("chen", "slack", ("1s", "4s", "9s"), "4s", estimate=True),
    "phi accrual": rival("phi", "threshold", (4.0, 8.0, 12.0), 8.0),
    "Rapid": rival("rapid", "failures", (2, 4, 8), 4),
    "HyParView": rival("hyparview", "timeout", ("2s", "5s", "10s"), "5s"),
}

REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "sa-east-1")
NETWORKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "five regions": {"model": "cloud", "provider": "aws", "regions": list(REGIONS)},
    "LAN": {"model": "plane", "size": "300us", "height": "50us..200us"},
    "PlanetLab": {"model": "matrix", "data": "planetlab"},
}
JITTER: Final = {"model": "lognormal", "fraction": "5%", "sigma": 1}

DEAF: Final = {"block": "all", "nodes": ["struck"], "direction": "in"}
SITUATIONS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "crash": (),
    "20 % loss": ({"loss": {"udp": "20%", "tcp": "20%"}, "nodes": ["all"], "at": "0s", "until": "2m"},),
    "UDP blocked": ({"block": "udp", "nodes": ["struck"], "at": "0s", "for": "2m"},),
    "one-way loss": (
        {
            "loss": {"udp": "80%", "tcp": "80%"},
            "nodes": ["struck"],
            "direction": "out",
            "at": "0s",
            "for": "2m",
        },
    ),
    "slow members": ({"pause": ["struck"], "at": "0s", "for": "5s", "every": "15s", "times": 8},),
    "zone cut off": ({"partition": [["struck"], ["sound", "crashing"]], "at": "0s", "for": "2m"},),
    "flip-flop": ({**DEAF, "at": "0s", "for": "20s", "every": "40s", "times": 3},),
}
SMALL: Final = 32
LARGE: Final = 512
AT_LARGE: Final = ("crash", "20 % loss", "UDP blocked")
MOST_SEEDS_AT_LARGE: Final = 2  # a run takes up to a minute

ASSUMPTIONS: Final = (
    Assumption("struck", "an eighth of the members", (), "chosen", "those that a situation is about"),
    Assumption("crashing", "a sixteenth of the members, 30 s after the start", (), "chosen", "never struck"),
    Assumption("start", "all know each other", (), "chosen", "joining is another question"),
)


def cells(options: Options) -> list[Cell]:
    """Return all settings in five regions, then the defaults elsewhere, then larger clusters.

    PlanetLab is left out where SERFSIM_DATA does not have it.
    """
    curves = [
        cell("five regions", SMALL, situation, name, value)
        for situation in SITUATIONS
        for name, detector in DETECTORS.items()
        for value in detector.values
    ]
    networks = ["LAN", *(["PlanetLab"] if has_planetlab() else [])]
    elsewhere = [
        cell(network, SMALL, situation, name, detector.default)
        for network in networks
        for situation in SITUATIONS
        for name, detector in DETECTORS.items()
    ]
    large = [
        cell("five regions", LARGE, situation, name, detector.default, MOST_SEEDS_AT_LARGE)
        for situation in AT_LARGE
        for name, detector in DETECTORS.items()
    ]
    return [*curves, *elsewhere, *coordinate_cells(["five regions", *networks]), *large]


def cell(
    network: str, members: int, situation: str, detector: str, value: Any, most_seeds: int | None = None
) -> Cell:
    return Cell(
        network=network,
        N=members,
        situation=situation,
        detector=detector,
        setting=str(value),
        most_seeds=most_seeds,
    )


def network_of(cell: Cell) -> dict[str, Any]:
    """Return the network of a cell."""
    return {"topology": dict(NETWORKS[str(cell["network"])]), "jitter": JITTER}


def has_planetlab() -> bool:
    try:
        data_file("netlatency/PlanetLabData_1")
    except SerfsimError:
        return False
    return True
