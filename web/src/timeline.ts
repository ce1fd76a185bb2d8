/** The time axis: faults as bands, events as marks, and the moment that is shown. */

import type { Recording } from "./recording";
import { digitsFor } from "./format";
import { upTo } from "./search";
import type { Theme } from "./theme";
import { type Weight, eventWords } from "./vocabulary";

export const LEFT = 52; // pixels that the axis and the charts leave free
export const RIGHT = 12;
const BAND = 15;
const MOST_ROWS = 5;
const MARKS: readonly Weight[] = ["bad", "warn", "good"];
const MARK = 9;
const AXIS = 20;
const MARK_COLOURS: Readonly<Record<Weight, string>> = {
  bad: "--vermillion",
  warn: "--orange",
  good: "--green",
  quiet: "--soft",
};
const MARK_NAMES: Readonly<Record<Weight, string>> = { bad: "failed", warn: "trouble", good: "alive", quiet: "" };

interface Strip {
  readonly recording: Recording;
  readonly label: string;
  readonly rows: number;
  readonly byWeight: Readonly<Record<Weight, Float64Array>>;
}

export class Timeline {
  private readonly context: CanvasRenderingContext2D;
  private strips: Strip[] = [];
  private width = 0;
  private drawn = "";
  height = 0;
  begin = 0;
  end = 1;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly cursor: HTMLElement,
    recordings: readonly Recording[],
    private readonly theme: Theme,
  ) {
    this.context = canvas.getContext("2d")!;
    this.update(recordings);
  }

  /** Show these recordings from now on. */
  update(recordings: readonly Recording[]): void {
    this.drawn = "";
    this.strips = recordings.map((recording, at) => ({
      recording,
      label: recordings.length > 1 ? "AB"[at] : "",
      rows: Math.min(MOST_ROWS, 1 + Math.max(-1, ...recording.heading.faults.map((band) => band.row))),
      byWeight: weighed(recording),
    }));
    const height = AXIS + this.strips.reduce((sum, { rows }) => sum + rows * BAND + MARKS.length * MARK + 6, 0);
    if (height === this.height) return;
    this.height = height;
    this.canvas.style.height = `${height}px`;
    this.resize();
  }

  /** Fit the canvas to its box, in the present colours. */
  resize(): void {
    this.drawn = "";
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.width = this.canvas.getBoundingClientRect().width;
    this.canvas.width = Math.max(1, Math.round(this.width * ratio));
    this.canvas.height = Math.round(this.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  x(t: number): number {
    return LEFT + ((t - this.begin) / (this.end - this.begin)) * (this.width - LEFT - RIGHT);
  }

  t(x: number): number {
    const share = (x - LEFT) / Math.max(1, this.width - LEFT - RIGHT);
    return this.begin + Math.min(1, Math.max(0, share)) * (this.end - this.begin);
  }

  /** Move the cursor; draw what is behind it only where the window has changed. */
  draw(t: number): void {
    const key = `${this.begin}/${this.end}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.context.clearRect(0, 0, this.width, this.height);
      this.drawAxis();
      let y = AXIS;
      for (const strip of this.strips) y = this.drawStrip(strip, y);
    }
    this.cursor.style.transform = `translateX(${this.x(t)}px)`;
  }

  private drawAxis(): void {
    const { context } = this;
    const span = this.end - this.begin;
    const step = niceStep(span / Math.max(3, (this.width - LEFT) / 90));
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "top";
    for (let mark = Math.ceil(this.begin / step) * step; mark <= this.end; mark += step) {
      const x = this.x(mark);
      context.fillStyle = this.theme.colour("--rule");
      context.fillRect(x, AXIS - 4, 1, this.height);
      context.fillStyle = this.theme.colour("--soft");
      if (x > LEFT + 8 && x < this.width - 20) context.fillText(`${mark.toFixed(digitsFor(step * 10))} s`, x, 3);
    }
    if (this.begin < 0) {
      context.fillStyle = this.theme.colour("--shade");
      context.fillRect(LEFT, AXIS, Math.max(0, this.x(Math.min(0, this.end)) - LEFT), this.height - AXIS);
    }
  }

  private drawStrip(strip: Strip, top: number): number {
    const { context } = this;
    let y = top;
    context.textBaseline = "middle";
    for (const band of strip.recording.heading.faults) {
      if (band.end < this.begin || band.start > this.end) continue;
      const from = Math.max(LEFT, this.x(band.start));
      const to = Math.min(this.width - RIGHT, Math.max(this.x(band.end), from + 2));
      const row = Math.min(band.row, strip.rows - 1);
      context.fillStyle = this.theme.colour("--band");
      context.fillRect(from, y + row * BAND + 1, to - from, BAND - 2);
      context.fillStyle = this.theme.colour("--orange");
      context.fillRect(from, y + row * BAND + 1, 2, BAND - 2);
      if (to - from > 40) this.label(band.what, from + 6, y + row * BAND + BAND / 2 + 0.5, to - from - 10);
    }
    y += strip.rows * BAND;
    context.textAlign = "right";
    for (const weight of MARKS) {
      context.fillStyle = this.theme.colour("--soft");
      context.font = "10px system-ui, sans-serif";
      context.textAlign = "right";
      context.fillText(`${strip.label} ${MARK_NAMES[weight]}`.trim(), LEFT - 6, y + MARK / 2);
      this.drawMarks(strip.byWeight[weight], MARK_COLOURS[weight], y);
      y += MARK;
    }
    return y + 6;
  }

  private label(text: string, x: number, y: number, room: number): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y - BAND / 2, room, BAND);
    context.clip();
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    context.fillStyle = this.theme.colour("--ink");
    context.fillText(text, x, y);
    context.restore();
  }

  /** Marks of a weight; the fuller, the more events are in one pixel. */
  private drawMarks(times: Float64Array, colour: string, y: number): void {
    const { context } = this;
    context.fillStyle = this.theme.colour(colour);
    const first = upTo(times, this.begin - 1e-9);
    const last = upTo(times, this.end);
    for (let at = first; at < last; ) {
      const x = Math.floor(this.x(times[at]));
      const next = Math.max(at + 1, upTo(times, this.t(x + 1.999), at, last));
      const count = next - at;
      context.globalAlpha = Math.min(1, 0.55 + 0.15 * Math.log2(count + 1));
      context.fillRect(x, y + 1, 2, MARK - 2);
      at = next;
    }
    context.globalAlpha = 1;
  }
}

/** The times of notable events by weight. */
function weighed(recording: Recording): Record<Weight, Float64Array> {
  const { events } = recording;
  const words = events.kinds.map(eventWords);
  const found: Record<Weight, number[]> = { bad: [], warn: [], good: [], quiet: [] };
  for (let row = 0; row < events.count; row++) {
    const { notable, weight } = words[events.kind[row]];
    if (notable) found[weight].push(events.t[row]);
  }
  return Object.fromEntries(
    Object.entries(found).map(([weight, times]) => [weight, Float64Array.from(times)]),
  ) as Record<Weight, Float64Array>;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}
