/** The control room of a running simulation: its pace, what is done to the cluster, and what was done. */

import type { App } from "./app";
import { fill, make, the } from "./dom";
import { counted, seconds } from "./format";
import type { Deed, ActiveFault, Live, LiveSource, Saved } from "./live";
import { speedName } from "./player";

const SIM_SPEEDS: readonly number[] = [0.001, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100];
const DONE = 30; // deeds listed
const USUAL_SPAN = 60; // seconds

type Entry = Record<string, unknown>;

/** Actions of the form: what the server is asked for, from the fields. */
const ACTIONS: Readonly<Record<string, (field: (name: string) => string) => Entry>> = {
  "block-udp": (field) => ({ block: "udp", ...links(field) }),
  "block-tcp": (field) => ({ block: "tcp", ...links(field) }),
  "block-all": (field) => ({ block: "all", ...links(field) }),
  loss: (field) => ({ loss: { udp: field("share"), tcp: field("share") }, ...links(field, true) }),
  partition: (field) => ({ partition: [sideOf(field("side")), "rest"] }),
  crash: (field) => ({ crash: [field("member")] }),
  pause: (field) => ({ pause: [field("member")] }),
  event: (field) => ({ event: field("title"), ...from(field) }),
  query: (field) => ({ query: field("title"), ...from(field) }),
};

function links(field: (name: string) => string, everywhere = false): Entry {
  const [around, other] = [field("around"), field("other")];
  if (around === "" && other === "" && everywhere) return { nodes: "all" };
  if (other === "") return { nodes: [around] };
  return { between: [[around, other]] };
}

function from(field: (name: string) => string): Entry {
  return field("sender") === "" ? {} : { from: field("sender") };
}

/** A side of a partition: names, or how many. */
function sideOf(text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text);
  if (/^[\d.]+%$/.test(text)) return text;
  return text.split(/[\s,]+/).filter(Boolean);
}

export class Room {
  private readonly form = the<HTMLFormElement>("act");
  private readonly verb = the<HTMLSelectElement>("act-verb");
  private readonly speeds = the<HTMLSelectElement>("sim-speed");
  private shown = "";

  constructor(
    private readonly app: App,
    private readonly source: LiveSource,
  ) {
    document.body.classList.add("is-live");
    the("room").hidden = false;
    the("player").setAttribute("aria-label", "Player of what has happened");
    fill(the("speed-word"), "Replay speed ");
    app.setSpan(USUAL_SPAN);
    this.wirePace();
    this.wireForm();
    this.wireMember();
    source.lost = () => this.lose();
    app.onPanels = () => this.showMember();
    this.show();
  }

  private get live(): Live {
    return this.app.run.recording.heading.live!;
  }

  // Requests -----------------------------------------------------------------------------------------

  private async ask<T>(path: string, given: object): Promise<T | null> {
    fill(the("refused"));
    try {
      return await this.source.ask<T>(path, given);
    } catch (error) {
      fill(the("refused"), error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  private async act(entry: Entry | string): Promise<boolean> {
    const deed = await this.ask<Deed>("act", { entry });
    if (deed !== null) this.tell(deed);
    return deed !== null;
  }

  private async end(position: number): Promise<void> {
    const deed = await this.ask<Deed>("end", { position });
    if (deed !== null) this.tell(deed);
  }

  private tell(deed: Deed): void {
    fill(the("said"), `${deed.what}, at ${seconds(deed.at, 6)}`);
    this.app.stay();
  }

  private async save(): Promise<void> {
    fill(the("said"), "Saving …");
    const saved = await this.ask<Saved>("save", {});
    if (saved === null) return fill(the("said"));
    const url = URL.createObjectURL(new Blob([saved.text], { type: "application/yaml" }));
    const link = make("a", { href: url, download: `${saved.name}.yaml` }, `${saved.name}.yaml`);
    link.click();
    const digest = saved.digest === null ? "the run so far" : `digest ${saved.digest.slice(0, 16)}`;
    const exact = saved.inexact.length > 0 ? `. Not exact: ${saved.inexact.join("; ")}` : "";
    fill(the("said"), "Saved ", link, `: serfsim run ${saved.name}.yaml repeats ${digest}${exact}`);
  }

  // Pace ---------------------------------------------------------------------------------------------

  private wirePace(): void {
    const { app } = this;
    fill(this.speeds, ...SIM_SPEEDS.map((speed) => make("option", { value: String(speed) }, speedName(speed))));
    this.speeds.addEventListener("change", () => void this.ask("pace", { speed: Number(this.speeds.value) }));
    the("sim-pause").addEventListener("click", () => void this.pause());
    the("sim-step").addEventListener("click", () => void this.step());
    the("sim-stay").addEventListener("click", () => app.stay());
    the("sim-save").addEventListener("click", () => void this.save());
    addEventListener("keydown", (event) => {
      const target = event.target as HTMLElement;
      const typing = target.matches("input:not([type=checkbox], [type=range]), select, textarea, dialog *");
      if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "p") void this.pause();
      else if (event.key === "s") void this.step();
    });
  }

  private async pause(): Promise<void> {
    await this.ask("pace", { paused: !this.live.paused });
  }

  private async step(): Promise<void> {
    const done = await this.ask("pace", { step: the<HTMLSelectElement>("sim-step-by").value });
    if (done !== null) this.app.stay();
  }

  // The form -----------------------------------------------------------------------------------------

  private wireForm(): void {
    const choose = (): void => {
      for (const label of this.form.querySelectorAll<HTMLElement>("[data-for]")) {
        label.hidden = !label.dataset.for!.split(" ").includes(this.verb.value);
      }
    };
    this.verb.addEventListener("change", choose);
    choose();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  private async submit(): Promise<void> {
    const field = (name: string): string => the<HTMLInputElement>(`act-${name}`).value.trim();
    const action = ACTIONS[this.verb.value];
    if (action === undefined) return void this.act(field("entry"));
    const entry = action(field);
    const lasting = field("for");
    const isWork = "event" in entry || "query" in entry;
    await this.act(isWork || lasting === "" ? entry : { ...entry, for: lasting });
  }

  // The member panel ---------------------------------------------------------------------------------

  private wireMember(): void {
    const name = (): string => this.app.run.recording.name(this.app.selected);
    const either = (id: string, verb: string): void =>
      the(id).addEventListener("click", () => {
        const holds = this.holding(verb);
        void (holds === undefined ? this.act({ [verb]: [name()] }) : this.end(holds.position));
      });
    either("member-crash", "crash");
    either("member-pause", "pause");
    for (const transport of ["udp", "tcp"]) {
      the(`member-${transport}`).addEventListener("click", () => {
        const holds = this.blocking(transport);
        void (holds === undefined ? this.act({ block: transport, nodes: [name()] }) : this.end(holds.position));
      });
    }
  }

  /** The oldest fault in force that holds the selected member: one that ended its process, or a pause. */
  private holding(verb: string): ActiveFault | undefined {
    const name = this.app.run.recording.name(this.app.selected);
    return this.live.in_force.find(
      (one) => one.members.includes(name) && (verb === "crash" ? one.stops_processes : one.verb === verb) && !one.repeats,
    );
  }

  /** A block of a transport around the selected member alone, by hand. */
  private blocking(transport: string): ActiveFault | undefined {
    const name = this.app.run.recording.name(this.app.selected);
    const what = `${transport.toUpperCase()} to and from ${name} is blocked`;
    return this.live.in_force.find((one) => one.verb === "block" && one.what === what && !one.repeats);
  }

  private showMember(): void {
    const { selected } = this.app;
    the("member-acts").hidden = selected < 0;
    if (selected < 0) return;
    const say = (id: string, holds: ActiveFault | undefined, on: string, off: string): void => {
      const others = holds !== undefined && holds.members.length > 1 ? ` all ${holds.members.length}` : "";
      const button = the(id);
      const words = holds === undefined ? off : on + others;
      if (button.textContent !== words) fill(button, words);
      button.setAttribute("aria-label", `${words} ${this.app.run.recording.name(selected)}`);
      button.title = holds === undefined ? "" : `ends: ${holds.what}`;
    };
    say("member-crash", this.holding("crash"), "Restart", "Crash");
    say("member-pause", this.holding("pause"), "Resume", "Pause");
    say("member-udp", this.blocking("udp"), "Unblock UDP", "Block UDP");
    say("member-tcp", this.blocking("tcp"), "Unblock TCP", "Block TCP");
  }

  // What is shown ------------------------------------------------------------------------------------

  /** Show the latest state of the simulation. */
  show(): void {
    const { live } = this;
    const now = this.app.run.recording.heading.end_s;
    this.showMember();
    fill(the("room-clock"), seconds(now, live.paused || live.speed < 1 ? 6 : 1));
    the("sim-stay").setAttribute("aria-pressed", String(this.app.player.following));
    const key = JSON.stringify(live);
    if (key === this.shown) return;
    this.shown = key;
    fill(the("room-state"), live.over ? "Over" : live.paused ? "Paused" : `Running at ${speedName(live.speed)}`);
    fill(the("sim-pause"), live.paused ? "Go on" : "Pause");
    the("sim-pause").setAttribute("aria-label", live.paused ? "Go on with the simulation" : "Pause the simulation");
    if (![...this.speeds.options].some(({ value }) => Number(value) === live.speed)) {
      this.speeds.append(make("option", { value: String(live.speed) }, speedName(live.speed)));
    }
    this.speeds.value = String(live.speed);
    this.showActive(live.in_force);
    this.showDone(live.done);
    fill(the("inexact"), live.inexact.length > 0 ? `A saved file cannot repeat: ${live.inexact.join("; ")}.` : "");
    fill(the("beside"), `serf -rpc-addr=${live.rpc} speaks to ${live.agent}.`);
  }

  private showActive(faults: readonly ActiveFault[]): void {
    const rows = faults.map((one) => {
      const until = one.ends === null ? "" : `, until ${seconds(one.ends, 1)}`;
      const row = make("li", {}, make("span", {}, `${one.what} since ${seconds(one.since, 1)}${until}`));
      if (!one.repeats) {
        const button = make("button", { type: "button", "aria-label": `End: ${one.what}` }, "End");
        button.addEventListener("click", () => void this.end(one.position));
        row.append(button);
      }
      return row;
    });
    fill(the("in-force"), ...(rows.length > 0 ? rows : [make("li", { class: "hint" }, "Nothing.")]));
  }

  private showDone(done: readonly Deed[]): void {
    const rows = [...done].slice(-DONE).reverse();
    fill(the("done-title"), `Done by hand: ${counted(done.length, "action")}`);
    fill(
      the("done"),
      ...rows.map((deed) => {
        const button = make("button", { type: "button", class: "link" }, seconds(deed.at, 3));
        button.addEventListener("click", () => this.app.seek(deed.at));
        return make("li", {}, button, ` ${deed.what}`);
      }),
    );
  }

  private lose(): void {
    fill(the("room-state"), "No longer connected");
    fill(the("refused"), "The simulation has ended, or cannot be reached: reload the page to try again.");
    for (const one of document.querySelectorAll<HTMLButtonElement>("#room button, #room input, #room select, #member-acts button")) {
      one.disabled = true;
    }
  }
}
