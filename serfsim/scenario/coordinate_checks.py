"""Checks of `cluster.coordinates`: a rival rides on Serf's probes, which have to carry coordinates."""

from __future__ import annotations

from collections.abc import Iterator

from serfsim.protocol.versions import features_of
from serfsim.rivals.coordinate_table import SERF
from serfsim.scenario.cluster import Cluster
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import releases_of


def coordinate_problems(cluster: Cluster) -> Iterator[Problem]:
    """Yield what keeps the cluster's members from running a rival of Serf's coordinates."""
    if cluster.coordinates == SERF:
        return
    path: Path = ("cluster", "coordinates")
    what = f"`{cluster.coordinates}`"
    if cluster.protocol != SERF:
        alone = "memberlist alone" if cluster.protocol == "memberlist" else cluster.protocol
        expected = "cluster.protocol: serf, whose probes carry coordinates"
        yield Problem(path, found_expected(f"{what} in a cluster of {alone}", expected))
        return
    if cluster.config.disable_coordinates:
        found = f"{what} beside `disable_coordinates`"
        yield Problem(path, found_expected(found, "coordinates that are not disabled"))
    for release in sorted(releases_of(cluster)):
        if not features_of(release).coordinates:
            found = f"{what} for members of Serf {release}, whose acks carry no coordinates"
            yield Problem(path, found_expected(found, "releases from 0.7 on"))
