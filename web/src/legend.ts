/** What the colours and shapes stand for; the shapes of packets are also switches. */

import { fill, make } from "./dom";
import { icon } from "./shapes";
import { PACKET_KINDS, STATES } from "./vocabulary";

export function packetLegend(box: HTMLElement, shown: boolean[], changed: () => void): void {
  fill(
    box,
    ...PACKET_KINDS.map((kind, number) => {
      const switcher = make("input", { type: "checkbox" });
      switcher.checked = shown[number];
      switcher.addEventListener("change", () => {
        shown[number] = switcher.checked;
        changed();
      });
      return make("label", {}, switcher, icon(kind.shape, kind.colour), kind.name);
    }),
  );
}

export function memberLegend(box: HTMLElement, seenBy: string, hasCoordinates: boolean, knowsTruth: boolean): void {
  const item = (style: string, words: string, name = ""): HTMLElement =>
    make("li", {}, make("span", { class: `swatch ${name}`, style }), words);
  const wrong = knowsTruth ? "wrong" : "without it";
  const colours = seenBy
    ? STATES.map(({ name, colour, glyph }) => item(`background:var(${colour})`, glyph ? `${name} (${glyph})` : name))
    : [
        item("background:var(--agreed)", knowsTruth ? "all are right about it" : "all see it"),
        item("background:var(--doubt)", "some suspect it"),
        item("background:var(--share-1)", `a few are ${wrong}`),
        item("background:var(--share-2)", "up to half"),
        item("background:var(--share-3)", `most are ${wrong} (the number: how many)`),
      ];
  const truths = knowsTruth ? [item("", "down", "down"), item("", "under a fault", "fault")] : [];
  if (hasCoordinates) truths.push(item("", "place by its coordinate", "place"));
  fill(box, make("li", {}, seenBy ? `As ${seenBy} sees it:` : "Members:"), ...colours, ...truths);
}
