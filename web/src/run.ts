/** One run on the page: its recording with all that is derived from it. */

import { Beliefs } from "./beliefs";
import { Probes } from "./probes";
import type { Recording } from "./recording";
import { Groups, upTo } from "./search";
import { EVENTS, eventWords } from "./vocabulary";

export class Run {
  readonly beliefs: Beliefs;
  readonly probes: Probes;
  readonly byObserver: Groups;
  readonly linesOf: Groups;
  readonly queuesOf: Groups;
  readonly notable: Uint32Array;

  /** Names the run and how far it has come. */
  readonly key: string;

  constructor(
    readonly recording: Recording,
    readonly label: string,
  ) {
    this.key = `${label}/${recording.heading.live ? recording.heading.end_s : ""}`;
    const { events, log, queues, size } = recording;
    this.beliefs = new Beliefs(recording);
    this.probes = new Probes(recording);
    this.byObserver = new Groups(events.observer, size);
    this.linesOf = new Groups(log.node, size);
    this.queuesOf = new Groups(queues.node, size);
    const words = events.kinds.map((kind) => (kind in EVENTS ? eventWords(kind).notable : kind !== ""));
    const rows: number[] = [];
    for (let row = 0; row < events.count; row++) if (words[events.kind[row]]) rows.push(row);
    this.notable = Uint32Array.from(rows);
  }

  /** The latest value of an event's number (its `detail`) that a member reported by `t`. */
  latestDetail(member: number, kind: string, t: number): number | null {
    const { events } = this.recording;
    const number = events.kinds.indexOf(kind);
    const rows = this.byObserver.of(member);
    for (let at = this.byObserver.upTo(member, events.t, t) - 1; at >= 0; at--) {
      if (events.kind[rows[at]] === number) return events.detail[rows[at]];
    }
    return null;
  }

  /** Times and values of an event's number, from one member. */
  details(member: number, kind: string): { t: number[]; value: number[] } {
    const { events } = this.recording;
    const number = events.kinds.indexOf(kind);
    const found = { t: [] as number[], value: [] as number[] };
    for (const row of this.byObserver.of(member)) {
      if (events.kind[row] !== number) continue;
      found.t.push(events.t[row]);
      found.value.push(events.detail[row]);
    }
    return found;
  }

  /** The messages that waited in a member's queues at the last sample; empty queues have no row. */
  queued(member: number, t: number): Record<string, number> {
    const { queues } = this.recording;
    const sampled = upTo(queues.t, t) - 1;
    const count = this.queuesOf.upTo(member, queues.t, t);
    const row = count === 0 ? -1 : this.queuesOf.of(member)[count - 1];
    const isLatest = row >= 0 && sampled >= 0 && queues.t[row] === queues.t[sampled];
    return Object.fromEntries(
      Object.entries(queues.columns).map(([name, values]) => [name, isLatest ? values[row] : 0]),
    );
  }
}
