/** The panels beside the map: a member, its probe, and what happened. */

import { Chart, type Rows, steps } from "./charts";
import { fill, make } from "./dom";
import { counted, lasting, seconds } from "./format";
import type { Probe } from "./probes";
import type { Run } from "./run";
import { upTo } from "./search";
import { icon } from "./shapes";
import type { Stage } from "./stage";
import type { Theme } from "./theme";
import { PACKET_KINDS, STATES, eventWords } from "./vocabulary";

const LINES = 14; // of the log
const OTHERS = 8; // members named in a list
const AROUND = 25; // events listed before and after the moment

export interface Actions {
  seek(t: number): void;
  select(member: number): void;
  chooseProbe(probe: Probe | null): void;
}

/** A member: its state in truth and in the eyes of others, its own view, health, queue, coordinate, log. */
export class MemberPanel {
  private readonly chart: Chart;
  private charted = "";

  constructor(
    private readonly facts: HTMLElement,
    private readonly chartBox: HTMLElement,
    private readonly log: HTMLElement,
    private readonly actions: Actions,
    theme: Theme,
  ) {
    const lines = [
      { label: "messages queued", colour: "--blue", stepped: true },
      { label: "health score", colour: "--vermillion", stepped: true },
    ];
    this.chart = new Chart(chartBox, lines, theme, 30, 70);
  }

  rebuild(): void {
    this.charted = "";
  }

  show(run: Run, stage: Stage, member: number, t: number): void {
    const { recording, beliefs } = run;
    const n = recording.size;
    const states = new Uint8Array(n);
    beliefs.view(member, t, states);
    const down = beliefs.down.covers(member, t);
    const faulted = beliefs.faulted.covers(member, t);
    const [wrong, doubt] = [new Int32Array(n), new Int32Array(n)];
    beliefs.disagreement(t, wrong, doubt);
    const found = stage.coordinate(member, t);
    const place = recording.heading.map?.xy[member];
    const off = found && place ? Math.hypot(found.x - place[0], found.y - place[1]) : null;
    const queued = Object.entries(run.queued(member, t)).filter(([, count]) => count > 0);
    const rows: [string, Node | string][] = [
      ["In truth", recording.heading.observers !== null ? "not known" : down ? "down" : faulted ? "up, under a fault" : "up"],
      [
        "Seen by others",
        wrong[member] === 0 && doubt[member] === 0
          ? recording.heading.observers !== null
            ? "alive"
            : "as it is"
          : [
              wrong[member] > 0 ? `${counted(wrong[member], "member")} ${recording.heading.observers !== null ? "without it" : "wrong about it"}` : "",
              doubt[member] > 0 ? `${counted(doubt[member], "member")} suspect it` : "",
            ]
              .filter(Boolean)
              .join(", "),
      ],
      ["Its own view", this.ownView(run, member, states, down)],
      ["Health score", String(run.latestDetail(member, "health", t) ?? 0)],
      ["Queued", queued.length ? queued.map(([name, count]) => `${count} ${name}`).join(", ") : "nothing"],
    ];
    if (found) {
      const words = [`error ${found.error.toFixed(2)}`, `height ${lasting(found.height)}`];
      if (off !== null) words.unshift(`${lasting(off)} from its true place`);
      rows.push(["Coordinate", words.join(", ")]);
    }
    fill(this.facts, ...rows.flatMap(([term, fact]) => [make("dt", {}, term), make("dd", {}, fact)]));
    this.showChart(run, member);
    this.showLog(run, member, t);
  }

  private ownView(run: Run, member: number, states: Uint8Array, down: boolean): Node | string {
    const { observers } = run.recording.heading;
    if (observers !== null && !observers.includes(member)) return "not known: its log is missing";
    return down ? "none: it does not run" : this.view(run, member, states);
  }

  private view(run: Run, member: number, states: Uint8Array): Node {
    const { recording } = run;
    const list = make("ul", { class: "view" });
    STATES.forEach((state, number) => {
      const those: number[] = [];
      states.forEach((value, other) => {
        if (value === number && other !== member) those.push(other);
      });
      if (those.length === 0) return;
      const item = make("li", {}, make("span", { class: "swatch", style: `background:var(${state.colour})` }));
      item.append(` ${those.length} ${state.name}`);
      if (state.name !== "alive" && those.length < recording.size - 1) {
        item.append(": ");
        those.slice(0, OTHERS).forEach((other, at) => {
          const button = make("button", { type: "button", class: "link" }, recording.name(other));
          button.addEventListener("click", () => this.actions.select(other));
          item.append(at ? ", " : "", button);
        });
        if (those.length > OTHERS) item.append(` and ${those.length - OTHERS} more`);
      }
      list.append(item);
    });
    return list;
  }

  private showChart(run: Run, member: number): void {
    const key = `${run.key}/${member}/${this.chartBox.clientWidth}`;
    if (key === this.charted) return;
    this.charted = key;
    const { heading, queues } = run.recording;
    const sampled: { t: number[]; value: number[] } = { t: [], value: [] };
    // Samples of the whole cluster with a row of this member where something waits.
    const own = run.queuesOf.of(member);
    let at = 0;
    let last = NaN;
    for (const t of queues.t) {
      if (t === last) continue;
      last = t;
      while (at < own.length && queues.t[own[at]] < t) at++;
      const has = at < own.length && queues.t[own[at]] === t;
      sampled.t.push(t);
      sampled.value.push(has ? Object.values(queues.columns).reduce((sum, values) => sum + values[own[at]], 0) : 0);
    }
    const health = run.details(member, "health");
    const rows = join(sampled, { t: [heading.start_s, ...health.t], value: [0, ...health.value] }, heading.end_s);
    this.chart.build();
    this.chart.show(rows, heading.start_s, heading.end_s);
  }

  private showLog(run: Run, member: number, t: number): void {
    const { log } = run.recording;
    const rows = run.linesOf.of(member);
    const count = run.linesOf.upTo(member, log.t, t + 5e-4);
    const shown = Array.from(rows.slice(Math.max(0, count - LINES), count)).reverse();
    fill(
      this.log,
      ...shown.map((row) => {
        const text = log.text(row);
        const level = /^\[(\w+)\]/.exec(text)?.[1] ?? "";
        const time = make("button", { type: "button", class: "time" }, seconds(log.t[row]));
        time.addEventListener("click", () => this.actions.seek(log.t[row]));
        return make("li", { class: level.toLowerCase() }, time, " ", make("code", {}, text));
      }),
    );
    if (shown.length === 0) fill(this.log, make("li", {}, "nothing so far"));
  }
}

/** Two step functions on common times, each with its last value where it has none. */
function join(a: { t: number[]; value: number[] }, b: { t: number[]; value: number[] }, end: number): Rows {
  const times = [...new Set([...a.t, ...b.t, end])].sort((one, other) => one - other);
  const along = (series: { t: number[]; value: number[] }): (number | null)[] =>
    times.map((t) => series.value[upTo(series.t, t) - 1] ?? null);
  const merged = steps(times, [along(a) as number[], along(b) as number[]], times[0], end);
  return merged;
}

/** The packets of one probe in order, each a button that leads to its moment. */
export class ProbePanel {
  private shown = "";

  constructor(
    private readonly title: HTMLElement,
    private readonly list: HTMLElement,
    private readonly actions: Actions,
  ) {}

  show(run: Run, probe: Probe | null, t: number, chosen: boolean): void {
    const sent = probe === null ? 0 : upTo(Array.from(probe.rows, (row) => run.recording.packets.sent[row]), t + 1e-9);
    const key = `${run.key}/${probe?.number ?? 0}/${sent}/${chosen}`;
    if (key === this.shown) return;
    this.shown = key;
    if (probe === null) {
      fill(this.title, "No probe");
      fill(this.list, make("li", { class: "hint" }, "Select a member, or an event that came of a probe."));
      return;
    }
    const { recording, probes } = run;
    const { packets } = recording;
    const target = probe.target < 0 ? "somebody" : recording.name(probe.target);
    fill(this.title, `${recording.name(probe.prober)} probes ${target}`);
    const items = Array.from(probe.rows, (row, at) => {
      const kind = PACKET_KINDS[packets.kind[row]];
      const button = make("button", { type: "button", class: at < sent ? "packet" : "packet later" });
      const after = make("span", { class: "after" }, `+${lasting(packets.sent[row] - probe.begins)}`);
      button.append(icon(kind.shape, kind.colour), after, make("span", {}, probes.say(probe, row)));
      button.addEventListener("click", () => {
        this.actions.chooseProbe(probe);
        this.actions.seek(packets.sent[row] + 0.4 * packets.usual);
      });
      return make("li", {}, button);
    });
    const release = make("button", { type: "button", class: "link" }, chosen ? "Let go of this probe" : "Hold this probe");
    release.addEventListener("click", () => this.actions.chooseProbe(chosen ? null : probe));
    fill(this.list, ...items, make("li", {}, release));
  }
}

export type Filter = "notable" | "all" | "member";

/** The events around the moment, each a button that leads there. */
export class EventPanel {
  private shown = "";
  private rows: Uint32Array | null = null;
  private key = "";

  constructor(
    private readonly list: HTMLElement,
    private readonly actions: Actions,
  ) {}

  /** The rows that the filter lets through, ascending. */
  filtered(run: Run, filter: Filter, member: number): Uint32Array {
    const key = `${run.key}/${filter}/${filter === "member" ? member : ""}`;
    if (key !== this.key || this.rows === null) {
      this.key = key;
      this.rows = this.filter(run, filter, member);
    }
    return this.rows;
  }

  private filter(run: Run, filter: Filter, member: number): Uint32Array {
    const { events } = run.recording;
    if (filter === "notable" || (filter === "member" && member < 0)) return run.notable;
    if (filter === "all") return Uint32Array.from({ length: events.count }, (_, row) => row);
    const rows: number[] = [];
    for (let row = 0; row < events.count; row++) {
      if (events.observer[row] === member || events.subject[row] === member) rows.push(row);
    }
    return Uint32Array.from(rows);
  }

  /** The place among the filtered rows of the first that happened after `t`. */
  static after(run: Run, rows: Uint32Array, t: number): number {
    const { events } = run.recording;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events.t[rows[middle]] <= t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  show(run: Run, filter: Filter, member: number, t: number): void {
    const rows = this.filtered(run, filter, member);
    const now = EventPanel.after(run, rows, t + 1e-7);
    const key = `${this.key}/${now}`;
    if (key === this.shown) return;
    this.shown = key;
    const { events } = run.recording;
    const from = Math.max(0, now - AROUND);
    const items = Array.from(rows.slice(from, now + AROUND), (row, at) => {
      const later = from + at >= now;
      const latest = from + at === now - 1;
      const { weight } = eventWords(events.kinds[events.kind[row]]);
      const button = make("button", { type: "button", class: `event ${weight}${later ? " later" : ""}` });
      if (latest) button.setAttribute("aria-current", "time");
      button.append(make("span", { class: "time" }, seconds(events.t[row])), make("span", {}, run.recording.say(row)));
      button.addEventListener("click", () => {
        this.actions.chooseProbe(run.probes.ofEvent(row));
        this.actions.seek(events.t[row]);
      });
      return make("li", {}, button);
    });
    fill(this.list, ...(items.length ? items : [make("li", { class: "hint" }, "No such events in this run.")]));
    const current = this.list.querySelector<HTMLElement>("[aria-current]");
    if (current) this.list.scrollTop = current.offsetTop - this.list.clientHeight / 2;
  }
}
