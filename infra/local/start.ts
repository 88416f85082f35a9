import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readFlags } from "#infra/flags.ts";
import { nodeVersionFault } from "#infra/node-version.ts";
import { localFaults, settingOf } from "#infra/settings.ts";
import { type Cloud, startCloud } from "./cloud.ts";
import { DataFolder } from "./data-folder.ts";
import { diskReason, startFault } from "./disk-fault.ts";
import { readyOf, screen } from "./ready.ts";

/** `npm start`: the whole gateway on this machine. See docs/guide/local.md. */

const openStreamsGraceMs = 10_000;

const { values: flags } = readFlags(
  {
    usage: "npm start -- [flags]",
    flags: {
      "--ephemeral": "use a temporary data folder, which is removed at the end",
      "--stage NAME": "serve under API Gateway's stage prefix, as without a custom domain",
      "--processes": "run each worker in a process instead of a thread",
    },
  },
  {
    options: {
      ephemeral: { type: "boolean", default: false },
      processes: { type: "boolean", default: false },
      stage: { type: "string", default: "" },
    },
  },
);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const complain = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Ends for what a person can put right: they read these lines, not a stack. */
const refuse: (...faults: readonly string[]) => never = (...faults) => {
  for (const fault of faults) complain(fault);
  process.exit(1);
};

const listenFaults: Readonly<Record<string, (port: number, host: string) => string>> = {
  EADDRINUSE: (port) => `Port ${port} is taken. Stop what listens there, or choose another: PORT=8788 npm start`,
  EACCES: (port) => `PORT must be a port that this user may listen on; ${port} is not.`,
  EADDRNOTAVAIL: (_, host) => `HOST must be an address of this machine; ${host} is not.`,
  ENOTFOUND: (_, host) => `HOST must be an address of this machine; ${host} is not known.`,
};

/**
 * Listens before anything else is started: a port that is taken is reported at once, and nobody else gets it while the parts
 * start. Who calls before they have is cut off. 0 asks for any free port.
 */
const holdPort = async (port: number, host: string): Promise<Server> => {
  const listener = createServer((socket) => socket.destroy()).listen(port, host);
  try {
    await once(listener, "listening");
    return listener;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const fault = Object.hasOwn(listenFaults, code) ? listenFaults[code]?.(port, host) : undefined;
    if (fault === undefined) throw error;
    throw new Error(fault, { cause: error });
  }
};

/** A full disk is reported wherever it shows, and the gateway runs on; any other fault that nobody handles ends it. */
const watchDisk = (): void => {
  process.on("uncaughtException", (error) => {
    const reason = diskReason(error);
    if (reason !== undefined) return complain(`A write failed: ${reason}.`);
    console.error(error);
    process.exit(1);
  });
};

const startIn = async (folder: DataFolder): Promise<Cloud> => {
  const maxWorkers = settingOf("MAX_WORKERS");
  const scheduleScale = settingOf("SCHEDULE_SCALE");
  // Built once for all clouds of a test run.
  const functionsDir = settingOf("FUNCTIONS_DIR");
  return startCloud({
    listener: await holdPort(settingOf("PORT") ?? 8_787, settingOf("HOST") ?? "127.0.0.1"),
    dataDir: folder.path,
    stage: flags.stage,
    mode: flags.processes ? "process" : "thread",
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(scheduleScale === undefined ? {} : { scheduleScale }),
    ...(functionsDir === undefined ? {} : { functionsDir }),
    onProgress: (step) => say(`  ${step}`),
    onFault: complain,
  });
};

const openFolder = (): DataFolder => {
  try {
    return new DataFolder(
      flags.ephemeral ? mkdtempSync(join(tmpdir(), "concurred-")) : resolve(settingOf("LOCAL_DATA_DIR") ?? ".local"),
    );
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
};

const main = async (): Promise<void> => {
  const nodeFault = nodeVersionFault(process.versions.node);
  const faults = [...(nodeFault === undefined ? [] : [nodeFault]), ...localFaults(process.env)];
  if (faults.length > 0) refuse(...faults);
  const folder = openFolder();
  const leave = (): void => {
    folder.close();
    if (flags.ephemeral) rmSync(folder.path, { recursive: true, force: true });
  };
  let cloud: Cloud;
  try {
    cloud = await startIn(folder);
  } catch (error) {
    leave();
    refuse(startFault(error, folder.path));
  }
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    say("\nStopping: open streams have 10 s to end.");
    folder.retract();
    await cloud.close(openStreamsGraceMs);
    leave();
    process.exit(0);
  };
  process.on("SIGINT", () => void stop());
  process.on("SIGTERM", () => void stop());
  watchDisk();
  try {
    folder.announce(readyOf(cloud));
  } catch (error) {
    complain(startFault(error, folder.path));
    await cloud.close(0);
    leave();
    process.exit(1);
  }
  say(screen(cloud, folder.path));
};

await main();
