/** One run's data, read in place from the tables of Arrow that `serfsim.replays.tables` wrote. */

import { type Table, tableFromIPC } from "apache-arrow";
import type { Live } from "./live";
import { ACK, ALIVE, DEAD, FALLBACK, INDIRECT, NACK, PING, PUSH_PULL, SERF, SUSPECT, eventWords } from "./vocabulary";

export type Numbers = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array;

export interface Band {
  readonly row: number;
  readonly what: string;
  readonly verb: string;
  readonly start: number;
  readonly end: number;
}

export interface Caption {
  readonly t: number;
  readonly title: string;
  readonly text: string;
  readonly speed: number | null;
  readonly select: string | null;
  readonly seen_by: string | null;
}

export type Span = readonly [number | null, number | null];

export interface Heading {
  readonly version: string;
  readonly name: string;
  readonly question: string;
  readonly seed: number;
  readonly digest: string;
  readonly start_s: number;
  readonly end_s: number;
  readonly members: readonly string[];
  readonly groups: readonly string[];
  readonly converged: boolean;
  /** The members whose views are known, null for all; then the truth is known too. */
  readonly observers: readonly number[] | null;
  readonly down: readonly (readonly Span[])[];
  readonly faulted: readonly (readonly Span[])[];
  readonly crashes: readonly (readonly [number, number])[];
  readonly leaves: readonly (readonly [number, number])[];
  readonly map: { readonly xy: readonly (readonly [number, number])[]; readonly scaled: boolean } | null;
  readonly faults: readonly Band[];
  readonly captions: readonly Caption[];
  readonly tables: Readonly<Record<string, readonly [number, number]>>;
  /** What only a running simulation has. */
  readonly live?: Live;
}

const TICK = 1e-6; // seconds
const NO_ARRIVAL = 0xffffffff;
const UDP = -1; // `segment` of a datagram

/** The packets in order of sending. `arrives` is NaN for a lost one; `probe` is 0 outside probes. */
export interface Packets {
  readonly count: number;
  readonly sent: Float64Array;
  readonly arrives: Float64Array;
  readonly kind: Uint8Array;
  readonly segment: Numbers;
  readonly source: Numbers;
  readonly target: Numbers;
  readonly about: Numbers;
  readonly carries: Numbers;
  readonly probe: Numbers;
  readonly bytes: Numbers;
  /** Seconds that most packets travel less than: how far back those in flight were sent. */
  readonly longest: number;
  /** The median, seconds. */
  readonly usual: number;
  readonly segments: readonly string[];
}

export interface MemberEvents {
  readonly count: number;
  readonly t: Float64Array;
  readonly observer: Numbers;
  readonly subject: Numbers;
  readonly kind: Numbers;
  readonly detail: Numbers;
  readonly kinds: readonly string[];
}

export interface Samples {
  readonly t: Float64Array;
  readonly node: Numbers;
  readonly columns: Readonly<Record<string, Numbers>>;
}

export interface LogLines {
  readonly t: Float64Array;
  readonly node: Numbers;
  readonly text: (row: number) => string;
}

export class Recording {
  constructor(
    readonly heading: Heading,
    readonly packets: Packets,
    readonly events: MemberEvents,
    readonly coordinates: Samples,
    readonly queues: Samples,
    readonly log: LogLines,
  ) {}

  /** Read a document, whose heading may hold only what differs from that of `before`. */
  static read(data: ArrayBuffer, before?: Heading): Recording {
    const length = new DataView(data).getUint32(0, true);
    const written = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as Heading;
    const heading = { ...before, ...written };
    const table = (name: string): Table => {
      const [at, size] = heading.tables[name];
      return tableFromIPC(new Uint8Array(data, 4 + length + at, size));
    };
    return new Recording(
      heading,
      readPackets(table("packets")),
      readEvents(table("events")),
      readSamples(table("coordinates"), ["x", "y", "height", "error"]),
      readSamples(table("queues"), ["broadcasts", "intents", "queries", "events", "handoff"]),
      readLog(table("log")),
    );
  }

  get size(): number {
    return this.heading.members.length;
  }

  name(member: number): string {
    return this.heading.members[member] ?? "outside";
  }

  find(name: string): number {
    return this.heading.members.indexOf(name);
  }

  /** The words of an event, as a sentence. */
  say(row: number): string {
    const { kind, kinds, observer, subject, detail } = this.events;
    const about = subject[row] < 0 ? "" : this.name(subject[row]);
    return eventWords(kinds[kind[row]]).say(this.name(observer[row]), about, detail[row]);
  }
}

function column(table: Table, name: string): Numbers {
  return (table.getChild(name)?.data[0]?.values ?? new Uint8Array(0)) as Numbers;
}

function listed(table: Table, name: string): string[] {
  return (table.schema.metadata.get(name) ?? "").split("\n");
}

function times(table: Table): Float64Array {
  const steps = column(table, "dt");
  const t = new Float64Array(steps.length);
  const begins = Number(table.schema.metadata.get("begins"));
  let ticks = 0;
  for (let row = 0; row < t.length; row++) {
    ticks += steps[row];
    t[row] = begins + ticks * TICK;
  }
  return t;
}

function readPackets(table: Table): Packets {
  const sent = times(table);
  const flight = column(table, "flight");
  const count = sent.length;
  const arrives = new Float64Array(count);
  const carries = column(table, "carries");
  const written = column(table, "kind");
  const segment = column(table, "segment");
  const names = listed(table, "kinds");
  const kind = new Uint8Array(count);
  const sample: number[] = [];
  const stride = 1 + Math.floor(count / 5000);
  for (let row = 0; row < count; row++) {
    const lost = flight[row] === NO_ARRIVAL;
    arrives[row] = lost ? NaN : sent[row] + flight[row] * TICK;
    kind[row] = kindOf(names[written[row]], carries[row]);
    if (row % stride === 0 && !lost && segment[row] === UDP) sample.push(flight[row] * TICK);
  }
  sample.sort((a, b) => a - b);
  const quantile = (q: number): number => sample[Math.floor(q * (sample.length - 1))] ?? 0.001;
  return {
    count,
    sent,
    arrives,
    kind,
    segment,
    carries,
    source: column(table, "source"),
    target: column(table, "target"),
    about: column(table, "about"),
    probe: column(table, "probe"),
    bytes: column(table, "bytes"),
    usual: Math.max(1e-5, quantile(0.5)),
    longest: Math.min(3, Math.max(2e-5, 2 * quantile(0.99))),
    segments: listed(table, "segments"),
  };
}

/** What the page draws: gossip is named by the weightiest broadcast that it carries. */
function kindOf(name: string, carries: number): number {
  switch (name) {
    case "ping":
      return PING;
    case "indirect_ping":
      return INDIRECT;
    case "ack":
      return ACK;
    case "nack":
      return NACK;
    case "push_pull":
      return PUSH_PULL;
    case "tcp_fallback":
      return FALLBACK;
    default:
      return carries & 4 ? DEAD : carries & 1 ? SUSPECT : carries & 2 ? ALIVE : SERF;
  }
}

function readEvents(table: Table): MemberEvents {
  const t = times(table);
  return {
    count: t.length,
    t,
    observer: column(table, "observer"),
    subject: column(table, "subject"),
    kind: column(table, "kind"),
    detail: column(table, "detail"),
    kinds: listed(table, "kinds"),
  };
}

function readSamples(table: Table, names: readonly string[]): Samples {
  const columns = Object.fromEntries(names.map((name) => [name, column(table, name)]));
  return { t: times(table), node: column(table, "node"), columns };
}

function readLog(table: Table): LogLines {
  const text = table.getChild("text");
  return { t: times(table), node: column(table, "node"), text: (row) => String(text?.get(row) ?? "") };
}
