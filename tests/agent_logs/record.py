"""Record what real agents log: `python -m tests.agent_logs.record FOLDER [SITUATION ...]`.

Needs the command `serf` 0.9.4. Each situation starts agents of its own on loopback addresses, does what
SITUATIONS say, ends them by their process ids, and writes FOLDER/SITUATION.txt in the form of log.txt:

    # 6.0 event deploy by a            what was done, and when: seconds since the first agent started
         6.004 a [INFO] agent: Received event: user-event: deploy

Times are those at which the lines were read from the agents. Addresses are made those that the simulation
gives its members (10.0.0.1 for the first), and the ports of connecting sockets become PORT.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

HOSTS = {"a": "127.0.81.1", "b": "127.0.81.2", "c": "127.0.81.3", "d": "127.0.81.4"}
LINE = re.compile(r"^\s*\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[[A-Z]+\] .*)$")


class Cluster:
    """The agents of one situation, and what they have logged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start = time.monotonic()
        self.lines: list[tuple[float, str]] = []
        self.agents: dict[str, subprocess.Popen[str]] = {}
        self.lock = threading.Lock()

    @property
    def now(self) -> float:
        return time.monotonic() - self.start

    def note(self, text: str) -> None:
        with self.lock:
            self.lines.append((self.now, f"# {self.now:.1f} {text}"))

    def run(self, name: str, *options: str) -> None:
        self.note(f"start {name} {' '.join(options)}".replace(str(self.folder) + "/", "").strip())
        command = ["serf", "agent", f"-node={name}", f"-bind={HOSTS[name]}:7946", "-log-level=debug"]
        command += [f"-rpc-addr={HOSTS[name]}:7373", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.agents[name] = process
        threading.Thread(target=self._read, args=(name, process), daemon=True).start()
        time.sleep(0.5)

    def _read(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        more = False
        for line in process.stdout:
            found = LINE.match(line)
            with self.lock:
                if found:
                    self.lines.append((self.now, f"{self.now:10.3f} {name} {found[1]}"))
                elif more and line.strip():
                    # An error of several lines.
                    self.lines.append((self.now, f"{self.now:10.3f} {name} + {line.strip()}"))
            more = found is not None or (more and line.strip() != "")

    def ask(self, name: str, *words: str) -> None:
        self.note(f"{' '.join(words)} by {name}")
        command = ["serf", words[0], f"-rpc-addr={HOSTS[name]}:7373", *words[1:]]
        subprocess.run(command, capture_output=True, timeout=20, check=False)

    def signal(self, name: str, number: signal.Signals) -> None:
        self.note(f"{number.name} to {name}")
        self.agents[name].send_signal(number)

    def join(self, *names: str, options: tuple[str, ...] = ()) -> None:
        """The first starts alone, the others join it."""
        for name in names:
            join = [] if name == names[0] else [f"-retry-join={HOSTS[names[0]]}"]
            self.run(name, *join, *options)
        time.sleep(4.0)

    def end(self) -> None:
        for process in self.agents.values():
            if process.poll() is None:
                process.kill()
            process.wait(10)
        time.sleep(0.2)


def snapshots(cluster: Cluster, name: str) -> str:
    return f"-snapshot={cluster.folder}/{name}.snapshot"


def joined(cluster: Cluster) -> None:
    cluster.join("a", "b", "c")


def event(cluster: Cluster) -> None:
    joined(cluster)
    cluster.ask("a", "event", "-coalesce=false", "deploy", "42")
    time.sleep(2.0)


# Whoever is asked answers.
ANSWERING = ("-event-handler=query:uptime=echo 1",)


def query(cluster: Cluster) -> None:
    cluster.join("a", "b", "c", options=ANSWERING)
    cluster.ask("a", "query", "-timeout=3s", "uptime")
    time.sleep(2.0)


def relayed_query(cluster: Cluster) -> None:
    cluster.join("a", "b", "c", options=ANSWERING)
    cluster.ask("a", "query", "-timeout=3s", "-relay-factor=1", "uptime")
    time.sleep(2.0)


def tags(cluster: Cluster) -> None:
    joined(cluster)
    cluster.ask("b", "tags", "-set", "role=web")
    time.sleep(3.0)


def leave(cluster: Cluster) -> None:
    joined(cluster)
    cluster.ask("c", "leave")
    time.sleep(4.0)


def killed(cluster: Cluster) -> None:
    joined(cluster)
    cluster.signal("c", signal.SIGKILL)
    time.sleep(14.0)


def force_leave(cluster: Cluster) -> None:
    killed(cluster)
    cluster.ask("a", "force-leave", "c")
    time.sleep(3.0)


def prune(cluster: Cluster) -> None:
    leave(cluster)
    cluster.ask("a", "force-leave", "-prune", "c")
    time.sleep(3.0)


def restart(cluster: Cluster) -> None:
    for name in ("a", "b", "c"):
        join = [] if name == "a" else [f"-retry-join={HOSTS['a']}"]
        cluster.run(name, snapshots(cluster, name), *join)
    time.sleep(4.0)
    cluster.signal("b", signal.SIGKILL)
    time.sleep(12.0)
    cluster.run("b", snapshots(cluster, "b"), f"-retry-join={HOSTS['a']}")
    time.sleep(5.0)


def refused(cluster: Cluster) -> None:
    cluster.run("a")
    cluster.ask("a", "join", HOSTS["d"])
    time.sleep(1.0)
    cluster.run("b", f"-retry-join={HOSTS['d']}", "-retry-interval=5s")
    time.sleep(6.0)


def paused(cluster: Cluster) -> None:
    joined(cluster)
    cluster.signal("c", signal.SIGSTOP)
    time.sleep(15.0)
    cluster.signal("c", signal.SIGCONT)
    time.sleep(5.0)


def alone_with_snapshot(cluster: Cluster) -> None:
    cluster.run("a", snapshots(cluster, "a"))
    time.sleep(2.0)
    cluster.signal("a", signal.SIGKILL)
    time.sleep(0.5)
    cluster.run("a", snapshots(cluster, "a"))
    time.sleep(1.0)


def replay(cluster: Cluster) -> None:
    cluster.join("a", "b")
    for name in ("one", "two"):
        cluster.ask("a", "event", "-coalesce=false", name)
        time.sleep(1.0)
    cluster.run("c", f"-retry-join={HOSTS['a']}", "-replay")
    time.sleep(3.0)


def push_pull_refused(cluster: Cluster) -> None:
    """Both exchange state every 15 s; one is killed in the middle of it being probed."""
    cluster.join("a", "b", options=("-profile=local",))
    cluster.signal("b", signal.SIGKILL)
    time.sleep(8.0)


def reconnect(cluster: Cluster) -> None:
    joined(cluster)
    cluster.signal("c", signal.SIGKILL)
    time.sleep(75.0)


OLD_KEY, NEW_KEY = "AQEBAQEBAQEBAQEBAQEBAQ==", "AgICAgICAgICAgICAgICAg=="


def keys(cluster: Cluster) -> None:
    """A rotation in the right order, and two orders that are refused."""
    cluster.join("a", "b", "c", options=(f"-encrypt={OLD_KEY}",))
    cluster.ask("a", "keys", "-list")
    time.sleep(1.0)
    for what, key in (("-install", NEW_KEY), ("-use", NEW_KEY), ("-remove", OLD_KEY)):
        cluster.ask("a", "keys", what, key)
        time.sleep(1.0)
    for what, key in (("-remove", NEW_KEY), ("-use", OLD_KEY)):
        cluster.ask("a", "keys", what, key)
        time.sleep(1.0)


def old_key(cluster: Cluster) -> None:
    """After a rotation, one agent comes back with the old key."""
    cluster.join("a", "b", "c", options=(f"-encrypt={OLD_KEY}",))
    for what, key in (("-install", NEW_KEY), ("-use", NEW_KEY), ("-remove", OLD_KEY)):
        cluster.ask("a", "keys", what, key)
        time.sleep(1.0)
    cluster.signal("c", signal.SIGKILL)
    time.sleep(1.0)
    cluster.run("c", f"-encrypt={OLD_KEY}", f"-retry-join={HOSTS['a']}")
    time.sleep(15.0)


def plain_member(cluster: Cluster) -> None:
    """An agent without a key joins two that have one, and the other way round."""
    cluster.join("a", "b", options=(f"-encrypt={OLD_KEY}",))
    cluster.run("c", f"-retry-join={HOSTS['a']}")
    time.sleep(1.0)
    cluster.ask("a", "join", HOSTS["c"])
    time.sleep(1.0)


def no_keyring(cluster: Cluster) -> None:
    joined(cluster)
    for words in (("-list",), ("-install", NEW_KEY), ("-remove", NEW_KEY)):
        cluster.ask("a", "keys", *words)
        time.sleep(1.0)


SITUATIONS: dict[str, Callable[[Cluster], None]] = {
    "join": joined,
    "event": event,
    "query": query,
    "relayed_query": relayed_query,
    "tags": tags,
    "leave": leave,
    "killed": killed,
    "force_leave": force_leave,
    "prune": prune,
    "restart": restart,
    "refused": refused,
    "paused": paused,
    "alone_with_snapshot": alone_with_snapshot,
    "replay": replay,
    "reconnect": reconnect,
    "keys": keys,
    "old_key": old_key,
    "plain_member": plain_member,
    "no_keyring": no_keyring,
}


def normalised(text: str) -> str:
    for number, host in enumerate(HOSTS.values(), 1):
        text = re.sub(rf"{re.escape(host)}:(?!7946\b)(?!7373\b)\d+", f"10.0.0.{number}:PORT", text)
        text = text.replace(host, f"10.0.0.{number}")
    # Whoever dials a loopback address does so from 127.0.0.1.
    return re.sub(r"127\.0\.0\.1:\d+", "10.0.0.0:PORT", text)


def record(name: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        try:
            SITUATIONS[name](cluster)
            cluster.note("end")
        finally:
            cluster.end()
        lines = [normalised(line) for _, line in sorted(cluster.lines, key=lambda line: line[0])]
    last = next(i for i, line in enumerate(lines) if line.startswith("#") and line.endswith(" end"))
    (target / f"{name}.txt").write_text("\n".join(lines[:last]) + "\n")


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or SITUATIONS:
        record(name, target)
        print(name, flush=True)


if __name__ == "__main__":
    main()
