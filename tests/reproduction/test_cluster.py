"""A paper on a Dask cluster."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import serfsim
from serfsim.base.errors import SerfsimError

distributed = pytest.importorskip("distributed")


@pytest.mark.slow
def test_a_cluster_gives_the_rows_of_this_process(papers: Path) -> None:
    here = serfsim.reproduce("tiny", seeds="1-2", workers=1, progress=False)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        there = serfsim.reproduce("tiny", seeds="1-2", scheduler=cluster.scheduler_address, progress=False)
    assert there.failed == []
    drop = ["cpu_s"]
    pd.testing.assert_frame_equal(there.rows.drop(columns=drop), here.rows.drop(columns=drop))


@pytest.mark.slow
def test_an_address_without_a_scheduler_is_refused(papers: Path) -> None:
    with pytest.raises(SerfsimError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler"):
        serfsim.reproduce("tiny", scheduler="tcp://127.0.0.1:9", progress=False)
