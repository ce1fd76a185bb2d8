"""Defects to plant in a copy of serfsim: small replacements of its source, as mistakes are.

No line here is run in serfsim itself; `tests.swarm.planted` applies one at a time to a copy.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Defect(NamedTuple):
    """A replacement of `old`, which occurs once in `file` of the package, by `new`; `also`: more."""

    name: str
    what: str
    file: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()


DEFECTS: Final = (
    Defect(
        "suspicion_off_by_one",
        "the least suspicion is one suspicion_mult too short",
        "protocol/memberlist/suspicion.py",
        "self._minimum = suspicion_timeout(config.suspicion_mult, n, config.probe_interval)",
        "self._minimum = suspicion_timeout(config.suspicion_mult - 1, n, config.probe_interval)",
    ),
    Defect(
        "suspicion_forgets_confirmations",
        "a confirmation of an accuser that has been counted counts again",
        "protocol/memberlist/suspicion.py",
        "            if i64(known) == from_node:\n                return False\n",
        "            if i64(known) == from_node:\n                break\n",
    ),
    Defect(
        "lost_ack",
        "every seventh ping is not acked",
        "protocol/memberlist/relay.py",
        "        payload = core.delegate.ack_payload()\n",
        "        if packet.seq % 7 == 0:\n            return\n"
        "        payload = core.delegate.ack_payload()\n",
    ),
    Defect(
        "ack_of_another_round",
        "an ack of any round ends the one in progress",
        "protocol/memberlist/probe.py",
        "        if seq != self.seq:\n            return False\n        if self.phase == ASKING:",
        "        if self.phase == ASKING:",
    ),
    Defect(
        "nack_counted_twice",
        "a nack counts twice",
        "protocol/memberlist/probe.py",
        "            self.nacks += 1\n",
        "            self.nacks += 2\n",
    ),
    Defect(
        "probe_never_ends",
        "a probe that fails leaves the prober in its round",
        "protocol/memberlist/probe.py",
        "        core.notify(now, events.SUSPECT, self.target, 1 if changed else 0)\n"
        "        self._end(now)\n",
        "        core.notify(now, events.SUSPECT, self.target, 1 if changed else 0)\n",
    ),
    Defect(
        "ring_misses_one",
        "the probe order never comes to the last member of the ring",
        "protocol/memberlist/probe_order.py",
        "            if self.place >= members.count:\n",
        "            if self.place >= members.count - 1:\n",
    ),
    Defect(
        "stale_incarnation_accepted",
        "a suspect message one incarnation too old is believed",
        "protocol/memberlist/state.py",
        "            self._pass_on_unknown(message, now)\n            return False\n"
        "        if message.incarnation < key >> 2:\n            return False\n",
        "            self._pass_on_unknown(message, now)\n            return False\n"
        "        if message.incarnation < (key >> 2) - 1:\n            return False\n",
    ),
    Defect(
        "alive_of_equal_incarnation",
        "an alive message of the same incarnation clears a suspicion",
        "protocol/memberlist/state.py",
        "        elif message.incarnation <= key >> 2 and not is_new_address:\n",
        "        elif message.incarnation < key >> 2 and not is_new_address:\n",
        (  # shortcuts before it, which know the same rule
            (
                "if may_be_old and members.changes is None and message.incarnation <= keys[node] >> 2:",
                "if may_be_old and members.changes is None and message.incarnation < keys[node] >> 2:",
            ),
            (
                "        if key != UNKNOWN and node != core.me and message.incarnation <= key >> 2:\n",
                "        if key != UNKNOWN and node != core.me and message.incarnation < key >> 2:\n",
            ),
        ),
    ),
    Defect(
        "refutation_of_equal_incarnation",
        "a refutation has the incarnation of the accusation",
        "protocol/memberlist/state.py",
        "        core.next_incarnation()\n        if accused >= core.incarnation:\n"
        "            core.incarnation = accused + 1 & LARGEST_U32\n",
        "        if accused >= core.incarnation:\n            core.incarnation = accused\n",
    ),
    Defect(
        "refutation_not_told",
        "a member refutes to itself alone",
        "protocol/memberlist/state.py",
        "        core.queue(message, OWN_ADDRESS if self.features.refutes_by_address else core.me, now)\n",
        "",
    ),
    Defect(
        "left_counts_as_dead",
        "a leave is taken for a failure",
        "protocol/memberlist/state.py",
        "            state = STATE_LEFT\n        members.set(node, state",
        "            state = STATE_DEAD\n        members.set(node, state",
    ),
    Defect(
        "queue_forgets",
        "a broadcast is dropped after one transmission less than it should have",
        "protocol/memberlist/broadcast.py",
        "        if tier < self._limit:\n",
        "        if tier < self._limit - 1:\n",
    ),
    Defect(
        "queue_repeats",
        "a broadcast is sent once more than the limit",
        "protocol/memberlist/broadcast.py",
        "        if tier < self._limit:\n",
        "        if tier < self._limit + 1:\n",
    ),
    Defect(
        "gossip_to_nobody",
        "gossip chooses no member",
        "protocol/memberlist/gossip.py",
        "        self._targets = self.choice.choose(now)[::-1]",
        "        self._targets = self.choice.choose(now)[:0]",
    ),
    Defect(
        "push_pull_without_the_dead",
        "a push/pull does not tell of the dead",
        "protocol/memberlist/push_pull.py",
        "        elif state != STATE_LEFT:  # dead members are only suspected\n",
        "        elif state == STATE_DEAD:\n            return\n        elif state != STATE_LEFT:\n",
    ),
    Defect(
        "forgotten_too_soon",
        "the dead are forgotten after a tenth of their time",
        "protocol/memberlist/members.py",
        "            if is_gone and now - self.dead_since(node) > dead_time:\n",
        "            if is_gone and now - self.dead_since(node) > dead_time / 10.0:\n",
    ),
    Defect(
        "health_without_limit",
        "the health score grows beyond awareness_max_multiplier",
        "protocol/memberlist/awareness.py",
        "        if score > self.max_multiplier - 1:\n            score = self.max_multiplier - 1\n",
        "        if score > self.max_multiplier:\n            score = self.max_multiplier\n",
    ),
    Defect(
        "lamport_stands",
        "a Lamport clock does not follow what it has seen",
        "protocol/serf/core.py",
        "            self.counter = seen + 1\n",
        "            pass\n",
    ),
    Defect(
        "lamport_falls",
        "a Lamport clock follows an older time back",
        "protocol/serf/core.py",
        "        if seen >= self.counter:\n            self.counter",
        "        if seen != self.counter - 1:\n            self.counter",
    ),
    Defect(
        "event_delivered_twice",
        "an event that is known is delivered again",
        "protocol/serf/events.py",
        "                if known.is_same(event):\n                    return False\n",
        "                if known is event:\n                    return False\n",
    ),
    Defect(
        "answer_after_the_deadline",
        "an answer to a query counts after its deadline",
        "protocol/serf/outgoing_queries.py",
        "        core.runtime.call_at(opened.deadline, QUERY_CLOSE, ltime, 0)\n",
        "        core.runtime.call_at(opened.deadline + 5.0, QUERY_CLOSE, ltime, 0)\n"
        "        opened.deadline += 5.0\n",
    ),
    Defect(
        "stale_intent_accepted",
        "a leave intent of an older Lamport time is believed",
        "protocol/serf/intents.py",
        "            return self.core.recent_intents.buffer(node, LEAVE, ltime, now)\n"
        "        if ltime <= members.status_ltime(node):\n            return False\n",
        "            return self.core.recent_intents.buffer(node, LEAVE, ltime, now)\n"
        "        if ltime < members.status_ltime(node) - 3:\n            return False\n",
    ),
    Defect(
        "coordinate_explodes",
        "the force of a measured round trip grows without bound",
        "protocol/vivaldi/client.py",
        "        draft.push(config, delta * (rtt - distance), other, separation, self.uniforms)\n",
        "        draft.push(config, 1e9 * (rtt - distance), other, separation, self.uniforms)\n",
    ),
    Defect(
        "any_key_opens",
        "a message under any key is read",
        "protocol/memberlist/gate.py",
        '        return "" if keys.has(seal.key) and seal.label == self.label else WRONG_KEYS\n',
        '        return ""\n',
    ),
    Defect(
        "plain_passes",
        "a message without encryption is read where there are keys",
        "protocol/memberlist/gate.py",
        '            return plain if self.core.config.gossip_verify_incoming else ""\n',
        '            return ""\n',
    ),
)
