/** Colours of the page by name, light or dark, and the switch between them. */

export type Scheme = "auto" | "light" | "dark";

const KEY = "serfsim-replay-theme";

export class Theme {
  private readonly cache = new Map<string, string>();
  private readonly listeners: (() => void)[] = [];
  scheme: Scheme = "auto";

  constructor() {
    try {
      this.scheme = (localStorage.getItem(KEY) as Scheme | null) ?? "auto";
    } catch {
      // A page opened from a file may have no storage.
    }
    this.apply();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changed());
  }

  set(scheme: Scheme): void {
    this.scheme = scheme;
    try {
      localStorage.setItem(KEY, scheme);
    } catch {
      // The choice lasts as long as the page.
    }
    this.apply();
    this.changed();
  }

  /** The value of a CSS variable such as `--ink`. */
  colour(name: string): string {
    let known = this.cache.get(name);
    if (known === undefined) {
      known = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
      this.cache.set(name, known);
    }
    return known;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private apply(): void {
    if (this.scheme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.scheme;
  }

  private changed(): void {
    this.cache.clear();
    for (const listener of this.listeners) listener();
  }
}

export const wantsLessMotion = matchMedia("(prefers-reduced-motion: reduce)");
