import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Cloud, startCloud } from "./cloud.ts";

/** `npm start`: the whole gateway on this machine. See docs/guide/local.md. */

const openStreamsGraceMs = 10_000;

const { values: flags } = parseArgs({
  options: {
    /** A temporary data folder that is removed at the end. */
    ephemeral: { type: "boolean", default: false },
    /** A process for each function instead of a thread. */
    processes: { type: "boolean", default: false },
    /** Serve under API Gateway's stage prefix, as without a custom domain. */
    stage: { type: "string", default: "" },
  },
});

/** Ends for a setting that is none: a person reads this, not a stack. */
const refuse: (fault: string) => never = (fault) => {
  process.stderr.write(`${fault}\n`);
  process.exit(1);
};

const portOf = (text: string): number => {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : refuse(`PORT is not a port: ${text}`);
};

/** A setting that is a number above 0; undefined leaves the cloud's own. */
const numberOf = (name: string, whole = false): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  const good = Number.isFinite(value) && value > 0 && (!whole || Number.isInteger(value));
  return good ? value : refuse(`${name} is not a ${whole ? "whole " : ""}number above 0: ${text}`);
};

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const screen = ({ url, account, logFile }: Cloud, dataDir: string): string => `
Concurred is running (local stand-ins for AWS, Unkey, Supabase and every provider without a key)

  Base URL    ${url}/api/v1
  API key     ${account.apiKey}
  Dashboard   ${url}/dashboard
              ${account.email} / ${account.password}
  Data        ${dataDir}
  Logs        ${logFile}

Try it:

  curl -N ${url}/api/v1/chat/completions -H 'Authorization: Bearer ${account.apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"model":"gpt","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

Ctrl+C stops it.`;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Listens before anything else is done: a port that is taken is told at once, and nobody else gets it while the parts start.
 * Who calls before they have is cut off. 0 asks for any free port.
 */
const holdPort = async (port: number, host: string): Promise<Server> => {
  const listener = createServer((socket) => socket.destroy()).listen(port, host);
  try {
    await once(listener, "listening");
    return listener;
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    return refuse(
      taken ? `Port ${port} is taken. Stop what listens there, or choose another: PORT=8788 npm start` : textOf(error),
    );
  }
};

/** Starts the gateway. Length: the steps of a start, in order. */
const main = async (): Promise<void> => {
  const host = process.env.HOST ?? "127.0.0.1";
  const maxWorkers = numberOf("MAX_WORKERS", true);
  const scheduleScale = numberOf("SCHEDULE_SCALE");
  // Built once for all clouds of a test run.
  const functionsDir = process.env.FUNCTIONS_DIR || undefined;
  const listener = await holdPort(portOf(process.env.PORT ?? "8787"), host);
  const dataDir = flags.ephemeral
    ? await mkdtemp(join(tmpdir(), "concurred-"))
    : resolve(process.env.LOCAL_DATA_DIR ?? ".local");
  const readyFile = join(dataDir, "ready.json");
  const removeData = async (): Promise<void> => {
    await rm(flags.ephemeral ? dataDir : readyFile, { recursive: true, force: true });
  };
  let cloud: Cloud;
  try {
    cloud = await startCloud({
      listener,
      dataDir,
      stage: flags.stage,
      mode: flags.processes ? "process" : "thread",
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
      ...(scheduleScale === undefined ? {} : { scheduleScale }),
      ...(functionsDir === undefined ? {} : { functionsDir }),
      onProgress: (step) => say(`  ${step}`),
    });
  } catch (error) {
    await removeData();
    refuse(textOf(error));
  }
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    say("\nStopping: open streams have 10 s to end.");
    await rm(readyFile, { force: true });
    await cloud.close(openStreamsGraceMs);
    await removeData();
    process.exit(0);
  };
  process.on("SIGINT", () => void stop());
  process.on("SIGTERM", () => void stop());
  const { account, url, dependencies, logFile } = cloud;
  const ready = {
    url,
    dashboardUrl: `${url}/dashboard`,
    apiKey: account.apiKey,
    user: { email: account.email, password: account.password },
    pid: process.pid,
    /** What is behind the gateway, for tests and the curious. Only what guards nothing but this folder. */
    local: {
      userId: account.userId,
      keyId: account.keyId,
      logFile,
      dynamoDbEndpoint: dependencies.dynamoDbEndpoint,
      tableNames: dependencies.tableNames,
      // A root key that was given from outside is a real one: it is not written down.
      unkey: { ...dependencies.unkey, ...(process.env.UNKEY_ROOT_KEY === undefined ? {} : { rootKey: undefined }) },
      supabase: {
        url: dependencies.supabase.url,
        anonKey: dependencies.supabase.anonKey,
        serviceRoleKey: dependencies.supabase.serviceRoleKey,
      },
      kmsEndpoint: dependencies.kmsEndpoint,
      simulatedProviders: dependencies.simulatedProviders,
    },
  };
  await writeFile(readyFile, JSON.stringify(ready, null, 2), { mode: 0o600 });
  say(screen(cloud, dataDir));
};

await main();
