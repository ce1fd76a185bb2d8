import "./style.css";
import { App } from "./app";
import { the } from "./dom";
import { LiveSource, liveMarker } from "./live";
import { Room } from "./room";
import { Run } from "./run";
import { embeddedSources } from "./source";

async function start(): Promise<void> {
  const marker = liveMarker(document);
  const live = marker === null ? null : new LiveSource(marker);
  const sources = live === null ? embeddedSources(document) : [live];
  if (sources.length === 0) throw new Error("this page holds no run; serfsim replay writes one that does");
  const runs: Run[] = [];
  for (const source of sources) runs.push(new Run(await source.open(), source.label));
  the("loading").hidden = true;
  the("main").hidden = false;
  const app = new App(runs);
  const room = live === null ? null : new Room(app, live);
  Object.assign(window, { serfsimReplay: app });
  sources.forEach((source, at) =>
    source.follow?.((grown) => {
      app.replace(at, new Run(grown, source.label));
      room?.show();
    }),
  );
}

start().catch((error: unknown) => {
  the("loading").textContent = `The run cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
});
