/** Where a replay's data comes from. */

import { Recording } from "./recording";

/**
 * A source of one cluster's recording: a file, or a running simulation (`live`).
 *
 * `open` gives what is known so far. A source that grows calls the listener of `follow` with the whole
 * recording each time that it has grown, and returns the function that ends it.
 */
export interface Source {
  readonly label: string;
  open(): Promise<Recording>;
  follow?(listener: (grown: Recording) => void): () => void;
}

/** The data that `serfsim replay` wrote into the page: deflated, in base64. */
export class EmbeddedSource implements Source {
  constructor(
    private readonly element: Element,
    readonly label: string,
  ) {}

  async open(): Promise<Recording> {
    const packed = bytesOf((this.element.textContent ?? "").trim());
    this.element.textContent = "";
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return Recording.read(await new Response(stream).arrayBuffer());
  }
}

export function embeddedSources(root: ParentNode): Source[] {
  const labels = ["A", "B"];
  return [...root.querySelectorAll("script.replay-data")].map((one, at) => new EmbeddedSource(one, labels[at] ?? ""));
}

const CHUNK = 1 << 20; // characters, a multiple of 4

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((base64.length / 4) * 3 - padding);
  let at = 0;
  for (let from = 0; from < base64.length; from += CHUNK) {
    const text = atob(base64.slice(from, from + CHUNK));
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  }
  return bytes;
}
