/** Shapes of packets: each kind has its own beside its colour. */

import type { Shape } from "./vocabulary";

/** Add a shape of radius `r` at (x, y) to the current path. */
export function trace(path: CanvasRenderingContext2D, shape: Shape, x: number, y: number, r: number): void {
  switch (shape) {
    case "disc":
    case "ring":
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case "square":
    case "box":
      path.rect(x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r);
      break;
    case "diamond":
    case "gem":
      polygon(path, x, y, [0, -1.25 * r, 1.25 * r, 0, 0, 1.25 * r, -1.25 * r, 0]);
      break;
    case "triangle":
      polygon(path, x, y, [0, -1.2 * r, 1.1 * r, 0.85 * r, -1.1 * r, 0.85 * r]);
      break;
    case "cross":
      path.moveTo(x - r, y - r);
      path.lineTo(x + r, y + r);
      path.moveTo(x + r, y - r);
      path.lineTo(x - r, y + r);
      break;
    case "star":
      polygon(path, x, y, STAR.map((value) => value * r));
      break;
    case "bar":
      path.rect(x - 0.9 * r, y - 0.4 * r, 1.8 * r, 0.8 * r);
      break;
  }
}

export function isOutline(shape: Shape): boolean {
  return shape === "ring" || shape === "box" || shape === "gem" || shape === "cross";
}

const STAR = Array.from({ length: 10 }, (_, point) => {
  const angle = (point * Math.PI) / 5 - Math.PI / 2;
  const radius = point % 2 === 0 ? 1.4 : 0.6;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}).flat();

function polygon(path: CanvasRenderingContext2D, x: number, y: number, points: readonly number[]): void {
  path.moveTo(x + points[0], y + points[1]);
  for (let at = 2; at < points.length; at += 2) path.lineTo(x + points[at], y + points[at + 1]);
  path.closePath();
}

/** A small picture of a shape, for the legend. */
export function icon(shape: Shape, colour: string): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-8 -8 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path") as SVGPathElement;
  path.setAttribute("d", PATHS[shape]);
  const outline = isOutline(shape);
  path.setAttribute("style", outline ? `fill:none;stroke:var(${colour});stroke-width:2` : `fill:var(${colour})`);
  svg.append(path);
  return svg;
}

const PATHS: Readonly<Record<Shape, string>> = {
  disc: "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0",
  ring: "M4.5 0A4.5 4.5 0 1 1 -4.5 0A4.5 4.5 0 1 1 4.5 0",
  square: "M-4.5-4.5H4.5V4.5H-4.5Z",
  box: "M-4-4H4V4H-4Z",
  diamond: "M0-6L6 0L0 6L-6 0Z",
  gem: "M0-5.5L5.5 0L0 5.5L-5.5 0Z",
  triangle: "M0-6L5.5 4.5H-5.5Z",
  cross: "M-4-4L4 4M4-4L-4 4",
  star: `M${Array.from({ length: 10 }, (_, at) => `${(5 * STAR[2 * at]).toFixed(1)} ${(5 * STAR[2 * at + 1]).toFixed(1)}`).join("L")}Z`,
  bar: "M-5-2H5V2H-5Z",
};
