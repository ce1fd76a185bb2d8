"""Sweeps on a Dask cluster of two worker processes, whose workers die like any others."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import serfsim
from serfsim.base.errors import SweepError
from serfsim.scenario import Scenario
from serfsim.study.sweeps import Job, Outcome, cluster, run_all
from tests.sweeps.workers import MARKS, begun, misfortune

distributed = pytest.importorskip("distributed")

GRID = {"cluster.config.suspicion_mult": [2, 4]}


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler here and two worker processes, which remember in MARKS what they began."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARKS, str(tmp_path_factory.mktemp("marks")))
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, host="127.0.0.1", dashboard_address=None
        ) as started:
            yield started


def process_ids(started: Any) -> list[int]:
    with distributed.Client(started, set_as_default=False) as client:
        return sorted(client.run(os.getpid).values())


@pytest.mark.slow
def test_a_cluster_gives_the_table_that_this_process_gives(
    two_workers: Any, tiny: Scenario, tmp_path: Path
) -> None:
    here = serfsim.sweep(tiny, GRID, range(4), workers=1, progress=False)
    folder = tmp_path / "s"
    there = serfsim.sweep(
        tiny, GRID, range(4), out=folder, scheduler=two_workers.scheduler_address, progress=False
    )
    times = ["cpu_s", "wall_s"]
    pd.testing.assert_frame_equal(there.drop(columns=times), here.drop(columns=times))
    assert len(list((folder / "parts").iterdir())) == 8


@pytest.mark.slow
def test_a_worker_of_the_cluster_that_is_killed_midway_costs_nothing(
    two_workers: Any, tiny: Scenario, capfd: pytest.CaptureFixture[str]
) -> None:
    before = process_ids(two_workers)
    long = tiny.with_settings({"duration": "60s", "cluster.nodes": 20})
    ended: list[Outcome] = []

    def on_done(outcome: Outcome) -> None:
        ended.append(outcome)
        if len(ended) == 3:
            os.kill(before[0], signal.SIGKILL)

    outcomes = run_all(
        [Job(long, seed) for seed in range(16)], scheduler=two_workers.scheduler_address, on_done=on_done
    )
    assert [outcome.job.seed for outcome in outcomes] == list(range(16))
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert before[0] not in process_ids(two_workers)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_run_that_kills_two_workers_of_the_cluster_has_failed_and_nobody_else_is_blamed(
    two_workers: Any, tiny: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serfsim.study.sweeps.pools.carry_out", misfortune)
    seeds = range(100, 106)
    jobs = [Job(tiny.with_settings({"name": "kill-101-once-104"}), seed) for seed in seeds]
    outcomes = run_all(jobs, scheduler=two_workers.scheduler_address)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done", "done", "done", "done"]
    assert outcomes[1].error.startswith("its worker died in 2 tries: worker tcp://127.0.0.1:")
    assert [begun(seed) - 1 for seed in seeds] == [1, 2, 1, 1, 2, 1]


@pytest.mark.slow
def test_workers_with_other_code_are_refused_before_anything_runs(
    two_workers: Any, tiny: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "code_version", OtherCode())
    with pytest.raises(SweepError) as raised:
        run_all([Job(tiny, 1)], scheduler=two_workers.scheduler_address)
    address = two_workers.scheduler_address
    assert str(raised.value).startswith(f"{address}: worker tcp://127.0.0.1:")
    assert "this is 9.9.9+here: install the same version on every worker" in str(raised.value)


class OtherCode:
    """A code version that is another here than where it is sent."""

    def __call__(self) -> str:
        return "9.9.9+here"

    def __reduce__(self) -> Any:
        return (there, ())


def there() -> Any:
    from serfsim.study.sweeps.keys import code_version

    return code_version


def test_a_scheduler_that_does_not_answer_is_one_message(
    tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "ANSWER_S", 0.3)
    with pytest.raises(SweepError, match=r"^tcp://127\.0\.0\.1:9: no Dask scheduler answered within 0\.3 s$"):
        serfsim.sweep(tiny, seeds=[1], out=tmp_path / "s", scheduler="tcp://127.0.0.1:9", progress=False)
    assert capfd.readouterr() == ("", "")
    # Nothing is lost: the same sweep without the scheduler begins in the same folder.
    assert len(serfsim.sweep(tiny, seeds=[1], out=tmp_path / "s", workers=1, progress=False)) == 1


def test_what_takes_the_connection_and_says_nothing_is_no_scheduler(
    tiny: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(SweepError, match=r": no Dask scheduler answered within 0\.3 s$"):
            run_all([Job(tiny, 1)], scheduler=address)


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://127.0.0.1", "foo://127.0.0.1:1", "127.0.0.1:99999", ""]
)
def test_what_is_no_address_is_one_message(tiny: Scenario, address: str) -> None:
    with pytest.raises(SweepError, match=r"expected one such as tcp://10.0.0.5:8786"):
        run_all([Job(tiny, 1)], scheduler=address)


def test_without_the_package_it_is_told_what_to_install(
    tiny: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SweepError, match=r"pip install 'serfsim\[cluster\]'"):
        run_all([Job(tiny, 1)], scheduler="tcp://127.0.0.1:9")
