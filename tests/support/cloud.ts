import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DynamoDBDocumentClient, GetCommand, ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Unkey } from "@unkey/api";
import { afterAll, beforeAll, inject, vi } from "vitest";
import * as z from "zod";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import type { ItemKey } from "#core/db/table.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import type { TableId } from "#core/tables.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import type { ReceivedRequest } from "#infra/local/providers/journal.ts";
import type { AskedRole } from "#infra/local/sts/assume-role.ts";

/** The whole gateway as `npm start` runs it, in a child process, for tests from outside. */

const readySchema = z.object({
  url: z.string(),
  dashboardUrl: z.string(),
  apiKey: z.string(),
  user: z.object({ email: z.string(), password: z.string() }),
  pid: z.number(),
  local: z.object({
    userId: z.string(),
    keyId: z.string(),
    logFile: z.string(),
    dynamoDbEndpoint: z.string(),
    tableNames: z.record(z.string(), z.string()),
    unkey: z.object({ url: z.string(), rootKey: z.string().optional(), apiId: z.string() }),
    supabase: z.object({ url: z.string(), anonKey: z.string(), serviceRoleKey: z.string().optional() }),
    collector: z.string(),
    stsEndpoint: z.string(),
    simulatedProviders: z.record(z.string(), z.string()),
  }),
});

export type Ready = z.infer<typeof readySchema>;

export interface CloudOptions {
  /** Environment of `npm start`; nothing of the test's own environment is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Such as `["--processes"]`. */
  readonly flags?: readonly string[];
  /** Builds its functions itself, as a person's `npm start` does, instead of running those of the whole test run. */
  readonly builds?: boolean;
  /** What is run instead of `npm start`: it announces itself in the same way, and `ask` reaches it. */
  readonly entry?: string;
  /** A folder that outlives the cloud, for restarts. Without it a temporary one that goes with it. */
  readonly dataDir?: string;
}

/** What a start that failed left behind. */
export interface FailedStart {
  readonly exitCode: number | null;
  readonly stderr: string;
}

export interface TestKey {
  readonly key: string;
  readonly keyId: string;
  readonly userId: string;
}

export interface KeyOptions {
  /** The owner; a new one when not given. */
  readonly userId?: string;
  /** Requests a minute; default 10,000. */
  readonly rateLimit?: number;
  /** Unix ms. */
  readonly expires?: number;
}

const root = join(import.meta.dirname, "../..");
const startMessage = "Concurred is running";
const minuteMs = 60_000;
const startTimeoutMs = 100_000;
/** Longest wait for what happens after an answer has ended. */
const waitMs = 10_000;

const cleanEnvironment = (dataDir: string, { env = {}, builds = false }: CloudOptions): NodeJS.ProcessEnv => {
  const { functionsDir, compileCache } = inject("sharedBuild");
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TMPDIR: tmpdir(),
    PORT: "0",
    LOCAL_DATA_DIR: dataDir,
    NODE_COMPILE_CACHE: compileCache,
    // Set by tests/rights/each-right.ts, which expects the test to fail.
    ...(process.env.WITHOUT_RIGHTS === undefined ? {} : { WITHOUT_RIGHTS: process.env.WITHOUT_RIGHTS }),
    ...(builds ? {} : { FUNCTIONS_DIR: functionsDir }),
    ...env,
  };
};

interface Started {
  readonly child: ChildProcess;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** Resolves with true at the first screen, with false when the process ended before. */
  readonly running: Promise<boolean>;
  readonly stderr: () => string;
  readonly stdout: () => string;
}

/**
 * A shell that waits for its standard input to end, which happens when this process dies in any way, and then ends the
 * cloud: a test runner that is killed, or that kills its workers, leaves nothing behind.
 */
const killWithThisProcess = (child: ChildProcess): ChildProcess => {
  const script = 'read -r _; kill -TERM "$1"';
  const guard = spawn("/bin/sh", ["-c", script, "guard", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  return guard;
};

const spawnStart = (dataDir: string, options: CloudOptions): Started => {
  const { flags = [], entry } = options;
  const child = spawn(process.execPath, [entry ?? "infra/local/start.ts", ...flags], {
    cwd: root,
    env: cleanEnvironment(dataDir, options),
    stdio: ["ignore", "pipe", "pipe", ...(entry === undefined ? [] : ["ipc" as const])],
  });
  const guard = killWithThisProcess(child);
  let stderr = "";
  let stdout = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = once(child, "close").then(([code]) => {
    guard.kill("SIGKILL");
    return typeof code === "number" ? code : null;
  });
  const shown = new Promise<boolean>((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes(startMessage)) resolve(true);
    });
  });
  // A cloud that comes up after its test gave up would only be in the way of the others.
  const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  return {
    child,
    exited,
    running: Promise.race([shown, exited.then(() => false)]).finally(() => clearTimeout(timer)),
    stderr: () => stderr,
    stdout: () => stdout,
  };
};

export class TestCloud {
  readonly ready: Ready;
  readonly dataDir: string;
  readonly #started: Started;
  readonly #keepsData: boolean;
  readonly #documents: DynamoDBDocumentClient;
  /** Bytes of the log that others caused before. */
  readonly #logStart: number;

  private constructor(started: Started, ready: Ready, dataDir: string, keepsData: boolean, logStart = 0) {
    this.#started = started;
    this.ready = ready;
    this.dataDir = dataDir;
    this.#keepsData = keepsData;
    this.#logStart = logStart;
    this.#documents = DynamoDBDocumentClient.from(localDynamoDbClient(ready.local.dynamoDbEndpoint), {
      unmarshallOptions: { wrapNumbers: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)) },
    });
  }

  /** Starts a cloud and waits until it answers. @throws Error with what it wrote when it does not come up. */
  static async start(options: CloudOptions = {}): Promise<TestCloud> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "concurred-e2e-")));
    const started = spawnStart(dataDir, options);
    if (!(await started.running)) {
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      throw new Error(`The cloud did not start: ${started.stderr()}`);
    }
    const ready = readySchema.parse(JSON.parse(await readFile(join(dataDir, "ready.json"), "utf8")));
    return new TestCloud(started, ready, dataDir, options.dataDir !== undefined);
  }

  /** This cloud as a user finds it who has just come: a new account and key in place of the demo user's, and an empty log. */
  async forNewUser(): Promise<TestCloud> {
    const { userId, ...user } = await this.createUser();
    const { key: apiKey, keyId } = await this.createKey({ userId });
    const { size } = await stat(this.ready.local.logFile);
    const ready = { ...this.ready, apiKey, user, local: { ...this.ready.local, userId, keyId } };
    return new TestCloud(this.#started, ready, this.dataDir, true, size);
  }

  /** Lets this process end before the cloud, which then ends by itself. */
  unref(): this {
    const { child } = this.#started;
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
    return this;
  }

  /** Starts what must not come up. */
  static async startInVain(options: CloudOptions): Promise<FailedStart> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "concurred-e2e-")));
    const started = spawnStart(dataDir, options);
    if (await started.running) started.child.kill("SIGTERM");
    const exitCode = await started.exited;
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    return { exitCode, stderr: started.stderr() };
  }

  get url(): string {
    return this.ready.url;
  }

  /** The base URL that OpenAI's SDK is given. */
  get baseUrl(): string {
    return `${this.ready.url}/api/v1`;
  }

  get apiKey(): string {
    return this.ready.apiKey;
  }

  get userId(): string {
    return this.ready.local.userId;
  }

  get unkey(): Unkey {
    const { url, rootKey } = this.ready.local.unkey;
    return new Unkey({ rootKey: rootKey ?? "", serverURL: url });
  }

  /** An API key as the dashboard would make it, of a user of its own unless one is named. */
  async createKey({ userId = randomUUID(), rateLimit = 10_000, expires }: KeyOptions = {}): Promise<TestKey> {
    const { data } = await this.unkey.keys.createKey({
      apiId: this.ready.local.unkey.apiId,
      prefix: "ck",
      name: "A test's key",
      externalId: userId,
      ratelimits: [{ name: "requests", limit: rateLimit, duration: minuteMs, autoApply: true }],
      ...(expires === undefined ? {} : { expires }),
    });
    return { key: data.key, keyId: data.keyId, userId };
  }

  /** A confirmed user who can sign in. */
  async createUser(): Promise<{ readonly userId: string; readonly email: string; readonly password: string }> {
    const { url, serviceRoleKey = "", anonKey } = this.ready.local.supabase;
    const account = { email: `${randomUUID()}@test.local`, password: `test-${randomUUID()}` };
    const response = await fetch(`${url}/auth/v1/admin/users`, {
      method: "POST",
      headers: { "content-type": "application/json", apikey: anonKey, authorization: `Bearer ${serviceRoleKey}` },
      body: JSON.stringify({ ...account, email_confirm: true }),
    });
    const { id } = z.object({ id: z.string() }).parse(await response.json());
    return { userId: id, ...account };
  }

  /** A row of a table, or undefined. */
  async row(table: TableId, key: ItemKey): Promise<Record<string, unknown> | undefined> {
    const TableName = this.ready.local.tableNames[table] ?? "";
    return (await this.#documents.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item;
  }

  /** All rows of a table. */
  async rows(table: TableId): Promise<readonly Record<string, unknown>[]> {
    const TableName = this.ready.local.tableNames[table] ?? "";
    return (await this.#documents.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items ?? [];
  }

  /** Sets one attribute of a row, which is made where it is missing. */
  async setAttribute(table: TableId, Key: ItemKey, name: string, value: unknown): Promise<void> {
    await this.#documents.send(
      new UpdateCommand({
        TableName: this.ready.local.tableNames[table] ?? "",
        Key,
        UpdateExpression: "SET #name = :value",
        ExpressionAttributeNames: { "#name": name },
        ExpressionAttributeValues: { ":value": value },
      }),
    );
  }

  /** The usage event of a request by its `X-Request-ID`, whatever its state. */
  async usage(userId: string, requestId: string, generation = 0): Promise<UsageEvent | undefined> {
    // UUIDv7: the first 48 bits are the unix milliseconds at which the request began.
    const startedAtMs = Number.parseInt(requestId.slice(4).replace("-", "").slice(0, 12), 16);
    const item = await this.row("usage", rowKeys.usageEvent(userId, utcDay(startedAtMs), requestId, generation));
    return item === undefined ? undefined : usageEventSchema.parse(item);
  }

  /** The usage event once it is settled and its place given back: that happens after the answer's last byte. */
  settledUsage(userId: string, requestId: string): Promise<UsageEvent> {
    return eventually(async () => {
      const event = await this.usage(userId, requestId);
      if (event === undefined || event.status === "open") throw new Error(`The usage of ${requestId} is not settled`);
      const { open } = await this.admission(userId);
      if (open.includes(requestId)) throw new Error(`The place of ${requestId} is not given back`);
      return event;
    });
  }

  /** Ids of the user's open requests, and what is reserved or spent today in pico-dollars. */
  async admission(userId: string): Promise<{ readonly open: readonly string[]; readonly spentPicoUsd: bigint }> {
    const row = await this.row("keys", rowKeys.admission(userId));
    const { open = {}, [`spend#${utcDay(Date.now())}`]: spent = 0 } = row ?? {};
    return { open: Object.keys(open as object), spentPicoUsd: BigInt(spent as number | bigint) };
  }

  /** Describes an IAM role of another account to the local AWS. By default it trusts the gateway under this external id. */
  async putRole(arn: string, externalId: string, changes: object = {}): Promise<void> {
    const trust = {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::000000000000:root" },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "sts:ExternalId": externalId } },
    };
    const actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
    const role = {
      arn,
      trustPolicy: { Statement: [trust] },
      policy: { Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] },
      ...changes,
    };
    const response = await fetch(`${this.ready.local.stsEndpoint}/roles`, {
      method: "PUT",
      body: JSON.stringify(role),
    });
    if (response.status !== 200) throw new Error(`The role was not taken: ${await response.text()}`);
  }

  /** How often the local AWS was asked to assume a role, oldest first. */
  async askedRoles(arn: string): Promise<readonly AskedRole[]> {
    const response = await fetch(`${this.ready.local.stsEndpoint}/asked`);
    const { asked } = (await response.json()) as { readonly asked: readonly AskedRole[] };
    return asked.filter(({ roleArn }) => roleArn === arn);
  }

  /** What the simulated providers received whose last message holds `marker`, oldest first. */
  async providerRequests(marker: string): Promise<readonly ReceivedRequest[]> {
    const { origin } = new URL(this.ready.local.simulatedProviders.openai ?? "");
    const response = await fetch(`${origin}/simulated/requests`);
    const { requests } = (await response.json()) as { readonly requests: readonly ReceivedRequest[] };
    return requests.filter(({ body }) => JSON.stringify(body ?? {}).includes(marker));
  }

  /** What it has shown so far, mails among it: `Mail to <address> (<type>): <link>`. */
  screen(): string {
    return this.#started.stdout();
  }

  /** What it has complained about so far. */
  errors(): string {
    return this.#started.stderr();
  }

  /** Everything that the functions wrote so far. */
  async log(): Promise<string> {
    return (await readFile(this.ready.local.logFile)).subarray(this.#logStart).toString("utf8");
  }

  /** Sends an order to the process of `entry` and resolves with its answer. */
  async ask<Answer>(order: object): Promise<Answer> {
    const answered = once(this.#started.child, "message");
    this.#started.child.send(order);
    return (await answered)[0] as Answer;
  }

  /** Asks the cloud to end, as Ctrl-C or a supervisor does, and resolves with its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#documents.destroy();
    this.#started.child.kill(signal);
    const exitCode = await this.#started.exited;
    if (!this.#keepsData) await rm(this.dataDir, { recursive: true, force: true });
    return exitCode;
  }
}

/** Asks again until it does not throw, and throws its last error after 10 s. For what the gateway does by itself. */
export const eventually = <Value>(read: () => Promise<Value> | Value): Promise<Value> =>
  vi.waitFor(read, { timeout: waitMs, interval: 25 });

/** Functions live without some rights, such as one to keep an answer, so a test may pass though its role lacks one. */
const requireRights = async (cloud: TestCloud, { env, entry }: CloudOptions): Promise<void> => {
  if (entry !== undefined || (env?.WITHOUT_RIGHTS ?? process.env.WITHOUT_RIGHTS) !== undefined) return;
  const denied = (await cloud.log()).split("\n").filter((line) => / is not allowed \S+ on arn:/.test(line));
  if (denied.length > 0) throw new Error(`Rights are missing in core/routes.ts:\n${denied.join("\n")}`);
};

/** One cloud for all tests of a file. What a function asks of AWS without a right fails the file. */
export const useCloud = (options: CloudOptions | (() => Promise<CloudOptions>) = {}): (() => TestCloud) => {
  let cloud: TestCloud | undefined;
  let chosen: CloudOptions = {};
  beforeAll(async () => {
    chosen = typeof options === "function" ? await options() : options;
    cloud = await TestCloud.start(chosen);
  });
  afterAll(async () => {
    try {
      if (cloud !== undefined) await requireRights(cloud, chosen);
    } finally {
      await cloud?.stop();
    }
  });
  return () => {
    if (cloud === undefined) throw new Error("The cloud has not started.");
    return cloud;
  };
};

let standardCloud: Promise<TestCloud> | undefined;

/** Its folder goes with the whole run's. */
const startStandardCloud = async (): Promise<TestCloud> => {
  const dataDir = await mkdtemp(join(dirname(inject("sharedBuild").functionsDir), "cloud-"));
  return (await TestCloud.start({ dataDir, env: { RATE_LIMIT_SCALE: "100" } })).unref();
};

/**
 * The cloud of all files that a worker runs and that need nothing of their own: none starts it again, and its functions are
 * warm. Each file has a user of its own. For files that tell what they caused from what others did, by user, request or words.
 */
export const useStandardCloud = (): (() => TestCloud) => {
  let cloud: TestCloud | undefined;
  beforeAll(async () => {
    standardCloud ??= startStandardCloud();
    cloud = await (await standardCloud).forNewUser();
  });
  afterAll(async () => {
    if (cloud !== undefined) await requireRights(cloud, {});
  });
  return () => {
    if (cloud === undefined) throw new Error("The cloud has not started.");
    return cloud;
  };
};
