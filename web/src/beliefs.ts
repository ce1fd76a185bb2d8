/** What every member believes of every other over time, beside what is true. */

import type { Recording, Span } from "./recording";
import { Groups, Growing, upTo } from "./search";
import { SEEN_ALIVE, SEEN_SUSPECT, UNKNOWN, eventWords, isPresent } from "./vocabulary";

const MATRIX = 2048; // members up to which all pairs have a cell
const RESET = 255; // a state: the observer knows nobody from now on
const NOBODY = -1;

/** The state of every pair: a matrix for small clusters, only what differs from the start for large ones. */
class Pairs {
  private readonly matrix: Uint8Array | null;
  private readonly rows: (Map<number, number> | undefined)[] = [];
  private readonly usual: Uint8Array;

  constructor(
    private readonly n: number,
    first: number,
  ) {
    this.matrix = n <= MATRIX ? new Uint8Array(n * n).fill(first) : null;
    this.usual = new Uint8Array(n).fill(first);
  }

  get(observer: number, subject: number): number {
    if (this.matrix) return this.matrix[observer * this.n + subject];
    return this.rows[observer]?.get(subject) ?? this.usual[observer];
  }

  set(observer: number, subject: number, state: number): void {
    if (this.matrix) this.matrix[observer * this.n + subject] = state;
    else (this.rows[observer] ??= new Map()).set(subject, state);
  }

  forget(observer: number): void {
    if (this.matrix) this.matrix.fill(UNKNOWN, observer * this.n, (observer + 1) * this.n);
    this.rows[observer] = undefined;
    this.usual[observer] = UNKNOWN;
  }
}

/** Spans of a kind (down, under a fault) by member, searched by time. */
export class TrueSpans {
  private readonly some: number[] = [];

  constructor(private readonly spans: readonly (readonly Span[])[]) {
    spans.forEach((own, member) => {
      if (own.length > 0) this.some.push(member);
    });
  }

  covers(member: number, t: number): boolean {
    return this.spans[member].some(([start, end]) => (start === null || start <= t) && (end === null || t < end));
  }

  /** Mark in `found` the members that a span covers at `t`. */
  mark(t: number, found: Uint8Array): void {
    found.fill(0);
    for (const member of this.some) if (this.covers(member, t)) found[member] = 1;
  }
}

export class Beliefs {
  readonly down: TrueSpans;
  readonly faulted: TrueSpans;
  /** Changes of single views: time, observer, subject (or NOBODY for a reset), state. */
  private readonly changeT: Float64Array;
  private readonly changeSubject: Int32Array;
  private readonly changeState: Uint8Array;
  private readonly byObserver: Groups;
  /** How many running members' views of a subject are wrong, and how many suspect it: after each change. */
  private readonly countT: Float64Array;
  private readonly countSubject: Int32Array;
  private readonly countWrong: Int32Array;
  private readonly countDoubt: Int32Array;
  private readonly bySubject: Groups;
  /** All pairs together, for the chart. */
  readonly totalT: Float64Array;
  readonly totalWrong: Int32Array;
  readonly totalDoubt: Int32Array;

  constructor(private readonly recording: Recording) {
    const { heading, events, size: n } = recording;
    this.down = new TrueSpans(heading.down);
    this.faulted = new TrueSpans(heading.faulted);
    const walk = new Walk(recording, this.down);
    const states = events.kinds.map((kind) => eventWords(kind).state);
    const suspect = events.kinds.indexOf("suspect");
    const moves = movesOf(heading.down, heading.start_s);
    let move = 0;
    for (let row = 0; row < events.count; row++) {
      const t = events.t[row];
      while (move < moves.length && moves[move].t <= t) walk.move(moves[move++]);
      const kind = events.kind[row];
      const state = states[kind];
      // A failed probe of a member that is suspect already changes no view.
      if (state === undefined || (kind === suspect && events.detail[row] !== 1)) continue;
      walk.believe(t, events.observer[row], events.subject[row], state);
    }
    while (move < moves.length) walk.move(moves[move++]);
    this.changeT = walk.changeT.trimmed();
    this.changeSubject = walk.changeSubject.trimmed();
    this.changeState = walk.changeState.trimmed();
    this.byObserver = new Groups(walk.changeObserver.trimmed(), n);
    this.countT = walk.countT.trimmed();
    this.countSubject = walk.countSubject.trimmed();
    this.countWrong = walk.countWrong.trimmed();
    this.countDoubt = walk.countDoubt.trimmed();
    this.bySubject = new Groups(this.countSubject, n);
    this.totalT = this.countT;
    this.totalWrong = walk.totalWrong.trimmed();
    this.totalDoubt = walk.totalDoubt.trimmed();
  }

  /** Write the states that `observer` sees at `t`, one a member; of itself it is always sure. */
  view(observer: number, t: number, states: Uint8Array): void {
    states.fill(this.recording.heading.converged ? SEEN_ALIVE : UNKNOWN);
    const rows = this.byObserver.of(observer);
    const count = this.byObserver.upTo(observer, this.changeT, t);
    for (let at = 0; at < count; at++) {
      const row = rows[at];
      if (this.changeState[row] === RESET) states.fill(UNKNOWN);
      else states[this.changeSubject[row]] = this.changeState[row];
    }
    states[observer] = SEEN_ALIVE;
  }

  /** Write how many running members see each member wrongly at `t`, and how many suspect it. */
  disagreement(t: number, wrong: Int32Array, doubt: Int32Array): void {
    for (let subject = 0; subject < wrong.length; subject++) {
      const count = this.bySubject.upTo(subject, this.countT, t);
      const row = count === 0 ? NOBODY : this.bySubject.rows[this.bySubject.begins[subject] + count - 1];
      wrong[subject] = row < 0 ? 0 : this.countWrong[row];
      doubt[subject] = row < 0 ? 0 : this.countDoubt[row];
    }
  }

  /** Pairs of observer and subject at `t`: [wrong, suspected]. */
  totals(t: number): [number, number] {
    const at = upTo(this.totalT, t) - 1;
    return at < 0 ? [0, 0] : [this.totalWrong[at], this.totalDoubt[at]];
  }
}

interface Move {
  readonly t: number;
  readonly member: number;
  readonly up: boolean;
}

/** Starts and ends of processes after `start`, in order. */
function movesOf(down: readonly (readonly Span[])[], start: number): Move[] {
  const moves: Move[] = [];
  down.forEach((spans, member) => {
    for (const [from, end] of spans) {
      if (from !== null && from > start) moves.push({ t: from, member, up: false });
      if (end !== null && end > start) moves.push({ t: end, member, up: true });
    }
  });
  return moves.sort((a, b) => a.t - b.t || a.member - b.member);
}

/** One pass over the run, from which the tables of `Beliefs` come. */
class Walk {
  readonly changeT = new Growing(new Float64Array(1024));
  readonly changeObserver = new Growing(new Int32Array(1024));
  readonly changeSubject = new Growing(new Int32Array(1024));
  readonly changeState = new Growing(new Uint8Array(1024));
  readonly countT = new Growing(new Float64Array(1024));
  readonly countSubject = new Growing(new Int32Array(1024));
  readonly countWrong = new Growing(new Int32Array(1024));
  readonly countDoubt = new Growing(new Int32Array(1024));
  readonly totalWrong = new Growing(new Int32Array(1024));
  readonly totalDoubt = new Growing(new Int32Array(1024));
  private readonly n: number;
  private readonly pairs: Pairs;
  private readonly running: Uint8Array;
  private readonly watches: Uint8Array;
  private readonly wrong: Int32Array;
  private readonly doubt: Int32Array;
  private allWrong = 0;
  private allDoubt = 0;

  constructor(recording: Recording, down: TrueSpans) {
    const start = recording.heading.start_s;
    this.n = recording.size;
    this.pairs = new Pairs(this.n, recording.heading.converged ? SEEN_ALIVE : UNKNOWN);
    this.running = new Uint8Array(this.n);
    const { observers } = recording.heading;
    this.watches = new Uint8Array(this.n).fill(observers === null ? 1 : 0);
    for (const observer of observers ?? []) this.watches[observer] = 1;
    this.wrong = new Int32Array(this.n);
    this.doubt = new Int32Array(this.n);
    for (let member = 0; member < this.n; member++) this.running[member] = down.covers(member, start) ? 0 : 1;
    for (let subject = 0; subject < this.n; subject++) this.recount(start, subject);
  }

  believe(t: number, observer: number, subject: number, state: number): void {
    if (observer < 0 || subject < 0 || observer === subject) return;
    const before = this.pairs.get(observer, subject);
    if (before === state) return;
    this.pairs.set(observer, subject, state);
    this.change(t, observer, subject, state);
    if (!this.running[observer] || !this.watches[observer]) return;
    const up = this.running[subject] === 1;
    const wrong = Number(isPresent(state) !== up) - Number(isPresent(before) !== up);
    const doubt = Number(state === SEEN_SUSPECT) - Number(before === SEEN_SUSPECT);
    if (wrong !== 0 || doubt !== 0) this.add(t, subject, wrong, doubt);
  }

  move({ t, member, up }: Move): void {
    if (up === (this.running[member] === 1)) return;
    // Without the views of this member, then with the truth about it changed.
    for (let subject = 0; subject < this.n; subject++) {
      if (subject === member) continue;
      const state = up ? UNKNOWN : this.pairs.get(member, subject);
      const wrong = Number(isPresent(state) !== (this.running[subject] === 1));
      const doubt = Number(state === SEEN_SUSPECT);
      if (wrong || doubt) this.add(t, subject, up ? wrong : -wrong, up ? doubt : -doubt);
    }
    this.running[member] = up ? 1 : 0;
    this.pairs.forget(member);
    this.change(t, member, NOBODY, RESET);
    this.recount(t, member);
  }

  private recount(t: number, subject: number): void {
    let wrong = 0;
    let doubt = 0;
    for (let observer = 0; observer < this.n; observer++) {
      if (observer === subject || !this.running[observer] || !this.watches[observer]) continue;
      const state = this.pairs.get(observer, subject);
      if (isPresent(state) !== (this.running[subject] === 1)) wrong++;
      if (state === SEEN_SUSPECT) doubt++;
    }
    this.add(t, subject, wrong - this.wrong[subject], doubt - this.doubt[subject]);
  }

  private change(t: number, observer: number, subject: number, state: number): void {
    this.changeT.push(t);
    this.changeObserver.push(observer);
    this.changeSubject.push(subject);
    this.changeState.push(state);
  }

  private add(t: number, subject: number, wrong: number, doubt: number): void {
    this.wrong[subject] += wrong;
    this.doubt[subject] += doubt;
    this.allWrong += wrong;
    this.allDoubt += doubt;
    this.countT.push(t);
    this.countSubject.push(subject);
    this.countWrong.push(this.wrong[subject]);
    this.countDoubt.push(this.doubt[subject]);
    this.totalWrong.push(this.allWrong);
    this.totalDoubt.push(this.allDoubt);
  }
}
