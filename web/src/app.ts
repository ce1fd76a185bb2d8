/** The page: its state, and what happens at every frame. */

import { Chart, packetRows, viewRows } from "./charts";
import { Controls } from "./controls";
import { fill, make, the } from "./dom";
import { counted, seconds } from "./format";
import { type LayoutName, hasMap, usualLayout } from "./layout";
import { memberLegend } from "./legend";
import { type Place, readPlace, writePlace } from "./link";
import { EventPanel, type Filter, MemberPanel, ProbePanel } from "./panels";
import { Player } from "./player";
import type { Probe } from "./probes";
import type { Run } from "./run";
import { Stage } from "./stage";
import { Theme, wantsLessMotion } from "./theme";
import { Timeline } from "./timeline";
import { PACKET_KINDS, STATES } from "./vocabulary";

const SLOW_MS = 300; // between updates of the panels while it plays
const SAID_MS = 2500; // between announcements
const FEWER_FRAMES_MS = 250; // where less motion is wanted

interface Sight {
  run: Run;
  readonly stage: Stage;
  readonly figure: HTMLElement;
}

export class App {
  readonly theme = new Theme();
  readonly sights: Sight[] = [];
  readonly player: Player;
  /** Called for each moment whose panels are shown. */
  onPanels: () => void = () => undefined;
  readonly shown = PACKET_KINDS.map(() => true);
  active = 0;
  seenBy = -1;
  selected = -1;
  probe: Probe | null = null;
  held = false;
  filter: Filter = "notable";
  coordinates = true;
  span: number | null = null;
  private readonly timeline: Timeline;
  private readonly views: Chart;
  private readonly packets: Chart;
  private readonly member: MemberPanel;
  private readonly probes: ProbePanel;
  private readonly events: EventPanel;
  private readonly controls: Controls;
  /** Frames drawn so far. */
  frames = 0;
  private panelsAt = 0;
  private drawnAt = 0;
  private saidAt = 0;
  private saidUpTo = 0;
  private embed: string | undefined;
  private charted = "";
  private captionAt = -1;
  private linkTimer = 0;

  constructor(readonly runs: readonly Run[]) {
    const headings = runs.map((run) => run.recording.heading);
    const start = Math.min(...headings.map((one) => one.start_s));
    const end = Math.max(...headings.map((one) => one.end_s));
    this.player = new Player(start, end, (step) => this.frame(step), () => this.ended());
    this.timeline = new Timeline(the("timeline"), the("cursor"), runs.map((run) => run.recording), this.theme);
    const dash = runs.length > 1 ? [[], [5, 4]] : [[]];
    this.views = new Chart(
      the("views-chart"),
      dash.flatMap((pattern) => [
        { label: "wrong", colour: "--vermillion", dash: pattern, stepped: true, width: 3 },
        { label: "suspected", colour: "--orange", dash: pattern, stepped: true },
      ]),
      this.theme,
    );
    this.packets = new Chart(
      the("packets-chart"),
      [
        { label: "probes", colour: "--sky" },
        { label: "gossip", colour: "--soft" },
        { label: "TCP", colour: "--purple" },
      ],
      this.theme,
    );
    this.member = new MemberPanel(the("facts"), the("member-chart"), the("log"), this, this.theme);
    this.probes = new ProbePanel(the("probe-title"), the("probe"), this);
    this.events = new EventPanel(the("events"), this);
    this.buildSights();
    this.controls = new Controls(this, this.timeline);
    this.describe();
    const place = readPlace(location.hash);
    document.body.classList.toggle("embedded", place.embed !== undefined);
    if (place.embed !== undefined) this.embed = place.embed;
    const [caption] = this.runs[0].recording.heading.captions;
    if (caption !== undefined) this.player.seek(caption.t);
    this.follow(place);
    if (this.isLive && place.t === undefined) this.player.follow();
    addEventListener("hashchange", () => this.follow(readPlace(location.hash)));
    this.theme.onChange(() => this.resized());
    new ResizeObserver(() => this.resized()).observe(the("stages"));
    this.resized();
  }

  get run(): Run {
    return this.sights[this.active].run;
  }

  /** The page shows a simulation that goes on. */
  get isLive(): boolean {
    return this.runs[0].recording.heading.live !== undefined;
  }

  get stage(): Stage {
    return this.sights[this.active].stage;
  }

  private buildSights(): void {
    const box = the("stages");
    this.runs.forEach((run, at) => {
      const { heading } = run.recording;
      const under = make("canvas", { class: "under", "aria-hidden": "true" });
      const canvas = make("canvas", { role: "img", tabindex: "0" });
      const title = `${this.runs.length > 1 ? `${run.label}: ` : ""}${heading.name}${heading.digest && `, seed ${heading.seed}`}`;
      const figure = make("figure", {}, under, canvas, make("figcaption", {}, title));
      box.append(figure);
      const stage = new Stage(canvas, under, run.recording, run.beliefs, run.probes, this.theme, usualLayout(run.recording));
      canvas.addEventListener("click", (click) => {
        this.activate(at);
        this.select(stage.hit(click.offsetX, click.offsetY));
      });
      canvas.addEventListener("mousemove", (move) => {
        const found = stage.hit(move.offsetX, move.offsetY);
        canvas.title = found < 0 ? "" : run.recording.name(found);
      });
      this.sights.push({ run, stage, figure });
    });
  }

  private describe(): void {
    const runs = this.sights.map(({ run }) => run);
    const headings = runs.map((run) => run.recording.heading);
    fill(the("name"), [...new Set(headings.map((one) => one.name))].join(" beside "));
    fill(the("question"), headings[0].question);
    const about = runs.map(
      ({ recording }) =>
        `${recording.heading.name}${recording.heading.digest || this.isLive ? `, seed ${recording.heading.seed}` : ""}: ${counted(recording.size, "member")}, ` +
        `${counted(recording.packets.count, "packet")}, ${counted(recording.events.count, "event")}; ` +
        (recording.heading.digest ? `digest ${recording.heading.digest.slice(0, 16)}` : `${counted(recording.log.t.length, "line")}`),
    );
    fill(the("about"), `${about.join(" · ")} · serfsim ${headings[0].version}`);
    fill(
      the("bands"),
      ...headings.flatMap((one) =>
        one.faults.map((band) => make("li", {}, `${band.what}: ${seconds(band.start, 1)} to ${seconds(band.end, 1)}`)),
      ),
    );
    const hasPackets = this.isLive || runs.some(({ recording }) => recording.packets.count > 0);
    document.body.classList.toggle("without-packets", !hasPackets);
    document.title = `${the("name").textContent} — ${this.isLive ? "live" : "replay"}`;
  }

  /** Put a run that has grown in the place of its earlier form. */
  replace(at: number, run: Run): void {
    const sight = this.sights[at];
    sight.run = run;
    sight.stage.update(run);
    this.timeline.update(this.sights.map((one) => one.run.recording));
    if (at === this.active && this.probe !== null) this.probe = run.probes.get(this.probe.number);
    if (this.probe === null) this.held = false;
    this.charted = "";
    this.describe();
    this.player.grow(Math.max(...this.sights.map((one) => one.run.recording.heading.end_s)));
  }

  // Actions ------------------------------------------------------------------------------------------

  seek(t: number): void {
    this.saidUpTo = t;
    this.player.seek(t);
    this.panelsAt = 0;
    this.controls.playing(this.moves);
    this.linkSoon();
  }

  /** The shown moment moves by itself. */
  get moves(): boolean {
    return this.player.playing || this.player.following;
  }

  toggle(): void {
    if (this.moves) this.player.pause();
    else if (this.isLive && this.player.t >= this.player.end) this.player.follow();
    else this.player.play();
    this.moved();
  }

  /** Stay with a simulation that goes on, as it goes. */
  stay(): void {
    this.player.follow();
    this.moved();
  }

  private ended(): void {
    if (this.isLive) this.player.follow();
    this.moved();
  }

  private moved(): void {
    this.saidUpTo = this.player.t;
    this.panelsAt = 0;
    this.controls.playing(this.moves);
    this.linkSoon();
  }

  pause(): void {
    if (this.moves) this.toggle();
  }

  setSpeed(speed: number): void {
    this.player.speed = speed;
    this.controls.speed(speed);
    this.linkSoon();
  }

  select(member: number): void {
    this.selected = member;
    if (!this.held) this.probe = null;
    this.refresh();
  }

  see(member: number): void {
    this.seenBy = member;
    this.refresh();
  }

  chooseProbe(probe: Probe | null): void {
    this.probe = probe;
    this.held = probe !== null;
    this.refresh();
  }

  activate(at: number): void {
    if (at === this.active || at >= this.sights.length) return;
    const names = [this.selected, this.seenBy].map((member) => (member < 0 ? "" : this.run.recording.name(member)));
    this.active = at;
    [this.selected, this.seenBy] = names.map((name) => this.run.recording.find(name));
    this.probe = null;
    this.held = false;
    this.charted = "";
    this.refresh();
  }

  setLayout(name: LayoutName): void {
    for (const { run, stage } of this.sights) stage.setLayout(name === "map" && !hasMap(run.recording) ? "ring" : name);
    this.refresh();
  }

  setSpan(span: number | null): void {
    this.span = span;
    this.controls.span(span);
    this.refresh();
  }

  /** Go to the event of the list before or after this moment, and say it. */
  stepEvent(forward: boolean): void {
    this.pause();
    const { run } = this;
    const rows = this.events.filtered(run, this.filter, this.selected);
    const { t } = run.recording.events;
    const near = 1e-6;
    const place = forward
      ? EventPanel.after(run, rows, this.player.t + near)
      : EventPanel.after(run, rows, this.player.t - near) - 1;
    if (place < 0 || place >= rows.length) {
      this.say(forward ? "no later event" : "no earlier event");
      return;
    }
    const row = rows[place];
    this.chooseProbe(run.probes.ofEvent(row));
    this.seek(t[row]);
    this.say(`${seconds(t[row])}: ${run.recording.say(row)}`);
  }

  refresh(): void {
    this.panelsAt = 0;
    this.controls.refresh();
    const stage = this.stage;
    const name = this.seenBy < 0 ? "" : this.run.recording.name(this.seenBy);
    memberLegend(the("states"), name, stage.layoutName === "map" && this.coordinates, this.run.recording.heading.observers === null);
    this.player.request();
    this.linkSoon();
  }

  // Links --------------------------------------------------------------------------------------------

  follow(place: Place): void {
    if (place.run === "B") this.activate(1);
    const find = (name: string | undefined): number => (name === undefined ? -1 : this.run.recording.find(name));
    this.captionAt = -1;
    if (place.layout === "map" || place.layout === "ring" || place.layout === "grid") this.setLayout(place.layout);
    if (place.places !== undefined) this.coordinates = place.places !== "0";
    this.seenBy = find(place.as);
    this.selected = find(place.select);
    if (place.speed !== undefined && place.speed > 0) this.setSpeed(place.speed);
    if (place.span !== undefined) this.setSpan(Number(place.span) > 0 ? Number(place.span) : null);
    if (place.t !== undefined) this.player.seek(place.t);
    this.saidUpTo = this.player.t;
    this.refresh();
  }

  private linkSoon(): void {
    if (this.linkTimer !== 0) return;
    this.linkTimer = window.setTimeout(() => {
      this.linkTimer = 0;
      const name = (member: number): string | undefined => (member < 0 ? undefined : this.run.recording.name(member));
      const usual = usualLayout(this.run.recording);
      history.replaceState(
        null,
        "",
        writePlace({
          t: this.player.following ? undefined : Number(this.player.t.toFixed(6)),
          as: name(this.seenBy),
          select: name(this.selected),
          speed: this.player.speed === 1 ? undefined : this.player.speed,
          layout: this.stage.layoutName === usual ? undefined : this.stage.layoutName,
          span: this.span === null ? undefined : String(this.span),
          run: this.active === 1 ? "B" : undefined,
          places: this.coordinates ? undefined : "0",
          embed: this.embed,
        }),
      );
    }, 400);
  }

  // Frames -------------------------------------------------------------------------------------------

  resized(): void {
    for (const { stage } of this.sights) stage.resize();
    this.timeline.resize();
    this.views.build();
    this.packets.build();
    this.member.rebuild();
    this.charted = "";
    this.refresh();
  }

  private frame(step: number): void {
    const now = performance.now();
    const still = wantsLessMotion.matches;
    if (still && this.moves && now - this.drawnAt < FEWER_FRAMES_MS) return;
    this.drawnAt = now;
    this.frames++;
    const { t } = this.player;
    this.followCaptions(t);
    this.moveWindow(t);
    let flying = 0;
    this.sights.forEach(({ run, stage, figure }, at) => {
      const here = at === this.active;
      const find = (member: number): number =>
        here || member < 0 ? member : run.recording.find(this.run.recording.name(member));
      stage.draw({
        t,
        step,
        seenBy: find(this.seenBy),
        selected: find(this.selected),
        probe: here ? this.probe : null,
        shown: this.shown,
        coordinates: this.coordinates,
        still,
      });
      flying += stage.drawn;
      figure.classList.toggle("active", here && this.sights.length > 1);
    });
    this.timeline.draw(t);
    this.controls.clock(t, this.moves && step > 0 ? `${flying} packets drawn` : `${flying} packets in flight`);
    if (!this.moves || now - this.panelsAt > SLOW_MS) {
      this.panelsAt = now;
      this.showPanels(t);
    }
  }

  /** Move the window of the time axis so that it holds the moment, and draw its charts anew. */
  private moveWindow(t: number): void {
    const { timeline, player } = this;
    if (this.span === null) [timeline.begin, timeline.end] = [player.start, player.end];
    else if (player.following) {
      timeline.begin = Math.max(player.start, player.end - this.span);
      timeline.end = timeline.begin + this.span;
    } else {
      const inside = t >= timeline.begin && t <= timeline.end && Math.abs(timeline.end - timeline.begin - this.span) < 1e-9;
      if (!inside) {
        timeline.begin = Math.max(player.start, Math.min(player.end - this.span, t - 0.15 * this.span));
        timeline.end = timeline.begin + this.span;
      }
    }
    const key = `${this.active}/${timeline.begin}/${timeline.end}`;
    if (key === this.charted) return;
    this.charted = key;
    const known = Math.min(timeline.end, player.end);
    this.views.show(viewRows(this.sights.map(({ run }) => run.beliefs), timeline.begin, known), timeline.begin, timeline.end);
    this.packets.show(packetRows(this.run.recording, timeline.begin, timeline.end), timeline.begin, timeline.end);
  }

  private showPanels(t: number): void {
    const { run, stage } = this;
    the("member").hidden = this.selected < 0;
    the("no-member").hidden = this.selected >= 0;
    fill(the("member-title"), this.selected < 0 ? "No member selected" : run.recording.name(this.selected));
    if (this.selected >= 0) this.member.show(run, stage, this.selected, t);
    const probe = this.held ? this.probe : this.selected >= 0 ? run.probes.latest(this.selected, t) : null;
    this.probes.show(run, probe, t, this.held);
    this.events.show(run, this.filter, this.selected, t);
    this.showMembers(t);
    this.onPanels();
    const totals = run.beliefs.totals(t);
    const words = `${counted(totals[0], "view")} wrong, ${counted(totals[1], "suspicion")}`;
    stage.canvas.setAttribute("aria-label", `The cluster at ${seconds(t)}: ${words}`);
    if (this.moves) this.announce(t);
    if (this.moves) this.linkSoon();
  }

  private showMembers(t: number): void {
    const box = the<HTMLDetailsElement>("members-box");
    if (!box.open) return;
    const { run } = this;
    const n = run.recording.size;
    const states = new Uint8Array(n);
    const [wrong, doubt] = [new Int32Array(n), new Int32Array(n)];
    if (this.seenBy >= 0) run.beliefs.view(this.seenBy, t, states);
    else run.beliefs.disagreement(t, wrong, doubt);
    const rows = Array.from({ length: Math.min(n, 500) }, (_, member) => {
      const button = make("button", { type: "button", class: "link" }, run.recording.name(member));
      button.addEventListener("click", () => this.select(member));
      const truth = run.beliefs.down.covers(member, t) ? "down" : run.beliefs.faulted.covers(member, t) ? "under a fault" : "up";
      const seen = this.seenBy >= 0 ? STATES[states[member]].name : `${wrong[member]} wrong, ${doubt[member]} suspect it`;
      return make("tr", {}, make("th", { scope: "row" }, button), make("td", {}, truth), make("td", {}, seen));
    });
    fill(the("members"), ...rows);
  }

  // Words --------------------------------------------------------------------------------------------

  /** Tell a screen reader of the latest notable event, not too often. */
  private announce(t: number): void {
    if ((this.run.recording.heading.live?.speed ?? this.player.speed) > 1 || performance.now() - this.saidAt < SAID_MS) return;
    const { run } = this;
    const place = EventPanel.after(run, run.notable, t) - 1;
    const row = place < 0 ? -1 : run.notable[place];
    if (row < 0 || run.recording.events.t[row] <= this.saidUpTo) return;
    this.saidUpTo = t;
    this.say(run.recording.say(row));
  }

  say(text: string): void {
    this.saidAt = performance.now();
    fill(the("live"), text);
  }

  private followCaptions(t: number): void {
    const { captions } = this.run.recording.heading;
    if (captions.length === 0) return;
    let at = -1;
    captions.forEach((caption, place) => {
      if (caption.t <= t + 1e-9) at = place;
    });
    if (at === this.captionAt) return;
    this.captionAt = at;
    const box = the("caption");
    box.hidden = at < 0;
    if (at < 0) return;
    const caption = captions[at];
    const row = make("div", { class: "row" });
    const add = (words: string, action: () => void, kind = ""): void => {
      const button = make("button", { type: "button", ...(kind ? { class: kind } : {}) }, words);
      button.addEventListener("click", action);
      row.append(button);
    };
    if (at > 0) add("Back", () => this.seek(captions[at - 1].t));
    if (at + 1 < captions.length) {
      add("Go on", () => !this.player.playing && this.toggle(), "primary");
      add("Skip", () => this.seek(captions[at + 1].t));
    }
    // A reader has the time that a text needs.
    this.pause();
    fill(box, make("strong", {}, `${at + 1}. ${caption.title}`), caption.text, row);
    if (caption.speed !== null) this.setSpeed(caption.speed);
    if (caption.select !== null) this.selected = this.run.recording.find(caption.select);
    if (caption.seen_by !== null) this.seenBy = this.run.recording.find(caption.seen_by);
    this.refresh();
  }
}
