"""The K rings by which members observe each other (section 4.1): an expander graph with high probability.

Ring k is a pseudo-random permutation of the members, sorted by a hash with the seed k. Each member observes
the one before it in every ring, its subject, so that it is observed by the one behind it.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64

MASK: Final = 0xFFFFFFFF
SPAN: Final = 1 << 52
BITS_OF_MEMBER: Final = 20  # of a place in a ring; they order members whose hashes are equal


def place_of(member: i64, ring: i64) -> i64:
    """Return a member's place in a ring, 0 to SPAN - 1; no two members have the same."""
    x: i64 = (member * 0x9E3779B1 + ring * 0x85EBCA77 + 0x165667B1) & MASK
    step = 0
    while step < 3:
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & MASK
        step += 1
    return ((x ^ (x >> 16)) << BITS_OF_MEMBER) | member


def observers_of(member: i64, members: list[int], rings: i64) -> list[int]:
    """Return the next member in each ring, also of one that is not in it yet; empty if there is no other."""
    return _neighbours(member, members, rings, 1)


def subjects_of(member: i64, members: list[int], rings: i64) -> list[int]:
    """Return the member before this one in each ring; empty if there is no other."""
    return _neighbours(member, members, rings, -1)


def _neighbours(member: i64, members: list[int], rings: i64, direction: i64) -> list[int]:
    found: list[int] = []
    ring: i64 = 0
    while ring < rings:
        own: i64 = place_of(member, ring)
        nearest: i64 = -1
        shortest: i64 = SPAN
        for each in members:
            other: i64 = each
            if other != member:
                distance: i64 = (place_of(other, ring) - own) * direction
                if distance < 0:
                    distance += SPAN
                if distance < shortest:
                    shortest = distance
                    nearest = other
        if nearest >= 0:
            found.append(nearest)
        ring += 1
    return found
