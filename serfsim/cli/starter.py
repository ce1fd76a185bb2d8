"""The text that `serfsim new` writes; the entries of faults and workload are the verbs' own examples."""

from __future__ import annotations

from typing import Final

from serfsim.manual.schema import EDITOR_LINE
from serfsim.scenario.faults import FAULTS, Crash
from serfsim.scenario.workload import WORKLOAD


def starter(name: str) -> str:
    """Return a commented scenario with this name."""
    faults = [f"  - {Crash.example}\n"]
    faults += [f"  # - {fault.example}\n" for fault in FAULTS.values() if fault is not Crash]
    workload = [f"#   - {work.example}\n" for work in WORKLOAD.values()]
    text = STARTER.replace("FAULTS\n", "".join(faults) + "\n").replace("WORKLOAD\n", "".join(workload) + "\n")
    return text.replace("NAME", name)


STARTER: Final = f"""\
{EDITOR_LINE}
# Run this with: serfsim run NAME.yaml
# Every key has a default; a scenario may be as short as {{cluster: {{nodes: 30}}}}.
# Durations carry a unit (500us, 200ms, 5s, 2m, 1h); shares are 5% or 0.05.

name: NAME
question: Is a crashed member noticed by everybody within 20 seconds?
seed: 1                     # same scenario, same seed, same result
duration: 2m                # from the end of the warm-up
warm_up: 30s                # after the join; not scored. settled: until it is gossiped to the end

cluster:
  nodes: 30                 # named node-00, node-01, ...; or a list of {{name: ..., group: ...}}
  profile: lan              # lan, wan or local: memberlist's own defaults
  version: "0.9"            # release of Serf: 0.6, 0.7, 0.8, 0.8.1, 0.8.2, 0.9 or latest
  config: {{}}                # any setting of memberlist, Serf or Vivaldi, e.g. {{suspicion_mult: 6}}
  start: {{spread: 1s, join: first}}
  processing_delay: 400us   # what a real agent adds to every packet it answers
  push_pull_time: 1.2ms     # what it takes to serve an exchange of state, one at a time
  # groups:                 # some nodes under one name, perhaps set differently
  #   slow: {{nodes: 3, processing_delay: 20ms}}

network:
  topology: {{model: plane, size: 2ms, height: 100us..500us}}
  # line, grid, split, circle, random; matrix or graph with a file: of measured latencies
  jitter: none              # e.g. {{model: lognormal, median: 200us, sigma: 0.5}}
  loss: {{udp: 0%, tcp: 0%}}

# All times count from the end of the warm-up. Each fault takes at:, and for: or until:;
# every: repeats it, times: says how often.
faults:
FAULTS
# What members are asked to do; every: repeats it, times: says how often.
# workload:
WORKLOAD
# Checked at the end; a claim that does not hold makes the exit code 1.
claims:
  - detection.false_positives == 0
  - detection.missed == 0
  - detection.full_s.max < 20s
"""
