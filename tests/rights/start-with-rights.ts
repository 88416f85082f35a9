import { once } from "node:events";
import { createServer } from "node:net";
import { type BackgroundFunction, backgroundFunctions, type Grant, type Route, routes } from "#core/routes.ts";
import { startCloud } from "#infra/local/cloud.ts";
import { DataFolder } from "#infra/local/data-folder.ts";
import { readyOf, screen } from "#infra/local/ready.ts";
import type { Call } from "#infra/local/rights/policy.ts";
import { settingOf } from "#infra/settings.ts";

/** `npm start` for the rights suite: takes rights from functions and gives them back while it runs, and notes which are used. */

export interface RightsOrder {
  /** The function. */
  readonly id: string;
  /** The grants of its row that it does not have from now on. */
  readonly without: readonly Grant[];
}

const rows: readonly Pick<Route | BackgroundFunction, "id" | "grants">[] = [...routes, ...backgroundFunctions];
const used = new Map<string, Set<Grant>>();
const known = new Map<string, Grant | undefined>();

const listener = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
await once(listener, "listening");
const folder = new DataFolder(settingOf("LOCAL_DATA_DIR") ?? "");
const scheduleScale = settingOf("SCHEDULE_SCALE");
const functionsDir = settingOf("FUNCTIONS_DIR");

const cloud = await startCloud({
  listener,
  dataDir: folder.path,
  ...(scheduleScale === undefined ? {} : { scheduleScale }),
  ...(functionsDir === undefined ? {} : { functionsDir }),
  onProgress: () => undefined,
  onFault: (line) => process.stderr.write(`${line}\n`),
  onAllowed: (id, calls) => {
    for (const call of calls) note(id, call);
  },
});

function note(id: string, call: Call): void {
  const name = `${id} ${call.action} ${call.resource} ${String(call.context["kms:ViaService"])}`;
  if (!known.has(name)) {
    const grants = rows.find((row) => row.id === id)?.grants ?? [];
    known.set(name, cloud.rights.grantOf(grants, call));
  }
  const grant = known.get(name);
  if (grant !== undefined) used.set(id, (used.get(id) ?? new Set()).add(grant));
}

/** Answers with the rights that the function has used since the last order for it. */
process.on("message", ({ id, without }: RightsOrder) => {
  const grants = rows.find((row) => row.id === id)?.grants ?? [];
  const noted = [...(used.get(id) ?? [])];
  used.delete(id);
  cloud.rights.grant({ id, grants: grants.filter((grant) => !without.includes(grant)) });
  process.send?.(noted);
});

process.once("SIGTERM", async () => {
  folder.retract();
  await cloud.close(0);
  folder.close();
  process.exit(0);
});

folder.announce(readyOf(cloud));
process.stdout.write(`${screen(cloud, folder.path)}\n`);
