/** A recording that grows: the rows of pieces joined in arrays with spare capacity. */

import { type Heading, type LogLines, type MemberEvents, type Packets, Recording, type Samples } from "./recording";

type Values = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

const MOST_PACKETS = 400_000; // older ones are forgotten
const MOST_LINES = 150_000;

/** A column that rows are appended to; `read` is a view of all, valid until the next `drop`. */
class Column<T extends Values> {
  private array: T;
  private count: number;

  constructor(first: T) {
    this.array = first;
    this.count = first.length;
  }

  append(values: T): void {
    if (this.count === 0) {
      // A table without rows does not tell the types of its columns.
      this.array = values;
      this.count = values.length;
      return;
    }
    const needed = this.count + values.length;
    if (needed > this.array.length) {
      const larger = new (this.array.constructor as new (length: number) => T)(Math.max(1024, 2 * needed));
      larger.set(this.array.subarray(0, this.count) as never);
      this.array = larger;
    }
    this.array.set(values as never, this.count);
    this.count = needed;
  }

  drop(rows: number): void {
    this.array = this.array.slice(rows, this.count) as T;
    this.count -= rows;
  }

  read(): T {
    return this.array.subarray(0, this.count) as T;
  }
}

/** All columns of a table by name. */
class Columns {
  private readonly columns: Map<string, Column<Values>>;

  constructor(first: object) {
    const arrays = Object.entries(first).filter(([, value]) => ArrayBuffer.isView(value));
    this.columns = new Map(arrays.map(([name, values]) => [name, new Column(values as Values)]));
  }

  append(piece: object): void {
    for (const [name, column] of this.columns) column.append((piece as Record<string, Values>)[name]);
  }

  drop(rows: number): void {
    for (const column of this.columns.values()) column.drop(rows);
  }

  read<T>(): T {
    return Object.fromEntries([...this.columns].map(([name, column]) => [name, column.read()])) as T;
  }
}

export class GrowingRecording {
  private heading: Heading;
  private readonly packets: Columns;
  private readonly events: Columns;
  private readonly coordinates: [Columns, Columns];
  private readonly queues: [Columns, Columns];
  private readonly log: Columns;
  private readonly lines: string[];
  private usual: number;
  private longest: number;

  constructor(private readonly first: Recording) {
    this.heading = first.heading;
    this.packets = new Columns(first.packets);
    this.events = new Columns(first.events);
    this.coordinates = [new Columns(first.coordinates), new Columns(first.coordinates.columns)];
    this.queues = [new Columns(first.queues), new Columns(first.queues.columns)];
    this.log = new Columns(first.log);
    this.lines = linesOf(first.log);
    this.usual = first.packets.usual;
    this.longest = first.packets.longest;
  }

  append(piece: Recording): void {
    this.heading = { ...this.heading, ...piece.heading };
    this.packets.append(piece.packets);
    this.events.append(piece.events);
    this.log.append(piece.log);
    for (const line of linesOf(piece.log)) this.lines.push(line);
    for (const [table, columns] of [
      [piece.coordinates, this.coordinates],
      [piece.queues, this.queues],
    ] as const) {
      columns[0].append(table);
      columns[1].append(table.columns);
    }
    if (piece.packets.count > 20) this.usual = piece.packets.usual;
    this.longest = Math.max(this.longest, piece.packets.longest);
  }

  /** The recording as far as it has come; earlier ones may no longer be read. */
  read(): Recording {
    const more = this.packets.read<Packets>().sent.length - MOST_PACKETS;
    if (more > MOST_PACKETS / 4) this.packets.drop(more);
    const older = this.lines.length - MOST_LINES;
    if (older > MOST_LINES / 4) {
      this.log.drop(older);
      this.lines.splice(0, older);
    }
    const columns = this.packets.read<Packets>();
    const { segments } = this.first.packets;
    const packets = { ...columns, count: columns.sent.length, usual: this.usual, longest: this.longest, segments };
    const own = this.events.read<MemberEvents>();
    const events = { ...own, count: own.t.length, kinds: this.first.events.kinds };
    const samples = ([table, inner]: [Columns, Columns]): Samples => ({ ...table.read<Samples>(), columns: inner.read() });
    const { lines } = this;
    const log: LogLines = { ...this.log.read<LogLines>(), text: (row) => lines[row] };
    return new Recording(this.heading, packets, events, samples(this.coordinates), samples(this.queues), log);
  }
}

function linesOf(log: LogLines): string[] {
  return Array.from(log.t, (_, row) => log.text(row));
}
