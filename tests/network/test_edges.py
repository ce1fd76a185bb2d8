"""First and last values: host 0, no host, the first and the last of several spells, the last timeout."""

from __future__ import annotations

from serfsim.network.addresses import NOBODY, AddressTable, Nat, NatInRetrospect
from serfsim.network.rules import ALL, BOTH, TCP, UDP, Effect, RuleSet
from serfsim.network.tcp_transfer import GIVE_UP_AFTER


def test_the_first_host_is_found_like_any_other_also_from_behind_a_nat() -> None:
    table = AddressTable([0, 1], [Nat({1: 500})])
    table.bind(0, 7)
    table.bind(1, 8)
    assert table.resolve(1, 7, UDP, 0.0) == 0
    assert table.seen == 500


def test_each_spell_of_a_way_through_a_nat_lets_in_for_its_own_time() -> None:
    nat = Nat({0: 500}, timeout=10.0)
    for now in (0.0, 5.0, 100.0, 200.0, 205.0):
        nat.goes_out(0, 7, now)
    later = NatInRetrospect(nat)
    asked = (0.0, 14.0, 16.0, 99.0, 100.0, 109.0, 111.0, 199.0, 214.0, 216.0)
    found = [later.lets_in(0, 7, UDP, now) for now in asked]
    assert found == [True, True, False, False, True, True, False, False, True, False]
    assert not later.lets_in(0, 7, TCP, 100.0)


def test_a_kernel_refuses_to_send_to_hosts_alone() -> None:
    rules = RuleSet(3)
    rules.around(Effect(refuses=True), ALL, [0, 1, 2], BOTH)
    assert rules.refusing == 1
    assert [rules.refuses(0, target, UDP) for target in (NOBODY, 0, 1, 2, 3)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_without_rules_there_is_nothing_to_ask() -> None:
    assert (RuleSet(3).count, RuleSet(3).refusing) == (0, 0)


def test_linux_gives_up_an_orphan_after_eight_timeouts() -> None:
    assert GIVE_UP_AFTER == 8
