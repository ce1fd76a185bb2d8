/** The clock of the replay: where it is, how fast it runs, and the time that frames take. */

export const SPEEDS: readonly number[] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
const LONGEST_STEP = 0.25; // seconds; a page in the background does not jump when it comes back
const KEPT = 600;
const CHASE_S = 0.3; // of real time, that what is shown lies behind a run that grows
const NEAR_S = 1e-6;

export function speedName(speed: number): string {
  if (speed >= 1) return `${speed}×`;
  const whole = Math.round(1 / speed);
  return `1/${whole === 333 ? 300 : whole === 33 ? 30 : whole}×`;
}

export class Player {
  t: number;
  speed = 1;
  playing = false;
  /** Stays at the end of a run that grows. */
  following = false;
  /** Milliseconds between the last frames, and those spent in drawing each. */
  readonly gaps: number[] = [];
  readonly costs: number[] = [];
  private last = 0;
  private pending = 0;
  private wanted = false;

  constructor(
    readonly start: number,
    public end: number,
    private readonly draw: (step: number) => void,
    private readonly ended: () => void,
  ) {
    this.t = Math.min(end, Math.max(start, 0));
  }

  /** Take a later end of the run. */
  grow(end: number): void {
    this.end = end;
    this.request();
  }

  /** Go to the end of the run, and stay there. */
  follow(): void {
    this.following = true;
    this.playing = false;
    this.t = this.end;
    this.last = 0;
    this.request();
  }

  seek(t: number): void {
    this.following = false;
    this.t = Math.min(this.end, Math.max(this.start, t));
    this.request();
  }

  play(): void {
    if (this.t >= this.end) this.t = this.start;
    this.playing = true;
    this.following = false;
    this.last = 0;
    this.request();
  }

  pause(): void {
    this.playing = false;
    this.following = false;
    this.request();
  }

  /** Have a frame drawn, though the clock stands still. */
  request(): void {
    this.wanted = true;
    if (this.pending === 0) this.pending = requestAnimationFrame((now) => this.frame(now));
  }

  private frame(now: number): void {
    this.pending = 0;
    let step = 0;
    const chases = this.following && this.t < this.end;
    if (chases) {
      // Pieces come in jerks; what is shown moves evenly, a little behind them.
      const gap = this.last > 0 ? Math.min((now - this.last) / 1000, LONGEST_STEP) : 0;
      this.last = now;
      const rest = (this.end - this.t) * Math.exp(-gap / CHASE_S);
      step = this.end - rest - this.t;
      this.t = rest < NEAR_S ? this.end : this.end - rest;
    }
    if (this.playing) {
      const gap = this.last > 0 ? (now - this.last) / 1000 : 0;
      if (this.last > 0) keep(this.gaps, now - this.last);
      this.last = now;
      step = Math.min(gap, LONGEST_STEP) * this.speed;
      this.t = Math.min(this.end, this.t + step);
      if (this.t >= this.end) {
        this.playing = false;
        this.ended();
      }
    }
    if (this.playing || chases || this.wanted) {
      this.wanted = false;
      const began = performance.now();
      this.draw(step);
      keep(this.costs, performance.now() - began);
    }
    if ((this.playing || chases) && this.pending === 0) this.pending = requestAnimationFrame((next) => this.frame(next));
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > KEPT) values.shift();
}
