/** Series under the time axis: views that disagree with the truth, and packets a second. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Beliefs } from "./beliefs";
import type { Recording } from "./recording";
import { type Ascending, upTo } from "./search";
import type { Theme } from "./theme";
import { LEFT, RIGHT } from "./timeline";
import { FALLBACK, PUSH_PULL, SUSPECT } from "./vocabulary";

const MOST_POINTS = 2000;
const BINS = 240;
export const CHART_HEIGHT = 84;

export interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly stepped?: boolean;
  readonly width?: number;
}

export type Rows = [number[], ...(number | null)[][]];

/** A chart as wide as its box, on the scale of the time axis. */
export class Chart {
  private plot: uPlot | null = null;
  private rows: Rows = [[]];
  private top = 1;

  constructor(
    private readonly box: HTMLElement,
    private readonly lines: readonly Line[],
    private readonly theme: Theme,
    private readonly left = LEFT,
    private readonly height = CHART_HEIGHT,
  ) {}

  /** Draw anew, in the present width and colours. */
  build(): void {
    this.plot?.destroy();
    const soft = this.theme.colour("--soft");
    const rule = this.theme.colour("--rule");
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    this.plot = new uPlot(
      {
        width: Math.max(80, this.box.clientWidth),
        height: this.height,
        padding: [6, RIGHT, 4, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false, range: (_, min, max) => [min, max] }, y: { range: () => [0, this.top] } },
        axes: [
          { show: false },
          {
            size: this.left,
            gap: 4,
            space: 24,
            stroke: soft,
            font: "10px system-ui, sans-serif",
            grid: { stroke: rule, width: 1 },
            ticks: { show: false },
            values: (_, marks) => marks.map((mark) => (mark >= 1e4 ? `${mark / 1e3}k` : String(mark))),
          },
        ],
        series: [
          {},
          ...this.lines.map(({ label, colour, dash, stepped: steps, width }) => ({
            label,
            stroke: this.theme.colour(colour),
            width: width ?? 1.5,
            points: { show: false },
            ...(dash ? { dash: [...dash] } : {}),
            ...(steps && stepped ? { paths: stepped } : {}),
          })),
        ],
      },
      this.rows as uPlot.AlignedData,
      this.box,
    );
    this.plot.root.setAttribute("aria-hidden", "true");
  }

  /** Show rows between two times. Values before 0, of the warm-up, may leave the chart at its top. */
  show(rows: Rows, begin: number, end: number): void {
    this.rows = rows;
    const first = end > 0 ? Math.max(0, upTo(rows[0], 0) - 1) : 0;
    const most = Math.max(...rows.slice(1).map((row) => row.slice(first).reduce<number>((a, b) => Math.max(a, b ?? 0), 0)));
    this.top = Math.max(1, 1.1 * most);
    this.plot?.setData(rows as uPlot.AlignedData, false);
    this.plot?.setScale("x", { min: begin, max: end });
  }
}

/** Values of a step function between two times; of many, the largest of each stretch. */
export function steps(t: Ascending, series: readonly Ascending[], begin: number, end: number): Rows {
  const first = Math.max(0, upTo(t, begin) - 1);
  const last = upTo(t, end);
  const rows: number[][] = [[], ...series.map((): number[] => [])];
  const stride = Math.max(1, Math.ceil((last - first) / MOST_POINTS));
  for (let at = first; at < last; at += stride) {
    rows[0].push(Math.max(begin, t[at]));
    series.forEach((values, line) => {
      let most = values[at];
      for (let row = at; row < Math.min(last, at + stride); row++) if (values[row] > most) most = values[row];
      rows[line + 1].push(most);
    });
  }
  if (last > 0) {
    rows[0].push(end);
    series.forEach((values, line) => rows[line + 1].push(values[last - 1]));
  }
  return rows as Rows;
}

/** The two step functions of up to two runs on common times. */
export function viewRows(beliefs: readonly Beliefs[], begin: number, end: number): Rows {
  const each = beliefs.map((one) => steps(one.totalT, [one.totalWrong, one.totalDoubt], begin, end));
  return each.length === 1 ? each[0] : (uPlot.join(each as uPlot.AlignedData[]) as Rows);
}

/** Packets a second in stretches of the window: of probes, of gossip, on streams. */
export function packetRows(recording: Recording, begin: number, end: number): Rows {
  const { packets } = recording;
  const width = (end - begin) / BINS;
  const counts = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)];
  const last = upTo(packets.sent, end);
  for (let row = upTo(packets.sent, begin); row < last; row++) {
    const bin = Math.min(BINS - 1, Math.floor((packets.sent[row] - begin) / width));
    const kind = packets.kind[row];
    counts[kind === PUSH_PULL || kind === FALLBACK ? 2 : kind >= SUSPECT ? 1 : 0][bin]++;
  }
  const middles = Array.from({ length: BINS }, (_, bin) => begin + (bin + 0.5) * width);
  const known = recording.heading.end_s;
  return [middles, ...counts.map((count) => Array.from(count, (value, bin) => (middles[bin] > known ? null : value / width)))];
}
