/** Buttons, fields, keys and the pointer. */

import type { App } from "./app";
import { fill, make, the } from "./dom";
import { seconds } from "./format";
import { type LayoutName, hasMap } from "./layout";
import { packetLegend } from "./legend";
import type { Filter } from "./panels";
import { SPEEDS, speedName } from "./player";
import type { Scheme } from "./theme";
import type { Timeline } from "./timeline";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M3.5 3h3v10h-3zM9.5 3h3v10h-3z";

export class Controls {
  private readonly as = the<HTMLInputElement>("as");
  private readonly select = the<HTMLInputElement>("select");
  private readonly layout = the<HTMLSelectElement>("layout");
  private readonly speeds = the<HTMLSelectElement>("speed");
  private readonly spans = the<HTMLSelectElement>("span");
  private readonly position = the<HTMLInputElement>("position");
  private readonly play = the<HTMLButtonElement>("play");

  constructor(
    private readonly app: App,
    private readonly timeline: Timeline,
  ) {
    this.listNames();
    this.wireView();
    this.wirePlayer();
    this.wireTimeline();
    this.wireHelp();
    addEventListener("keydown", (event) => this.key(event));
  }

  private listNames(): void {
    const names = this.app.runs[0].recording.heading.members;
    for (const id of ["names", "as-names"]) {
      fill(the(id), ...names.slice(0, 2000).map((name) => make("option", { value: name })));
    }
  }

  private wireView(): void {
    const { app } = this;
    const onName = (field: HTMLInputElement, found: (member: number) => void): void => {
      field.addEventListener("change", () => {
        const member = field.value === "" ? -1 : app.run.recording.find(field.value.trim());
        field.setCustomValidity(field.value !== "" && member < 0 ? "No member has this name." : "");
        field.reportValidity();
        if (field.value === "" || member >= 0) found(member);
      });
    };
    onName(this.as, (member) => app.see(member));
    onName(this.select, (member) => app.select(member));
    const maps = app.runs.some((run) => hasMap(run.recording));
    const scaled = app.runs[0].recording.heading.map?.scaled ?? false;
    for (const option of this.layout.options) {
      if (option.value === "map") {
        option.disabled = !maps;
        if (scaled) option.textContent = "map of round trips";
      }
    }
    this.layout.addEventListener("change", () => app.setLayout(this.layout.value as LayoutName));
    const coordinates = the<HTMLInputElement>("coordinates");
    coordinates.addEventListener("change", () => {
      app.coordinates = coordinates.checked;
      app.refresh();
    });
    packetLegend(the("kinds"), app.shown, () => app.refresh());
    const filter = the<HTMLSelectElement>("filter");
    filter.addEventListener("change", () => {
      app.filter = filter.value as Filter;
      app.refresh();
    });
    the("see-as").addEventListener("click", () => app.see(app.seenBy === app.selected ? -1 : app.selected));
    the("deselect").addEventListener("click", () => app.select(-1));
    the("members-box").addEventListener("toggle", () => app.refresh());
    const theme = the<HTMLSelectElement>("theme");
    theme.value = app.theme.scheme;
    theme.addEventListener("change", () => app.theme.set(theme.value as Scheme));
  }

  private wirePlayer(): void {
    const { app } = this;
    fill(this.speeds, ...SPEEDS.map((speed) => make("option", { value: String(speed) }, speedName(speed))));
    this.speed(app.player.speed);
    this.speeds.addEventListener("change", () => app.setSpeed(Number(this.speeds.value)));
    this.spans.addEventListener("change", () => app.setSpan(this.spans.value === "all" ? null : Number(this.spans.value)));
    this.play.addEventListener("click", () => app.toggle());
    the("previous").addEventListener("click", () => app.stepEvent(false));
    the("next").addEventListener("click", () => app.stepEvent(true));
    this.position.addEventListener("input", () => app.seek(Number(this.position.value)));
  }

  private wireTimeline(): void {
    const { canvas } = this.timeline;
    const go = (event: PointerEvent): void => this.app.seek(this.timeline.t(event.offsetX));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  private wireHelp(): void {
    the("help-button").addEventListener("click", () => the<HTMLDialogElement>("help").showModal());
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=checkbox], [type=range]), select, textarea, dialog *");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const action = this.actionOf(event, target);
    if (action === null) return;
    event.preventDefault();
    action();
  }

  private actionOf(event: KeyboardEvent, target: HTMLElement): (() => void) | null {
    const { app } = this;
    const isButton = target.matches("button, summary, input[type=checkbox]");
    const by = (event.shiftKey ? 0.1 : 0.01) * (this.timeline.end - this.timeline.begin);
    const leap = (up: boolean) => (): void => {
      const at = SPEEDS.findIndex((speed) => speed >= app.player.speed);
      app.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + (up ? 1 : -1)))]);
    };
    switch (event.key) {
      case " ":
        return isButton ? null : () => app.toggle();
      case ",":
        return () => app.stepEvent(false);
      case ".":
        return () => app.stepEvent(true);
      case "ArrowLeft":
        return () => app.seek(app.player.t - by);
      case "ArrowRight":
        return () => app.seek(app.player.t + by);
      case "[":
        return leap(false);
      case "]":
        return leap(true);
      case "Home":
        return () => app.seek(app.player.start);
      case "End":
        return () => (app.isLive ? app.stay() : app.seek(app.player.end));
      case "m":
        return () => app.setLayout("map");
      case "r":
        return () => app.setLayout("ring");
      case "g":
        return () => app.setLayout("grid");
      case "a":
        return () => app.see(app.seenBy < 0 ? app.selected : -1);
      case "Escape":
        return () => (app.held ? app.chooseProbe(null) : app.select(-1));
      case "?":
        return () => the<HTMLDialogElement>("help").showModal();
      default:
        return null;
    }
  }

  // What the page's state looks like -----------------------------------------------------------------

  playing(playing: boolean): void {
    document.getElementById("play-sign")!.setAttribute("d", playing ? PAUSE : PLAY);
    fill(this.play.lastElementChild!, playing ? "Pause" : "Play");
  }

  speed(speed: number): void {
    if (!SPEEDS.includes(speed) && ![...this.speeds.options].some(({ value }) => Number(value) === speed)) {
      this.speeds.append(make("option", { value: String(speed) }, speedName(speed)));
    }
    this.speeds.value = String(speed);
  }

  span(span: number | null): void {
    const value = span === null ? "all" : String(span);
    if (![...this.spans.options].some((option) => option.value === value)) {
      this.spans.append(make("option", { value }, seconds(span ?? 0, 1)));
    }
    this.spans.value = value;
  }

  clock(t: number, flying: string): void {
    const digits = this.app.player.speed < 0.02 || (this.app.span ?? 1e9) < 0.5 ? 6 : 3;
    fill(the("clock"), seconds(t, digits));
    fill(the("flying"), flying);
    const { begin, end } = this.timeline;
    this.position.min = String(begin);
    this.position.max = String(end);
    this.position.value = String(t);
    this.position.setAttribute("aria-valuetext", seconds(t));
  }

  refresh(): void {
    const { app } = this;
    const name = (member: number): string => (member < 0 ? "" : app.run.recording.name(member));
    if (document.activeElement !== this.as) this.as.value = name(app.seenBy);
    if (document.activeElement !== this.select) this.select.value = name(app.selected);
    this.layout.value = app.stage.layoutName;
    the<HTMLInputElement>("coordinates").checked = app.coordinates;
    the<HTMLInputElement>("coordinates").closest("label")!.hidden = app.stage.layoutName !== "map";
    const same = app.seenBy >= 0 && app.seenBy === app.selected;
    fill(the("see-as"), same ? "See the cluster as everybody" : "See the cluster as it does");
  }
}
