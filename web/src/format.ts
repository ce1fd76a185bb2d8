/** Numbers in words. */

export function seconds(t: number, digits = 3): string {
  return `${t < 0 ? "−" : ""}${Math.abs(t).toFixed(digits)} s`;
}

/** A length of time with a unit that fits. */
export function lasting(s: number): string {
  const size = Math.abs(s);
  if (size < 1e-3) return `${(s * 1e6).toFixed(0)} µs`;
  if (size < 1) return `${(s * 1e3).toFixed(size < 0.01 ? 2 : size < 0.1 ? 1 : 0)} ms`;
  return `${s.toFixed(size < 10 ? 2 : 1)} s`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** As many digits as tell times of a window of `span` seconds apart. */
export function digitsFor(span: number): number {
  return span >= 20 ? 0 : span >= 2 ? 1 : span >= 0.2 ? 2 : span >= 0.02 ? 3 : span >= 0.002 ? 4 : 5;
}
