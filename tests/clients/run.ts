import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Client, fileName, fileText, type Place } from "./client.ts";
import { messagesClients } from "./messages-clients.ts";
import { responsesClients } from "./responses-clients.ts";

/**
 * `npm run clients`: installs pinned versions of clients into a folder of their own and drives them, unmodified, against
 * `npm start`. Words after it choose clients by a part of their names.
 */

const root = join(import.meta.dirname, "../..");
const installed = join(root, ".test-output/clients");
const commandTimeoutMs = 180_000;
const installTimeoutMs = 900_000;
/** Nothing but the gateway is reached: every other host is behind a proxy that is not there. */
const closedProxy = "http://127.0.0.1:1";

const clients: readonly Client[] = [...messagesClients, ...responsesClients];

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const run = async (file: string, parameters: readonly string[], options: object): Promise<Ended> => {
  const child = spawn(file, parameters, { stdio: ["ignore", "pipe", "pipe"], timeout: commandTimeoutMs, ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
};

const install = async (chosen: readonly Client[]): Promise<void> => {
  await mkdir(installed, { recursive: true });
  const dependencies = Object.assign({}, ...chosen.map(({ packages }) => packages)) as Record<string, string>;
  await writeFile(join(installed, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  const { code, output } = await run("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: installed,
    timeout: installTimeoutMs,
  });
  if (code !== 0) throw new Error(`The clients could not be installed:\n${output}`);
  for (const { afterInstall, script } of chosen) {
    if (afterInstall !== undefined) await run(process.execPath, [afterInstall], { cwd: installed });
    if (script !== undefined) await copyFile(join(import.meta.dirname, "scripts", script), join(installed, script));
  }
};

interface Gateway extends Pick<Place, "origin" | "apiKey"> {
  readonly child: ChildProcess;
}

const startGateway = async (dataDir: string): Promise<Gateway> => {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ["infra/local/start.ts"], {
    cwd: root,
    env: { PATH, HOME, PORT: "0", LOCAL_DATA_DIR: dataDir, RATE_LIMIT_SCALE: "100" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  const running = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      if (shown.includes("Concurred is running")) resolve();
    });
  });
  const ended = once(child, "close").then(() => {
    throw new Error("The gateway did not start");
  });
  await Promise.race([running, ended]);
  ended.catch(() => undefined);
  const ready = JSON.parse(await readFile(join(dataDir, "ready.json"), "utf8")) as { url: string; apiKey: string };
  return { child, origin: ready.url, apiKey: ready.apiKey };
};

/** What a client did wrong, or undefined. */
const drive = async (client: Client, model: string, gateway: Gateway): Promise<string | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), "concurred-client-"));
  const place: Place = { ...gateway, installed, work: join(folder, "work"), home: join(folder, "home") };
  await Promise.all([mkdir(place.work), mkdir(place.home)]);
  try {
    for (const [path, text] of Object.entries(client.files?.(place) ?? {})) {
      await mkdir(dirname(join(place.home, path)), { recursive: true });
      await writeFile(join(place.home, path), text);
    }
    const { file, arguments: parameters, env } = client.command(place, model);
    const { code, output } = await run(file, parameters, {
      cwd: place.work,
      env: {
        PATH: `${join(process.execPath, "..")}:${process.env.PATH ?? ""}`,
        HOME: place.home,
        ...{ CI: "1", NO_COLOR: "1", HTTPS_PROXY: closedProxy, NO_PROXY: "127.0.0.1" },
        ...env,
      },
    });
    if (code !== 0) return `ended with ${code}: ${output.slice(-2_000)}`;
    if (!client.writesFile) return undefined;
    const written = await readFile(join(place.work, fileName), "utf8").catch(() => "");
    if (!written.includes(fileText)) return `wrote no ${fileName}: ${output.slice(-2_000)}`;
    return output.includes(fileText) ? undefined : `did not read ${fileName} back: ${output.slice(-2_000)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const words = process.argv.slice(2);
const chosen = clients.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const dataDir = await mkdtemp(join(tmpdir(), "concurred-clients-"));
await install(chosen);
const gateway = await startGateway(dataDir);
try {
  console.log("| Client | Version | Model | Result |\n|---|---|---|---|");
  for (const client of chosen) {
    const version = Object.values(client.packages).join(", ");
    for (const model of client.models) {
      const fault = await drive(client, model, gateway);
      console.log(`| ${client.name} | ${version} | ${model} | ${fault === undefined ? "works" : "fails"} |`);
      if (fault === undefined) continue;
      console.error(fault);
      process.exitCode = 1;
    }
  }
} finally {
  gateway.child.kill("SIGTERM");
  await once(gateway.child, "close");
  await rm(dataDir, { recursive: true, force: true });
}
