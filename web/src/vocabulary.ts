/** The words, colours and shapes of the page: kinds of packets, states of members, kinds of events. */

export const OKABE_ITO = {
  orange: "#e69f00",
  sky: "#56b4e9",
  green: "#009e73",
  yellow: "#f0e442",
  blue: "#0072b2",
  vermillion: "#d55e00",
  purple: "#cc79a7",
} as const;

export type Shape = "disc" | "ring" | "square" | "box" | "diamond" | "gem" | "triangle" | "cross" | "star" | "bar";

/** A kind of packet as the page draws it. `colour` is a CSS variable, so that it follows the theme. */
export interface PacketKind {
  readonly name: string;
  readonly colour: string;
  readonly shape: Shape;
  /** Of the kinds that are drawn when there are too many packets, those of the highest rank stay. */
  readonly rank: number;
}

export const PING = 0;
export const INDIRECT = 1;
export const ACK = 2;
export const NACK = 3;
export const SUSPECT = 4;
export const ALIVE = 5;
export const DEAD = 6;
export const SERF = 7;
export const PUSH_PULL = 8;
export const FALLBACK = 9;

export const PACKET_KINDS: readonly PacketKind[] = [
  { name: "ping", colour: "--sky", shape: "disc", rank: 1 },
  { name: "indirect ping", colour: "--blue", shape: "triangle", rank: 4 },
  { name: "ack", colour: "--green", shape: "ring", rank: 1 },
  { name: "nack", colour: "--orange", shape: "box", rank: 4 },
  { name: "suspect", colour: "--vermillion", shape: "diamond", rank: 5 },
  { name: "alive", colour: "--green", shape: "gem", rank: 3 },
  { name: "dead", colour: "--ink", shape: "cross", rank: 5 },
  { name: "Serf message", colour: "--soft", shape: "bar", rank: 2 },
  { name: "push/pull", colour: "--purple", shape: "square", rank: 3 },
  { name: "TCP fallback", colour: "--yellow", shape: "star", rank: 4 },
];

/** States of a member in the eyes of another. */
export const UNKNOWN = 0;
export const SEEN_ALIVE = 1;
export const SEEN_SUSPECT = 2;
export const SEEN_FAILED = 3;
export const SEEN_LEFT = 4;
export const SEEN_LEAVING = 5;

export interface StateWords {
  readonly name: string;
  readonly colour: string;
  readonly glyph: string;
}

export const STATES: readonly StateWords[] = [
  { name: "unknown", colour: "--faint", glyph: "" },
  { name: "alive", colour: "--green", glyph: "" },
  { name: "suspect", colour: "--orange", glyph: "?" },
  { name: "failed", colour: "--vermillion", glyph: "✕" },
  { name: "left", colour: "--purple", glyph: "–" },
  { name: "leaving", colour: "--sky", glyph: "–" },
];

/** Whether a member in this state counts as a member, as memberlist and Serf count. */
export function isPresent(state: number): boolean {
  return state === SEEN_ALIVE || state === SEEN_SUSPECT || state === SEEN_LEAVING;
}

export type Weight = "bad" | "warn" | "good" | "quiet";

export interface EventWords {
  /** `o` is the observer, `s` the subject, `d` the event's number (`serfsim.protocol.events`). */
  readonly say: (o: string, s: string, d: number) => string;
  readonly weight: Weight;
  /** Whether stepping stops at it and the short list shows it. */
  readonly notable: boolean;
  readonly state?: number;
}

const event = (
  say: (o: string, s: string, d: number) => string,
  weight: Weight,
  notable: boolean,
  state?: number,
): EventWords => (state === undefined ? { say, weight, notable } : { say, weight, notable, state });

const times = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

export const EVENTS: Readonly<Record<string, EventWords>> = {
  join: event((o, s) => `${o} sees ${s} join`, "good", true, SEEN_ALIVE),
  failed: event((o, s) => `${o} declares ${s} failed`, "bad", true, SEEN_FAILED),
  left: event((o, s) => `${o} sees ${s} leave`, "quiet", true, SEEN_LEFT),
  left_forced: event((o, s) => `${o} marks ${s} as left by force`, "quiet", true, SEEN_LEFT),
  update: event((o, s) => `${o} sees new tags of ${s}`, "quiet", false),
  reap: event((o, s) => `${o} reaps ${s}`, "quiet", true, UNKNOWN),
  leaving: event((o, s) => `${o} hears that ${s} is leaving`, "quiet", true, SEEN_LEAVING),
  flap: event((o, s) => `${o} sees ${s} flap`, "warn", true),
  status: event((o, s) => `${o} changes the status of ${s}`, "quiet", false),
  suspect: event((o, s) => `${o} suspects ${s}: its probe failed`, "warn", true, SEEN_SUSPECT),
  suspect_heard: event((o, s) => `${o} hears that ${s} is suspect`, "warn", false, SEEN_SUSPECT),
  suspect_cleared: event((o, s) => `${o} sees ${s} refute: alive again`, "good", false, SEEN_ALIVE),
  refute_suspect: event((o, s) => `${o} refutes the suspicion of ${s}`, "good", true),
  refute_dead: event((o) => `${o} refutes that it is dead`, "good", true),
  refute_alive: event((o) => `${o} refutes an alive message about itself`, "good", true),
  suspicion_timeout: event(
    (o, s, d) => `${o}: the suspicion of ${s} times out after ${times(d, "confirmation")}`,
    "bad",
    true,
  ),
  confirmed: event((o, s) => `${o} gets a confirmation that ${s} is suspect`, "warn", false),
  failed_ping: event((o, s) => `${o} has no ack from ${s} within probe_timeout`, "warn", true),
  tcp_fallback: event((o, s) => `${o} reaches ${s} over TCP only`, "warn", true),
  tcp_fallback_error: event((o, s) => `${o}: the TCP fallback to ${s} fails`, "warn", true),
  push_pull: event((o, s) => `${o} begins a push/pull with ${s}`, "quiet", false),
  push_pull_failed: event((o, s) => `${o}: the push/pull with ${s} fails`, "warn", true),
  reconnect: event((o, s) => `${o} tries to reconnect to ${s}`, "quiet", true),
  reconnect_forgone: event((o, s) => `${o} does not try to reconnect to ${s} this time`, "quiet", false),
  joined: event((o, _, d) => `${o}: its join reached ${d} ${d === 1 ? "address" : "addresses"}`, "quiet", true),
  conflict: event((o, s) => `${o} sees a name conflict about ${s}`, "bad", true),
  coordinate_rejected: event((o, s) => `${o} rejects the coordinate of ${s}`, "warn", false),
  protocol_refused: event((o, s) => `${o} refuses the protocol versions of ${s}`, "bad", true),
  queue_full: event((o) => `${o}: a full handoff queue drops a message`, "bad", true),
  health: event((o, _, d) => `${o}: its health score is ${d}`, "quiet", false),
  coordinate_reset: event((o) => `${o} resets its coordinate`, "warn", true),
  member_dead: event((o, s) => `memberlist of ${o} holds ${s} dead`, "bad", false),
  member_left: event((o, s) => `memberlist of ${o} holds ${s} left`, "quiet", false),
  forgotten: event((o, s) => `memberlist of ${o} forgets ${s}`, "quiet", false),
  leave_done: event((o) => `${o} has left`, "quiet", true),
};

export function eventWords(kind: string): EventWords {
  return EVENTS[kind] ?? event((o, s) => `${o}: ${kind.replaceAll("_", " ")}${s && `, ${s}`}`, "quiet", false);
}
