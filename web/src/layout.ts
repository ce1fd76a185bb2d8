/** Where members stand: at their places, on a ring or in a grid. All in the unit square. */

import type { Recording } from "./recording";
import { upTo } from "./search";

export type LayoutName = "map" | "ring" | "grid";

export interface Layout {
  readonly name: LayoutName;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Map a place in seconds into the square; only a map has it. */
  readonly scale: ((x: number, y: number) => [number, number]) | null;
}

const RING = 120; // members up to which a ring is legible

export function hasMap(recording: Recording): boolean {
  return recording.heading.map !== null && spread(recording) > 0;
}

export function usualLayout(recording: Recording): LayoutName {
  const { map } = recording.heading;
  if (map !== null && !map.scaled && spread(recording) > 0) return "map";
  return recording.size <= RING ? "ring" : "grid";
}

function spread(recording: Recording): number {
  const { map } = recording.heading;
  if (map === null) return 0;
  const extent = (at: 0 | 1): number => {
    const values = map.xy.map((place) => place[at]);
    return Math.max(...values) - Math.min(...values);
  };
  return Math.max(extent(0), extent(1));
}

export function layOut(recording: Recording, name: LayoutName): Layout {
  if (name === "map" && hasMap(recording)) return onMap(recording);
  return name === "grid" ? inGrid(recording) : onRing(recording);
}

function onMap(recording: Recording): Layout {
  const places = recording.heading.map!.xy;
  const { coordinates } = recording;
  // Coordinates of the second half count too: Vivaldi's places may lie outside the true ones.
  const xs = places.map((place) => place[0]);
  const ys = places.map((place) => place[1]);
  const half = upTo(coordinates.t, (recording.heading.end_s + recording.heading.start_s) / 2);
  for (let row = half; row < coordinates.t.length; row++) {
    xs.push(coordinates.columns.x[row]);
    ys.push(coordinates.columns.y[row]);
  }
  const [left, right] = inner(xs, places.map((place) => place[0]));
  const [low, high] = inner(ys, places.map((place) => place[1]));
  const size = Math.max(right - left, high - low) || 1;
  const middle = [(left + right) / 2, (low + high) / 2];
  const scale = (x: number, y: number): [number, number] => [
    0.5 + (0.92 * (x - middle[0])) / size,
    0.5 - (0.92 * (y - middle[1])) / size,
  ];
  const n = recording.size;
  const layout = { name: "map" as const, x: new Float64Array(n), y: new Float64Array(n), scale };
  places.forEach(([x, y], member) => {
    [layout.x[member], layout.y[member]] = scale(x, y);
  });
  return layout;
}

/** The extent of nearly all values, and of all that must be seen. */
function inner(values: number[], seen: number[]): [number, number] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return [Math.min(at(0.02), ...seen), Math.max(at(0.98), ...seen)];
}

/** Members in the order of their groups, else of their numbers. */
function ordered(recording: Recording): number[] {
  const { groups } = recording.heading;
  const first = new Map<string, number>();
  groups.forEach((group, member) => {
    if (!first.has(group)) first.set(group, member);
  });
  const order = groups.map((_, member) => member);
  return order.sort((a, b) => first.get(groups[a])! - first.get(groups[b])! || a - b);
}

function onRing(recording: Recording): Layout {
  const n = recording.size;
  const layout = { name: "ring" as const, x: new Float64Array(n), y: new Float64Array(n), scale: null };
  ordered(recording).forEach((member, place) => {
    const angle = (2 * Math.PI * place) / n - Math.PI / 2;
    layout.x[member] = 0.5 + 0.42 * Math.cos(angle);
    layout.y[member] = 0.5 + 0.42 * Math.sin(angle);
  });
  return layout;
}

function inGrid(recording: Recording): Layout {
  const n = recording.size;
  const columns = Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  const step = 0.94 / columns;
  const layout = { name: "grid" as const, x: new Float64Array(n), y: new Float64Array(n), scale: null };
  ordered(recording).forEach((member, place) => {
    layout.x[member] = 0.5 + (place % columns - (columns - 1) / 2) * step;
    layout.y[member] = 0.5 + (Math.floor(place / columns) - (rows - 1) / 2) * step;
  });
  return layout;
}
