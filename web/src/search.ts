/** Searching in ascending times, and grouping rows by a small number. */

export interface Ascending {
  readonly length: number;
  readonly [row: number]: number;
}

/** The number of values at or below `t`. */
export function upTo(values: Ascending, t: number, from = 0, end = values.length): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows grouped by a number: those of group g are `rows[begins[g]]` to `rows[begins[g + 1] - 1]`, in order. */
export class Groups {
  readonly begins: Uint32Array;
  readonly rows: Uint32Array;

  constructor(keys: Ascending, groups: number, rows: number = keys.length) {
    this.begins = new Uint32Array(groups + 1);
    for (let row = 0; row < rows; row++) {
      const key = keys[row];
      if (key >= 0 && key < groups) this.begins[key + 1]++;
    }
    for (let group = 0; group < groups; group++) this.begins[group + 1] += this.begins[group];
    this.rows = new Uint32Array(this.begins[groups]);
    const next = this.begins.slice(0, groups);
    for (let row = 0; row < rows; row++) {
      const key = keys[row];
      if (key >= 0 && key < groups) this.rows[next[key]++] = row;
    }
  }

  of(group: number): Uint32Array {
    return this.rows.subarray(this.begins[group], this.begins[group + 1]);
  }

  /** How many rows of a group have a time at or below `t`. */
  upTo(group: number, times: Ascending, t: number): number {
    let low = this.begins[group];
    let high = this.begins[group + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[this.rows[middle]] <= t) low = middle + 1;
      else high = middle;
    }
    return low - this.begins[group];
  }
}

/** Numbers in a typed array that grows. */
export class Growing<T extends Float64Array | Int32Array | Uint8Array> {
  length = 0;

  constructor(private array: T) {}

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = new (this.array.constructor as new (length: number) => T)(2 * this.array.length);
      larger.set(this.array as never);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }

  trimmed(): T {
    return this.array.subarray(0, this.length) as T;
  }
}
