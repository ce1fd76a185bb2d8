/** The moment as a link: `#t=63.2&as=node-07&select=node-03`. */

export interface Place {
  readonly t?: number;
  readonly as?: string;
  readonly select?: string;
  readonly speed?: number;
  readonly layout?: string;
  readonly span?: string;
  readonly run?: string;
  /** "0" hides Vivaldi's places. */
  readonly places?: string;
  /** Only the map, the captions and the player, for a page inside another. */
  readonly embed?: string;
}

export function readPlace(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name: string): number | undefined => {
    const value = given.get(name);
    const read = value === null || value === "" ? NaN : Number(value);
    return Number.isFinite(read) ? read : undefined;
  };
  const text = (name: string): string | undefined => given.get(name) ?? undefined;
  return {
    t: number("t"),
    as: text("as"),
    select: text("select"),
    speed: number("speed"),
    layout: text("layout"),
    span: text("span"),
    run: text("run"),
    places: text("places"),
    embed: text("embed"),
  };
}

export function writePlace(place: Place): string {
  const parts = Object.entries(place)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return `#${parts.join("&")}`;
}
