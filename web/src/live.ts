/** A running simulation as the source of the page, and the requests by which the page acts on it. */

import { GrowingRecording } from "./growing";
import { type Heading, Recording } from "./recording";
import type { Source } from "./source";

const KEY = "serfsim-token";
const IDLE_SHARE = 4; // times as long as the page took for the last piece, it waits before the next
const LEAST_MS = 100;

/** What `serfsim serve` says of a simulation besides its recording. */
export interface Live {
  readonly paused: boolean;
  readonly speed: number;
  /** The run has come to its end. */
  readonly over: boolean;
  readonly in_force: readonly ActiveFault[];
  readonly done: readonly Deed[];
  readonly inexact: readonly string[];
  readonly agent: string;
  readonly rpc: string;
}

export interface ActiveFault {
  readonly position: number;
  readonly what: string;
  readonly verb: string;
  readonly since: number;
  readonly ends: number | null;
  readonly by_hand: boolean;
  readonly repeats: boolean;
  readonly stops_processes: boolean;
  readonly members: readonly string[];
}

export interface Deed {
  readonly at: number;
  readonly what: string;
  readonly verb: string;
  readonly position: number;
}

export interface Saved {
  readonly name: string;
  readonly text: string;
  readonly end_s: number;
  readonly digest: string | null;
  readonly inexact: readonly string[];
}

/** The page's marker of a running simulation: "open", or "token" where requests need one. */
export function liveMarker(root: ParentNode): string | null {
  return root.querySelector('meta[name="serfsim-live"]')?.getAttribute("content") ?? null;
}

export class LiveSource implements Source {
  readonly label = "";
  private readonly token: string;
  private reader: Documents | null = null;
  private first: Recording | null = null;
  /** Called once the server is gone. */
  lost: () => void = () => undefined;

  constructor(marker: string) {
    this.token = marker === "token" ? takeToken() : "";
  }

  async open(): Promise<Recording> {
    const answer = await fetch("/api/run", { headers: this.headers() });
    if (!answer.ok || answer.body === null) throw new Error(await refusalOf(answer));
    this.reader = new Documents(answer.body.getReader());
    const document = await this.reader.next();
    if (document === null) throw new Error("the server has ended");
    this.first = Recording.read(document);
    return this.first;
  }

  follow(listener: (grown: Recording) => void): () => void {
    let ended = false;
    let growing = new GrowingRecording(this.first!);
    let heading = this.first!.heading;
    let timer = 0;
    let cost = 0;
    const update = (): void => {
      timer = 0;
      const began = performance.now();
      listener(growing.read());
      cost = performance.now() - began;
    };
    const read = async (): Promise<void> => {
      for (;;) {
        const document = ended ? null : await this.reader!.next();
        if (document === null) break;
        const piece = Recording.read(document, heading);
        // A page that fell behind is sent everything again.
        if (isWhole(document)) growing = new GrowingRecording(piece);
        else growing.append(piece);
        heading = piece.heading;
        if (timer === 0) timer = window.setTimeout(update, Math.max(LEAST_MS, IDLE_SHARE * cost));
      }
    };
    read()
      .catch(() => undefined)
      .finally(() => !ended && this.lost());
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }

  /** Ask the server to do something. Throws an Error with its sentence where it refuses. */
  async ask<T>(path: string, given: object): Promise<T> {
    const headers = { ...this.headers(), "Content-Type": "application/json" };
    let answer: Response;
    try {
      answer = await fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(given) });
    } catch {
      throw new Error("the server does not answer");
    }
    if (!answer.ok) throw new Error(await refusalOf(answer));
    return (await answer.json()) as T;
  }

  private headers(): Record<string, string> {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }
}

/** Documents from a stream of bytes, each after its length. */
class Documents {
  private parts: Uint8Array[] = [];
  private size = 0;

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  /** The next document, null at the end of the stream. */
  async next(): Promise<ArrayBuffer | null> {
    const head = await this.take(4);
    if (head === null) return null;
    return this.take(new DataView(head).getUint32(0, true));
  }

  private async take(count: number): Promise<ArrayBuffer | null> {
    while (this.size < count) {
      const { value, done } = await this.reader.read();
      if (done) return null;
      this.parts.push(value);
      this.size += value.length;
    }
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const part = this.parts[0];
      const piece = part.subarray(0, count - at);
      taken.set(piece, at);
      at += piece.length;
      if (piece.length === part.length) this.parts.shift();
      else this.parts[0] = part.subarray(piece.length);
    }
    this.size -= count;
    return taken.buffer;
  }
}

function isWhole(document: ArrayBuffer): boolean {
  return "members" in headingOf(document);
}

function headingOf(document: ArrayBuffer): Partial<Heading> {
  const length = new DataView(document).getUint32(0, true);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(document, 4, length))) as Partial<Heading>;
}

async function refusalOf(answer: Response): Promise<string> {
  try {
    const { error } = (await answer.json()) as { error?: string };
    if (error) return error;
  } catch {
    // No sentence came with it.
  }
  return `the server answered ${answer.status}`;
}

/** The token in the address of the page, which is kept for a reload of this tab and leaves the address. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.replace(/^#/, ""));
  const token = given.get("token");
  if (token !== null) {
    sessionStorage.setItem(KEY, token);
    given.delete("token");
    history.replaceState(null, "", `#${given}`);
  }
  return sessionStorage.getItem(KEY) ?? "";
}
