"""Addresses of hosts, and what NAT lets through."""

from __future__ import annotations

import pytest

from serfsim.network.addresses import NOBODY, AddressTable, Nat
from serfsim.network.rules import TCP, UDP

OUTSIDE, PEER = 500, 7
"""Outside address of host 0; address of host 2, which is behind no NAT. Host 1 is behind host 0's."""


def table(**settings: bool | float) -> AddressTable:
    made = AddressTable([1, 1, 0], [Nat({0: OUTSIDE, 1: OUTSIDE + 1}, **settings)])  # type: ignore[arg-type]
    for host, address in enumerate((5, 6, PEER)):
        made.bind(host, address)
    return made


def test_a_host_that_moves_leaves_nobody_at_its_old_address() -> None:
    made = AddressTable([0, 0], [])
    made.bind(0, 5)
    made.bind(1, 6)
    made.bind(1, 9)
    assert [made.resolve(0, address, UDP, 0.0) for address in (5, 6, 9)] == [0, NOBODY, 1]
    assert made.seen == 5


def test_a_host_that_takes_the_address_of_another_is_alone_there() -> None:
    made = AddressTable([0, 0], [])
    made.reserve(0, 5)
    made.reserve(1, 5)
    assert made.holder(0, 5) == 0
    made.bind(1, 5)
    assert (made.holder(0, 5), made.has(0, 5)) == (1, False)
    made.bind(0, 8)
    assert made.holder(0, 5) == 1, "its own move does not evict the other"


def test_hosts_behind_one_nat_see_each_others_own_addresses() -> None:
    made = table()
    assert (made.resolve(0, 6, UDP, 0.0), made.seen) == (1, 5)


def test_a_host_outside_sees_the_outside_address_and_reaches_no_inner_one() -> None:
    made = table(forward=True)
    assert (made.resolve(0, PEER, UDP, 0.0), made.seen) == (2, OUTSIDE)
    assert [made.resolve(2, address, UDP, 0.0) for address in (5, OUTSIDE, OUTSIDE + 1)] == [NOBODY, 0, 1]


@pytest.mark.parametrize(("after", "found"), [(29.0, 0), (31.0, NOBODY)])
def test_a_packet_from_inside_opens_the_way_back_for_a_time(after: float, found: int) -> None:
    made = table()
    assert made.resolve(2, OUTSIDE, UDP, 0.0) == NOBODY
    made.resolve(0, PEER, UDP, 1.0)
    assert made.resolve(2, OUTSIDE + 1, UDP, 2.0) == NOBODY, "the way is open to one host"
    assert made.resolve(2, OUTSIDE, TCP, 2.0) == NOBODY, "and not for connections"
    assert made.resolve(2, OUTSIDE, UDP, 1.0 + after) == found


def test_each_packet_keeps_the_way_open() -> None:
    made = table(timeout=10.0)
    made.resolve(0, PEER, UDP, 0.0)
    assert [made.resolve(2, OUTSIDE, UDP, t) for t in (8.0, 16.0, 27.0)] == [0, 0, NOBODY]


@pytest.mark.parametrize(("hairpin", "found"), [(False, NOBODY), (True, 1)])
def test_only_with_hairpin_a_host_inside_reaches_another_by_its_outside_address(
    hairpin: bool, found: int
) -> None:
    made = table(forward=True, hairpin=hairpin)
    assert made.resolve(0, OUTSIDE + 1, UDP, 0.0) == found
    assert not hairpin or made.seen == OUTSIDE


def test_two_nats_may_have_the_same_addresses_inside() -> None:
    nats = [Nat({0: 100, 1: 101}, forward=True), Nat({2: 200}, forward=True)]
    made = AddressTable([1, 1, 2], nats)
    for host, address in enumerate((5, 6, 5)):
        made.bind(host, address)
    assert [made.resolve(1, address, TCP, 0.0) for address in (5, 200)] == [0, 2]
    assert [made.resolve(2, address, TCP, 0.0) for address in (6, 100)] == [NOBODY, 0]
