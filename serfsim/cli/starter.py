"""The text that `serfsim new` writes. NAME stands for the scenario's name."""

from typing import Final

STARTER: Final = """\
# Run this with: serfsim run NAME.yaml
# Every key has a default; a scenario may be as short as {cluster: {nodes: 30}}.
# Durations carry a unit (500us, 200ms, 5s, 2m, 1h); shares are 5% or 0.05.

name: NAME
question: Is a crashed member noticed by everybody within 20 seconds?
seed: 1                     # same scenario, same seed, same result
duration: 2m                # from the end of the warm-up
warm_up: 30s                # after the join; not scored. settled: until it is gossiped to the end

cluster:
  nodes: 30                 # named node-00, node-01, ...; or a list of {name: ..., group: ...}
  profile: lan              # lan, wan or local: memberlist's own defaults
  version: "0.9"            # release of Serf: 0.6, 0.7, 0.8, 0.8.1, 0.8.2, 0.9 or latest
  config: {}                # any setting of memberlist, Serf or Vivaldi, e.g. {suspicion_mult: 6}
  start: {spread: 1s, join: first}
  processing_delay: 400us   # what a real agent adds to every packet it answers
  push_pull_time: 1.2ms     # what it takes to serve an exchange of state, one at a time
  # groups:                 # some nodes under one name, perhaps set differently
  #   slow: {nodes: 3, processing_delay: 20ms}

network:
  topology: {model: plane, size: 2ms, height: 100us..500us}
  # line, grid, split, circle, random; matrix or graph with a file: of measured latencies
  jitter: none              # e.g. {model: lognormal, median: 200us, sigma: 0.5}
  loss: {udp: 0%, tcp: 0%}

# All times count from the end of the warm-up. Each fault takes at:, and for: or until:;
# every: repeats it, times: says how often.
faults:
  - {crash: [node-07], at: 30s}
  # - {block: udp, nodes: [node-03], direction: both, at: 30s, for: 1m}    # in, out or both
  # - {partition: [50%, rest], at: 30s, for: 30s}
  # - {loss: {udp: 30%}, nodes: all, at: 30s, for: 30s}
  # - {pause: 4, at: 30s, for: 8s, every: 20s}                             # 4 nodes at random
  # - {slow: {nodes: 20%, processing_delay: 50ms}, at: 30s, for: 30s}
  # - {latency: {add: 80ms}, nodes: [node-03], at: 30s, for: 30s}
  # - {leave: [node-05], at: 30s}
  # - {upgrade: all, to: latest, at: 30s, apart: 10s}

# What members are asked to do; every: repeats it, times: says how often.
# workload:
#   - {event: deploy, payload: 100B, from: node-00, at: 10s, every: 5s, times: 20}
#   - {query: uptime, from: node-00, at: 20s, request_ack: true, relay_factor: 1}
#   - {tags: {role: web}, nodes: [node-03], at: 30s}
#   - {force_leave: [node-07], prune: true, at: 90s}

# Checked at the end; a claim that does not hold makes the exit code 1.
claims:
  - detection.false_positives == 0
  - detection.missed == 0
  - detection.full_s.max < 20s
"""
