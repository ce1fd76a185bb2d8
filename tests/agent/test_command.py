"""`serfsim agent` as people type it: what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serfsim.cli.app import app
from tests.agent.real import OurProcess, Ours, ended, host, repeated, until


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--bind", "127.0.0.1:x"],
            "--bind: found '127.0.0.1:x'; expected HOST:PORT, such as 127.0.0.1:7946",
        ),
        (["--bind", "0.0.0.0:0"], "--bind: found '0.0.0.0'; expected an address the other members can reach"),
        (["--join", "10.9.8.7"], "--bind: found '127.0.0.1'; expected an address that 10.9.8.7 can reach"),
        (["--tag", "role"], "--tag: found 'role'; expected KEY=VALUE"),
        (
            ["--encrypt", "secret!"],
            "--encrypt: found what is not base64; expected a key of 16, 24 or 32 bytes",
        ),
        (
            ["--label", "x" * 256],
            "label: found 256 bytes; expected at most 255",
        ),
        (
            ["--encrypt", "c2VjcmV0"],
            "--encrypt: found a key of 6 bytes; expected a key of 16, 24 or 32 bytes",
        ),
        (["--bind", "127.0.0.1:0", "--tag", f"k={'v' * 600}"], "tags: found 607 bytes once encoded"),
        (["--bind", "127.0.0.1:0", "--join", "127.0.0.1:1"], "--join: no answer from 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_message(options: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["agent", "--node", "a", *options])
    assert done.exit_code == 2
    assert message in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.slow
def test_a_process_leaves_on_interruption_and_just_ends_on_termination(tmp_path: Path) -> None:
    async def scene() -> None:
        ours = Ours("stayer", 51)
        await ours.begin()
        leaver = OurProcess(tmp_path, "leaver", 52, (ours.address,), "--answer", "hello=here", "--tag", "a=b")
        other = OurProcess(tmp_path, "other", 53, (ours.address,))
        with ended(leaver, other):
            try:
                await until(lambda: ours.status("leaver") == ours.status("other") == "alive")

                async def is_answered() -> bool:
                    return (await ours.query("hello")).responses == {"leaver": b"here"}

                await repeated(is_answered)
                leaver.signal(signal.SIGINT)
                other.signal(signal.SIGTERM)
                await until(lambda: leaver.process.poll() is not None and other.process.poll() is not None)
                assert (leaver.process.returncode, other.process.returncode) == (0, 130), (
                    leaver.log + other.log
                )
                await until(lambda: ours.status("leaver") == "left")
                assert ours.status("other") == "alive"
                assert f"agent leaver on {host(52)}:7946" in leaver.log
                assert "EventMemberJoin: stayer" in leaver.log
            finally:
                ours.close()

    asyncio.run(scene())
