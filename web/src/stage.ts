/** The cluster at one moment, drawn on a canvas: members, coordinates, packets in flight. */

import type { Beliefs } from "./beliefs";
import { type Layout, type LayoutName, layOut } from "./layout";
import type { Probe, Probes } from "./probes";
import type { Recording } from "./recording";
import type { Run } from "./run";
import { Groups, upTo } from "./search";
import { isOutline, trace } from "./shapes";
import type { Theme } from "./theme";
import { FALLBACK, INDIRECT, NACK, PACKET_KINDS, STATES } from "./vocabulary";

export interface Scene {
  readonly t: number;
  /** Seconds of the run that one frame passes; 0 while it stands still. */
  readonly step: number;
  /** The member through whose eyes the cluster is seen; -1 for how many disagree with the truth. */
  readonly seenBy: number;
  readonly selected: number;
  readonly probe: Probe | null;
  readonly shown: readonly boolean[];
  readonly coordinates: boolean;
  readonly still: boolean;
}

const MOST_STREAKS = 600; // packets drawn in one frame where they are too fast to be seen moving
const NAMED = 64;
const LEVEL_NAMES = 16; // members up to which names around a ring are level
const NAME_FONT = "12px system-ui, sans-serif";
const BULGE = 0.07; // of the way: paths there and back do not cover each other
const TRAIL = 0.16;

interface Flight {
  readonly row: number;
  readonly share: number;
  readonly lost: boolean;
}

export class Stage {
  private layout: Layout;
  private context: CanvasRenderingContext2D;
  private readonly below: CanvasRenderingContext2D;
  private readonly above: CanvasRenderingContext2D;
  /** What the upper canvas shows: drawn anew only where that changes. */
  private members = "";
  private width = 0;
  private height = 0;
  private radius = 8;
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private readonly states: Uint8Array;
  private readonly wrong: Int32Array;
  private readonly doubt: Int32Array;
  private readonly isDown: Uint8Array;
  private readonly isFaulted: Uint8Array;
  private samples: Groups;
  private readonly longestName: number;
  /** Packets that the last frame drew. */
  drawn = 0;

  /** `canvas` is the upper one, with the members; packets move on the one `under` it. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    under: HTMLCanvasElement,
    private recording: Recording,
    private beliefs: Beliefs,
    private probes: Probes,
    private readonly theme: Theme,
    layout: LayoutName,
  ) {
    this.above = canvas.getContext("2d")!;
    this.below = this.context = under.getContext("2d")!;
    const n = recording.size;
    this.x = new Float64Array(n);
    this.y = new Float64Array(n);
    this.states = new Uint8Array(n);
    this.wrong = new Int32Array(n);
    this.doubt = new Int32Array(n);
    this.isDown = new Uint8Array(n);
    this.isFaulted = new Uint8Array(n);
    this.samples = new Groups(recording.coordinates.node, n);
    this.layout = layOut(recording, layout);
    this.context.font = NAME_FONT;
    const names = recording.heading.members.slice(0, NAMED);
    this.longestName = Math.min(90, Math.max(...names.map((name) => this.context.measureText(name).width))) + 12;
  }

  get layoutName(): LayoutName {
    return this.layout.name;
  }

  /** Show a run that has grown; members stay where they are. */
  update(run: Run): void {
    this.recording = run.recording;
    this.beliefs = run.beliefs;
    this.probes = run.probes;
    this.samples = new Groups(run.recording.coordinates.node, run.recording.size);
  }

  setLayout(name: LayoutName): void {
    this.layout = layOut(this.recording, name);
    this.place();
  }

  /** Fit the canvas to its box. */
  resize(): void {
    const box = this.canvas.getBoundingClientRect();
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.width = box.width;
    this.height = box.height;
    for (const context of [this.below, this.above]) {
      context.canvas.width = Math.max(1, Math.round(box.width * ratio));
      context.canvas.height = Math.max(1, Math.round(box.height * ratio));
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.place();
  }

  private toScreen(x: number, y: number): [number, number] {
    const { name } = this.layout;
    const names = name === "ring" && this.recording.size <= NAMED ? 2 * this.longestName : 0;
    const high = this.height - 24 - (name === "ring" ? names : 0);
    const wide = this.width - 24 - names;
    // A ring or a grid may be wider than high, a map keeps its proportions.
    const square = Math.min(wide, high);
    const across = name === "map" ? square : Math.min(wide, 1.75 * high);
    const down = name === "map" ? square : Math.min(high, 1.75 * wide);
    const fill = name === "ring" ? 1 / 0.86 : 1;
    return [this.width / 2 + (x - 0.5) * across * fill, this.height / 2 + (y - 0.5) * down * fill];
  }

  private place(): void {
    this.members = "";
    const n = this.recording.size;
    for (let member = 0; member < n; member++) {
      [this.x[member], this.y[member]] = this.toScreen(this.layout.x[member], this.layout.y[member]);
    }
    const size = Math.min(this.width, this.height);
    const room = this.layout.name === "grid" ? (0.34 * size) / Math.ceil(Math.sqrt(n)) : (0.95 * size) / n;
    const usual = this.layout.name === "map" ? 70 / Math.sqrt(n) : room;
    this.radius = Math.max(1.5, Math.min(12, usual));
  }

  /** The member nearest to a point of the canvas, within reach; -1 for none. */
  hit(x: number, y: number): number {
    let found = -1;
    let nearest = Math.max(18, 1.6 * this.radius) ** 2;
    for (let member = 0; member < this.x.length; member++) {
      const distance = (this.x[member] - x) ** 2 + (this.y[member] - y) ** 2;
      if (distance < nearest) [nearest, found] = [distance, member];
    }
    return found;
  }

  draw(scene: Scene): void {
    this.context = this.below;
    this.context.clearRect(0, 0, this.width, this.height);
    this.beliefs.down.mark(scene.t, this.isDown);
    this.beliefs.faulted.mark(scene.t, this.isFaulted);
    if (this.layout.scale !== null && scene.coordinates) this.drawCoordinates(scene.t);
    this.drawPackets(scene);
    if (scene.probe !== null) this.drawProbe(scene.probe, scene.t);
    this.drawMembers(scene);
  }

  /** Forget what is drawn, because colours have changed. */
  redraw(): void {
    this.members = "";
  }

  // Members -----------------------------------------------------------------------------------------

  private drawMembers(scene: Scene): void {
    if (scene.seenBy >= 0) this.beliefs.view(scene.seenBy, scene.t, this.states);
    else this.beliefs.disagreement(scene.t, this.wrong, this.doubt);
    const key = this.describeMembers(scene);
    if (key === this.members) return;
    this.members = key;
    this.context = this.above;
    this.context.clearRect(0, 0, this.width, this.height);
    const n = this.recording.size;
    let running = this.recording.heading.observers?.length ?? n;
    for (let member = 0; member < n; member++) running -= this.isDown[member];
    const batches = new Map<string, number[]>();
    for (let member = 0; member < n; member++) {
      const colour = scene.seenBy >= 0 ? STATES[this.states[member]].colour : this.shareColour(member, running);
      const batch = batches.get(colour);
      if (batch) batch.push(member);
      else batches.set(colour, [member]);
    }
    for (const [colour, members] of batches) this.fillMembers(this.theme.colour(colour), members);
    this.drawTruth();
    if (this.radius >= 5) this.drawGlyphs(scene);
    if (scene.seenBy >= 0) this.ringAround(scene.seenBy, "--blue", 6, []);
    if (scene.selected >= 0) this.ringAround(scene.selected, "--ink", 4, []);
    if (scene.probe !== null) {
      this.ringAround(scene.probe.prober, "--sky", 7, []);
      if (scene.probe.target >= 0) this.ringAround(scene.probe.target, "--vermillion", 7, []);
    }
    this.drawNames(scene);
  }

  /** All that the drawing of the members depends on, short. */
  private describeMembers(scene: Scene): string {
    let sum = 0;
    for (let member = 0; member < this.x.length; member++) {
      const seen = scene.seenBy >= 0 ? this.states[member] : 8 * this.wrong[member] + Math.min(1, this.doubt[member]);
      sum = (Math.imul(sum, 31) + 4 * seen + 2 * this.isDown[member] + this.isFaulted[member]) | 0;
    }
    return `${sum}/${scene.seenBy}/${scene.selected}/${scene.probe?.number ?? 0}`;
  }

  private shareColour(member: number, running: number): string {
    const share = this.wrong[member] / Math.max(1, running - 1);
    if (this.wrong[member] === 0) return this.doubt[member] > 0 ? "--doubt" : "--agreed";
    return share < 0.1 ? "--share-1" : share < 0.5 ? "--share-2" : "--share-3";
  }

  private fillMembers(colour: string, members: readonly number[]): void {
    const { context, radius } = this;
    context.fillStyle = colour;
    context.beginPath();
    for (const member of members) {
      const x = this.x[member];
      const y = this.y[member];
      if (radius < 3) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    context.fill();
    if (radius >= 3) {
      context.strokeStyle = this.theme.colour("--paper");
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  /** Members that are down are crossed out with the paper's colour; a fault is a ring of dots. */
  private drawTruth(): void {
    const { context, radius } = this;
    context.lineWidth = Math.max(1, radius / 6);
    for (let member = 0; member < this.x.length; member++) {
      if (this.isDown[member]) {
        context.fillStyle = this.theme.colour("--paper");
        context.beginPath();
        context.arc(this.x[member], this.y[member], 0.58 * radius, 0, 2 * Math.PI);
        context.fill();
        if (radius >= 3) this.ringAround(member, "--ink", 2.5, [3, 3]);
      } else if (this.isFaulted[member] && radius >= 3) this.ringAround(member, "--orange", 3, [1.5, 3]);
    }
  }

  private ringAround(member: number, colour: string, gap: number, dash: number[]): void {
    const { context } = this;
    context.strokeStyle = this.theme.colour(colour);
    context.lineWidth = 2;
    context.setLineDash(dash);
    context.beginPath();
    context.arc(this.x[member], this.y[member], this.radius + gap, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
  }

  private drawGlyphs(scene: Scene): void {
    const { context, radius } = this;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `600 ${Math.round(1.25 * radius)}px system-ui, sans-serif`;
    for (let member = 0; member < this.x.length; member++) {
      context.fillStyle = this.theme.colour(this.isDown[member] ? "--ink" : "--on-member");
      const wrong = this.wrong[member];
      const text = scene.seenBy >= 0 ? STATES[this.states[member]].glyph : wrong > 0 ? String(wrong) : "";
      if (text) context.fillText(text, this.x[member], this.y[member] + 0.5);
    }
  }

  /** Names beside their members: of the chosen ones, and of all others that have room. */
  private drawNames(scene: Scene): void {
    const { context, radius } = this;
    const n = this.recording.size;
    const all = n <= NAMED && this.width > 420;
    const chosen = [scene.selected, scene.seenBy].filter((member) => member >= 0);
    const others = all ? Array.from({ length: n }, (_, member) => member).filter((one) => !chosen.includes(one)) : [];
    const taken: [number, number, number][] = []; // left, right, middle
    context.font = NAME_FONT;
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.strokeStyle = this.theme.colour("--paper");
    for (const member of [...chosen, ...others]) {
      const name = this.recording.name(member);
      context.fillStyle = this.theme.colour(chosen.includes(member) ? "--ink" : "--soft");
      if (this.layout.name === "ring") {
        this.nameOnRing(member, name);
        continue;
      }
      const width = context.measureText(name).width;
      const below = this.layout.name === "grid";
      const right = this.x[member] >= this.width / 2 - 1;
      const gap = radius + 9;
      const left = this.x[member] + (below ? -width / 2 : right ? gap : -gap - width);
      const y = this.y[member] + (below ? radius + 10 : 0);
      if (taken.some(([from, to, at]) => Math.abs(at - y) < 13 && from < left + width && left < to)) continue;
      taken.push([left, left + width, y]);
      context.textAlign = "left";
      context.strokeText(name, left, y);
      context.fillText(name, left, y);
    }
  }

  /** A name outside the ring, along its radius, so that neighbours leave each other room. */
  private nameOnRing(member: number, name: string): void {
    const { context } = this;
    const [dx, dy] = [this.x[member] - this.width / 2, this.y[member] - this.height / 2];
    const flipped = dx < -1;
    const gap = (flipped ? -1 : 1) * (this.radius + 9);
    context.save();
    context.translate(this.x[member], this.y[member]);
    if (this.recording.size > LEVEL_NAMES) {
      context.rotate(Math.atan2(dy, dx) + (flipped ? Math.PI : 0));
      context.textAlign = flipped ? "right" : "left";
      context.fillText(name, gap, 0);
    } else if (Math.abs(dx) < 2) {
      context.textAlign = "center";
      context.fillText(name, 0, Math.sign(dy) * (this.radius + 14));
    } else {
      context.textAlign = flipped ? "right" : "left";
      context.fillText(name, gap, 0);
    }
    context.restore();
  }

  // Coordinates -------------------------------------------------------------------------------------

  /** The place in seconds that a member's coordinate has at `t`, between samples in proportion. */
  coordinate(member: number, t: number): { x: number; y: number; height: number; error: number } | null {
    const { coordinates } = this.recording;
    const rows = this.samples.of(member);
    const count = this.samples.upTo(member, coordinates.t, t);
    if (count === 0) return null;
    const before = rows[count - 1];
    const after = count < rows.length ? rows[count] : before;
    const gap = coordinates.t[after] - coordinates.t[before];
    const share = gap > 0 ? (t - coordinates.t[before]) / gap : 0;
    const between = (name: string): number => {
      const values = coordinates.columns[name];
      return values[before] + share * (values[after] - values[before]);
    };
    return { x: between("x"), y: between("y"), height: between("height"), error: between("error") };
  }

  private drawCoordinates(t: number): void {
    const { context } = this;
    const scale = this.layout.scale!;
    const marks: [number, number][] = [];
    context.strokeStyle = this.theme.colour("--purple");
    context.globalAlpha = 0.55;
    context.lineWidth = 1;
    context.beginPath();
    for (let member = 0; member < this.x.length; member++) {
      const found = this.isDown[member] ? null : this.coordinate(member, t);
      if (found === null) continue;
      const [x, y] = this.toScreen(...scale(found.x, found.y));
      context.moveTo(this.x[member], this.y[member]);
      context.lineTo(x, y);
      marks.push([x, y]);
    }
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [x, y] of marks) trace(context, "gem", x, y, Math.max(2, 0.4 * this.radius));
    context.stroke();
  }

  // Packets -----------------------------------------------------------------------------------------

  private drawPackets(scene: Scene): void {
    const { packets } = this.recording;
    this.drawn = 0;
    const moves = scene.step < 0.6 * packets.usual && !scene.still;
    const flights: Flight[][] = PACKET_KINDS.map(() => []);
    if (moves) this.collectFlying(scene, flights);
    else this.collectSent(scene, flights);
    if (moves) this.drawThreads(flights, scene);
    flights.forEach((some, kind) => {
      if (some.length === 0) return;
      this.drawn += some.length;
      const bright = scene.probe === null ? some : some.filter(({ row }) => packets.probe[row] === scene.probe!.number);
      if (bright.length < some.length) this.drawKind(kind, some, moves, 0.18);
      this.drawKind(kind, bright, moves, 1, scene.selected);
    });
  }

  /** Packets in flight at this moment. */
  private collectFlying(scene: Scene, flights: Flight[][]): void {
    const { packets } = this.recording;
    const [first, end] = this.probes.window(scene.t);
    for (let row = first; row < end; row++) {
      const kind = packets.kind[row];
      if (!scene.shown[kind] || packets.source[row] < 0 || packets.target[row] < 0) continue;
      const lost = Number.isNaN(packets.arrives[row]);
      const travels = lost ? packets.usual : packets.arrives[row] - packets.sent[row];
      const share = travels > 0 ? (scene.t - packets.sent[row]) / travels : 1;
      if (share <= 1) flights[kind].push({ row, share, lost });
    }
  }

  /** Packets sent during this frame, the weightiest if there are too many. */
  private collectSent(scene: Scene, flights: Flight[][]): void {
    const { packets } = this.recording;
    const first = upTo(packets.sent, scene.t - Math.max(scene.step, 2 * packets.usual));
    const end = upTo(packets.sent, scene.t);
    const counts = new Int32Array(8);
    for (let row = first; row < end; row++) counts[PACKET_KINDS[packets.kind[row]].rank]++;
    const strides = new Int32Array(8).fill(0);
    let room = MOST_STREAKS;
    for (let rank = 7; rank >= 0; rank--) {
      if (counts[rank] === 0) continue;
      strides[rank] = room <= 0 ? 0 : Math.ceil(counts[rank] / room);
      room -= strides[rank] > 0 ? Math.ceil(counts[rank] / strides[rank]) : 0;
    }
    const seen = new Int32Array(8);
    for (let row = first; row < end; row++) {
      const kind = packets.kind[row];
      const { rank } = PACKET_KINDS[kind];
      if (strides[rank] === 0 || seen[rank]++ % strides[rank] !== 0) continue;
      if (!scene.shown[kind] || packets.source[row] < 0 || packets.target[row] < 0) continue;
      flights[kind].push({ row, share: 1, lost: Number.isNaN(packets.arrives[row]) });
    }
  }

  /** A dotted line from prober to target for each probe that has gone beyond its ping. */
  private drawThreads(flights: Flight[][], scene: Scene): void {
    const { context } = this;
    const numbers = new Set<number>();
    for (const kind of [INDIRECT, NACK, FALLBACK]) {
      for (const { row } of flights[kind]) numbers.add(this.recording.packets.probe[row]);
    }
    numbers.delete(0);
    if (numbers.size === 0 || numbers.size > 200) return;
    context.strokeStyle = this.theme.colour("--soft");
    context.lineWidth = 1;
    context.setLineDash([2, 4]);
    context.globalAlpha = scene.probe === null ? 0.8 : 0.25;
    context.beginPath();
    for (const number of numbers) {
      const probe = this.probes.get(number);
      if (probe === null || probe.target < 0) continue;
      context.moveTo(this.x[probe.prober], this.y[probe.prober]);
      context.lineTo(this.x[probe.target], this.y[probe.target]);
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** The control point of the path of a packet: a little to the right of the straight way. */
  private bend(source: number, target: number): [number, number] {
    const dx = this.x[target] - this.x[source];
    const dy = this.y[target] - this.y[source];
    return [
      (this.x[source] + this.x[target]) / 2 - BULGE * 2 * dy,
      (this.y[source] + this.y[target]) / 2 + BULGE * 2 * dx,
    ];
  }

  private along(source: number, target: number, share: number): [number, number] {
    const [cx, cy] = this.bend(source, target);
    const rest = 1 - share;
    return [
      rest * rest * this.x[source] + 2 * rest * share * cx + share * share * this.x[target],
      rest * rest * this.y[source] + 2 * rest * share * cy + share * share * this.y[target],
    ];
  }

  private drawKind(kind: number, flights: readonly Flight[], moves: boolean, alpha: number, selected = -1): void {
    const { context } = this;
    const { packets } = this.recording;
    const { colour, shape } = PACKET_KINDS[kind];
    const size = Math.max(2, Math.min(5.5, 0.5 * this.radius + 1.5));
    const concerns = (row: number): boolean =>
      selected < 0 || packets.source[row] === selected || packets.target[row] === selected || packets.about[row] === selected;
    for (const near of [true, false]) {
      const some = flights.filter(({ row }) => concerns(row) === near);
      if (some.length === 0) continue;
      context.globalAlpha = alpha * (near ? 1 : 0.3);
      context.strokeStyle = context.fillStyle = this.theme.colour(colour);
      // The way behind: a short trail of what moves, the whole way of what is too fast.
      context.lineWidth = moves ? 1.5 : 1;
      context.beginPath();
      for (const { row, share, lost } of some) {
        const [source, target] = [packets.source[row], packets.target[row]];
        const end = lost ? Math.min(share, 0.5) : share;
        if (moves) {
          context.moveTo(...this.along(source, target, Math.max(0, end - TRAIL)));
          context.lineTo(...this.along(source, target, end));
        } else if (lost) {
          context.moveTo(this.x[source], this.y[source]);
          context.lineTo(...this.along(source, target, 0.5));
        } else {
          context.moveTo(this.x[source], this.y[source]);
          context.quadraticCurveTo(...this.bend(source, target), this.x[target], this.y[target]);
        }
      }
      context.globalAlpha *= moves ? 0.5 : 0.45;
      context.stroke();
      context.globalAlpha = alpha * (near ? 1 : 0.3);
      if (moves) {
        context.beginPath();
        for (const { row, share, lost } of some) {
          if (lost && share > 0.5) continue;
          trace(context, shape, ...this.along(packets.source[row], packets.target[row], share), size);
        }
        context.lineWidth = 1.8;
        if (isOutline(shape)) context.stroke();
        else {
          context.fill();
          context.strokeStyle = this.theme.colour("--edge");
          context.lineWidth = 0.8;
          context.stroke();
        }
      }
      this.drawLosses(some, moves, size);
    }
    context.globalAlpha = 1;
  }

  /** A lost packet ends half-way in a small cross. */
  private drawLosses(flights: readonly Flight[], moves: boolean, size: number): void {
    const { context } = this;
    const { packets } = this.recording;
    context.strokeStyle = this.theme.colour("--vermillion");
    context.lineWidth = 1.6;
    context.beginPath();
    for (const { row, share, lost } of flights) {
      if (!lost || (moves && share <= 0.5)) continue;
      trace(context, "cross", ...this.along(packets.source[row], packets.target[row], 0.5), moves ? size : 2.5);
    }
    context.stroke();
  }

  /** All that a probe has sent so far: the way of each packet, and where lost ones ended. */
  private drawProbe(probe: Probe, t: number): void {
    const { context } = this;
    const { packets } = this.recording;
    for (const row of probe.rows) {
      if (packets.sent[row] > t || packets.source[row] < 0 || packets.target[row] < 0) continue;
      const { colour } = PACKET_KINDS[packets.kind[row]];
      const lost = Number.isNaN(packets.arrives[row]);
      const travels = lost ? packets.usual : packets.arrives[row] - packets.sent[row];
      const share = Math.min(lost ? 0.5 : 1, travels > 0 ? (t - packets.sent[row]) / travels : 1);
      context.strokeStyle = this.theme.colour(colour);
      context.lineWidth = 2.2;
      context.globalAlpha = 0.85;
      context.beginPath();
      for (let at = 0; at <= 12; at++) {
        const [x, y] = this.along(packets.source[row], packets.target[row], (share * at) / 12);
        if (at === 0) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
      context.stroke();
      if (lost && share >= 0.5) {
        context.strokeStyle = this.theme.colour("--vermillion");
        context.beginPath();
        trace(context, "cross", ...this.along(packets.source[row], packets.target[row], 0.5), 5);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }
}
