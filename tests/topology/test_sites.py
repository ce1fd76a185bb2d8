"""Clouds, data centres and real backbones: who is where, and how far that is."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.base.errors import ScenarioError
from serfsim.native import Random
from serfsim.topology import Topology, build_topology
from serfsim.topology.backbone import full_name, load_network, networks
from serfsim.topology.fibre import FIBRE_KM_PER_S, fibre_s, great_circle_km, route_km
from serfsim.topology.regions import DEFAULT_REGIONS, PROVIDERS
from serfsim.topology.report import report_topology


def build(n: int, groups: list[str] | None = None, **spec: object) -> Topology:
    return build_topology(spec, n, Random(1), [f"node-{i}" for i in range(n)], ".", groups)


# Distance -------------------------------------------------------------------------------------------


def test_light_in_fibre_takes_about_a_hundredth_of_a_millisecond_a_kilometre_and_back() -> None:
    assert pytest.approx(204_218, abs=1) == FIBRE_KM_PER_S
    assert 2 * fibre_s(1.0) == pytest.approx(9.79e-6, rel=1e-3)


def test_great_circles_are_as_long_as_they_are() -> None:
    paris, new_york, sydney = (48.86, 2.35), (40.71, -74.01), (-33.87, 151.21)
    assert great_circle_km(paris, new_york) == pytest.approx(5837, abs=15)
    assert great_circle_km(paris, sydney) == pytest.approx(16960, abs=40)
    assert great_circle_km(paris, paris) == 0.0
    assert great_circle_km((0.0, 0.0), (0.0, 180.0)) == pytest.approx(np.pi * 6371.0088)


def test_a_route_is_longer_than_the_air_line_and_never_shorter_than_that_of_a_shorter_one() -> None:
    assert [route_km(km) for km in (0, 100, 1000, 1100, 1200, 2000)] == [0, 150, 1500, 1500, 1500, 2500]
    lengths = [route_km(float(km)) for km in range(3000)]
    assert lengths == sorted(lengths)


# Clouds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_region_is_on_earth_and_each_name_is_there_once(provider: str) -> None:
    regions = PROVIDERS[provider]
    assert all(-60 < region.latitude < 72 and -180 < region.longitude <= 180 for region in regions.values())
    assert all(len(set(region.zones)) == len(region.zones) for region in regions.values())
    assert set(DEFAULT_REGIONS[provider]) <= set(regions)
    topology = build(2 * len(regions), model="cloud", provider=provider, regions="all", zones=2)
    assert (topology.rtt_matrix()[~np.eye(topology.n, dtype=bool)] > 0).all()


def test_round_trips_of_a_cloud_are_those_of_zone_region_and_fibre() -> None:
    topology = build(6, model="cloud", regions=["us-east-1", "eu-west-1"], zones=2)
    assert topology.places == (
        "us-east-1a", "eu-west-1a", "us-east-1b", "eu-west-1b", "us-east-1a", "eu-west-1a",
    )  # fmt: skip
    km = great_circle_km((39.04, -77.49), (53.35, -6.26))
    across = 0.006 + 1.65 * 2 * fibre_s(km)
    assert 0.09 < across < 0.1
    assert topology.rtt_row(0) == pytest.approx([0, across, 1e-3, across, 300e-6, across])
    assert topology.locations is not None
    assert topology.locations[1].tolist() == [53.35, -6.26]
    tuned = build(
        3,
        model="cloud",
        regions=["us-east-1", "eu-west-1"],
        zones=1,
        path_factor=1.0,
        overhead=0.0,
        in_zone=1e-3,
    )
    assert tuned.rtt_row(0) == pytest.approx([0, 2 * fibre_s(km), 1e-3])


def test_a_region_has_no_more_zones_than_its_provider_built() -> None:
    places = build(12, model="cloud", provider="aws", regions=["us-west-1"], zones=6).places
    assert sorted(set(places or ())) == ["us-west-1a", "us-west-1c"]
    azure = build(4, model="cloud", provider="azure", regions=["East US", "UK West"], zones=9)
    assert azure.places == ("eastus-1", "ukwest", "eastus-2", "eastus-3")
    gcp = build(2, model="cloud", provider="gcp", regions="us-east1")
    assert gcp.places == ("us-east1-b", "us-east1-c")


def test_nodes_and_groups_are_put_into_regions_whose_zones_they_take_in_turn() -> None:
    topology = build(
        5,
        ["web", "web", "web", "", "db"],
        model="cloud",
        regions=["us-east-1", "eu-west-1"],
        place={"web": "eu-west-1", "node-3": "us-east-1c", "rest": "us-east-1", "node-1": "eu-west-1c"},
    )
    assert topology.places == ("eu-west-1a", "eu-west-1c", "eu-west-1b", "us-east-1c", "us-east-1a")


def test_in_blocks_neighbours_in_number_share_a_place() -> None:
    cloud = build(6, model="cloud", regions=["us-east-1", "eu-west-1"], zones=1, place="in_blocks")
    assert cloud.places == ("us-east-1a",) * 3 + ("eu-west-1a",) * 3
    racks = build(4, model="datacenter", zones=2, racks=2, place="in_blocks").places
    assert racks == ("zone-1/rack-1", "zone-1/rack-2", "zone-2/rack-1", "zone-2/rack-2")


# Data centres ---------------------------------------------------------------------------------------


def test_round_trips_of_a_data_center_are_those_of_the_narrowest_place_shared() -> None:
    topology = build(9, model="datacenter", regions=2, zones=2, racks=2, in_rack=1e-5)
    ways = [(region, zone, rack) for rack in (1, 2) for zone in (1, 2) for region in (1, 2)]
    labels = [f"region-{region}/zone-{zone}/rack-{rack}" for region, zone, rack in ways]
    assert topology.places == (*labels, labels[0])
    expected = [0, 0.03, 800e-6, 0.03, 200e-6, 0.03, 800e-6, 0.03, 1e-5]
    assert topology.rtt_row(0) == pytest.approx(expected)
    assert report_topology(topology).violated_share == 0.0  # a tree's metric


def test_names_of_racks_sort_as_racks_do() -> None:
    places = build(40, model="datacenter", zones=1, racks=12).places or ()
    assert places[:12] == tuple(f"zone-1/rack-{number:02d}" for number in range(1, 13))


def test_a_zone_and_a_region_are_places_too() -> None:
    topology = build(
        3,
        model="datacenter",
        regions=2,
        place={"node-0": "region-2", "node-1": "region-2/zone-3", "node-2": "region-1/zone-1/rack-4"},
    )
    assert topology.places == ("region-2/zone-1/rack-1", "region-2/zone-3/rack-1", "region-1/zone-1/rack-4")
    with pytest.raises(ScenarioError, match=r"no place called 'region-3'.*did you mean 'region-"):
        build(1, model="datacenter", regions=2, place={"node-0": "region-3"})


# Backbones ------------------------------------------------------------------------------------------


def test_abilene_is_eleven_cities_of_which_new_york_and_los_angeles_are_sixty_milliseconds_apart() -> None:
    topology = build(11, model="backbone", network="Abilene")
    places = topology.places or ()
    assert len(set(places)) == 11
    rtt = topology.rtt_row(places.index("New York"))
    assert rtt[places.index("Los Angeles")] == pytest.approx(0.060, abs=0.005)
    # One link of 1146 km, which is 1500 km of fibre, and half a router at either end.
    assert rtt[places.index("Chicago")] == pytest.approx(2 * (1500 / FIBRE_KM_PER_S + 20e-6))
    assert topology.locations is not None
    assert topology.locations[places.index("Chicago")].tolist() == [41.85, -87.65]


def test_a_path_factor_replaces_the_rule_of_thumb() -> None:
    once = build(11, model="backbone", network="Abilene", path_factor=1.0, hop=0.0).rtt_matrix()
    twice = build(11, model="backbone", network="Abilene", path_factor=2.0, hop=0.0).rtt_matrix()
    assert twice == pytest.approx(2 * once)
    hops = build(11, model="backbone", network="Abilene", path_factor=1.0, hop=1e-3).rtt_matrix()
    assert ((hops - once)[~np.eye(11, dtype=bool)] > 1.99e-3).all()


def test_places_of_one_name_are_told_apart_and_places_in_one_city_are_not_at_one_point() -> None:
    graph = load_network("topozoo/BtEurope", hop=20e-6)
    assert {"London", "London 2"} <= set(graph.nodes)
    n = len(graph)
    assert (build(n, model="backbone", network="BtEurope").rtt_matrix()[~np.eye(n, dtype=bool)] > 0).all()
    with pytest.raises(ScenarioError, match=r"found 0 ms between 'London'.*or access:"):
        build(n, model="backbone", network="BtEurope", hop=0.0)


def test_nobody_stands_where_a_cable_bends() -> None:
    topology = build(30, model="backbone", network="backbone/africa")
    assert not any(place.startswith("#") for place in topology.places or ())
    with pytest.raises(ScenarioError, match=r"found 11 places for 12 nodes.*or access:"):
        build(12, model="backbone", network="Abilene")
    shared = build(12, model="backbone", network="Abilene", access=(1e-4, 1e-4))
    assert shared.rtt_row(0)[11] == pytest.approx(4e-4)


def test_networks_have_short_names_where_these_are_clear() -> None:
    assert len(networks()) > 300
    assert full_name("germany50") == "sndlib/germany50"
    assert (full_name("Abilene"), full_name("abilene")) == ("topozoo/Abilene", "sndlib/abilene")
    assert full_name("topozoo/geant2012") == "topozoo/Geant2012"
    with pytest.raises(
        ScenarioError, match="'ABILENE', which is short for sndlib/abilene and topozoo/Abilene"
    ):
        full_name("ABILENE")
    for name in ("Abileen", "topozoo/Abileen"):
        with pytest.raises(ScenarioError, match="did you mean topozoo/Abilene") as caught:
            build(3, model="backbone", network=name)
        assert "--list" in str(caught.value)
    with pytest.raises(ScenarioError, match="found 'data'"):
        full_name("data")


BAD = {
    "provider": ({"model": "cloud", "provider": "ibm"}, "found 'ibm'; expected aws, azure, gcp"),
    "region": ({"model": "cloud", "regions": ["us-east-7"]}, "found 'us-east-7'; expected a region of aws"),
    "network": ({"model": "backbone"}, "topology.network: found nothing"),
    "group": (
        {"model": "cloud", "place": {"node-0": "us-east-1", "dbs": "eu-west-1"}},
        "topology.place: found 'dbs'; expected the name of a node or a group; did you mean 'db'?",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_there_is_one_clear_message(kind: str) -> None:
    spec, part = BAD[kind]
    with pytest.raises(ScenarioError) as caught:
        build(2, ["", "db"], **spec)
    assert part in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
