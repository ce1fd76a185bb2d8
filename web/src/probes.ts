/** Probes: the packets of each, in order, and which probe an event is about. */

import type { Recording } from "./recording";
import { Groups, upTo } from "./search";
import { ACK, FALLBACK, INDIRECT, NACK, PING, PACKET_KINDS } from "./vocabulary";

export interface Probe {
  readonly number: number;
  readonly prober: number;
  readonly target: number;
  /** Rows of the packet table. */
  readonly rows: Uint32Array;
  readonly begins: number;
  readonly ends: number;
}

/** Events that a probe of their observer led to. */
const BY_PROBE = new Set(["failed_ping", "suspect", "tcp_fallback", "tcp_fallback_error"]);

export class Probes {
  private readonly byProbe: Groups;
  private readonly begunBy: Groups;
  private readonly first: Uint32Array;
  private readonly firstSent: Float64Array;

  constructor(private readonly recording: Recording) {
    const { packets, size } = recording;
    let most = 0;
    for (const number of packets.probe) if (number > most) most = number;
    this.byProbe = new Groups(packets.probe, most + 1);
    this.first = new Uint32Array(most + 1);
    this.firstSent = new Float64Array(most + 1);
    const prober = new Int32Array(most + 1).fill(-1);
    for (let number = 1; number <= most; number++) {
      const rows = this.byProbe.of(number);
      if (rows.length === 0) continue;
      this.first[number] = rows[0];
      this.firstSent[number] = packets.sent[rows[0]];
      prober[number] = packets.source[rows[0]];
    }
    this.begunBy = new Groups(prober, size);
  }

  get(number: number): Probe | null {
    if (number <= 0 || number >= this.first.length) return null;
    const { packets } = this.recording;
    const rows = this.byProbe.of(number);
    if (rows.length === 0) return null;
    const last = rows[rows.length - 1];
    const arrives = packets.arrives[last];
    const [prober, target] = [packets.source[rows[0]], packets.about[rows[0]]];
    const begins = packets.sent[rows[0]];
    return { number, prober, target, rows, begins, ends: Number.isNaN(arrives) ? packets.sent[last] : arrives };
  }

  /** The latest probe that a member had begun by `t`, of `target` if given. */
  latest(prober: number, t: number, target = -1): Probe | null {
    const numbers = this.begunBy.of(prober);
    let at = this.begunBy.upTo(prober, this.firstSent, t);
    for (let steps = 0; at > 0 && steps < 500; steps++) {
      const number = numbers[--at];
      if (target < 0 || this.recording.packets.about[this.first[number]] === target) return this.get(number);
    }
    return null;
  }

  /** The probe that an event comes from. */
  ofEvent(row: number): Probe | null {
    const { events } = this.recording;
    if (!BY_PROBE.has(events.kinds[events.kind[row]])) return null;
    return this.latest(events.observer[row], events.t[row] + 1e-6, events.subject[row]);
  }

  /** A packet of a probe in words. */
  say(probe: Probe, row: number): string {
    const { packets } = this.recording;
    const from = this.recording.name(packets.source[row]);
    const to = this.recording.name(packets.target[row]);
    const lost = Number.isNaN(packets.arrives[row]) ? ", lost" : "";
    const segment = packets.segments[packets.segment[row]];
    const kind = packets.kind[row];
    const target = this.recording.name(probe.target);
    if (kind === INDIRECT) return `${from} asks ${to} to ping ${target}${lost}`;
    if (kind === PING) return `${from} pings ${to}${packets.source[row] === probe.prober ? "" : " for it"}${lost}`;
    if (kind === ACK) return `${from} acks to ${to}${lost}`;
    if (kind === NACK) return `${from} sends ${to} a nack${lost}`;
    if (kind === FALLBACK) return `TCP ${segment?.replace("_", "-") ?? ""}: ${from} to ${to}${lost}`;
    return `${PACKET_KINDS[kind].name}: ${from} to ${to}${lost}`;
  }

  /** Rows of packets that may be in flight at `t`: `[first, end)`. */
  window(t: number): [number, number] {
    const { sent, longest } = this.recording.packets;
    return [upTo(sent, t - longest), upTo(sent, t)];
  }
}
