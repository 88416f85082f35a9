import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DynamoDBDocumentClient, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { rowKeys } from "#core/db/row-keys.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import type { DependenciesReady } from "#tests/bench/processes/dependencies.ts";
import type { GatewayReady, Memory } from "#tests/bench/processes/gateway.ts";
import { BenchProcess } from "#tests/bench/processes/process.ts";
import type { ProviderReady } from "#tests/bench/processes/provider.ts";
import { startGateway } from "#tests/bench/processes/start-gateway.ts";
import { chatBody } from "#tests/bench/scenarios.ts";
import { median } from "#tests/bench/statistics.ts";

/**
 * `npm run load -- streams`: many slow concurrent streams over fewer workers than streams, twice. Each must complete and leave
 * one settled usage row, and the second wave must not retain more memory than the first. `npm run load -- waves`: ten shorter
 * waves, of which the last three must not retain more memory than the second to fourth.
 */

const { values: flags } = parseArgs({
  options: {
    streams: { type: "string", default: "100" },
    "per-second": { type: "string", default: "10" },
    workers: { type: "string", default: "60" },
    waves: { type: "string", default: "2" },
    /** Length of one stream. */
    seconds: { type: "string", default: "12" },
    /** Print only; do not write docs/quality/performance.md. */
    dry: { type: "boolean", default: false },
  },
});

const streams = Number(flags.streams);
const perSecond = Number(flags["per-second"]);
const maxWorkers = Number(flags.workers);
const gapMs = 100;
const chunks = Math.round((Number(flags.seconds) * 1_000) / gapMs);
const waveCount = Number(flags.waves);
const idleMs = 5_000;
const reapTimeoutMs = 30_000;
/** V8 keeps the pages of ended workers for some ten seconds. Many short waves do not wait for that: they compare with each other. */
const settleMs = waveCount > 2 ? 2_000 : 15_000;
const streamTimeoutMs = 180_000;
/** How much more later waves may leave behind than earlier ones. */
const growthLimit = 1.15;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface Parts {
  readonly dependencies: BenchProcess<DependenciesReady>;
  readonly gateway: BenchProcess<GatewayReady>;
}

interface StreamResult {
  readonly requestId: string;
  readonly firstByteMs: number;
  readonly wholeMs: number;
}

/** What the fake provider says in so many chunks. */
const words = [" the", " model", " answers", " with", " a", " word", " at", " a", " time", ","];
const expectedText = (count: number): string =>
  Array.from({ length: count }, (_, at) => words[at % words.length]).join("");

interface Frame {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}

/** The content of a stream of frames. Throws when it is not whole. */
const contentOf = (body: string): string => {
  const frames = body.split("\n\n").filter((frame) => frame.startsWith("data: "));
  if (frames.at(-1) !== "data: [DONE]") throw new Error(`A stream ended without [DONE]: ${body.slice(-300)}`);
  return frames
    .slice(0, -1)
    .flatMap((frame) => (JSON.parse(frame.slice("data: ".length)) as Frame).choices)
    .map(({ delta }) => delta.content ?? "")
    .join("");
};

const stream = ({ gateway, dependencies }: Parts, agent: Agent, count: number): Promise<StreamResult> => {
  const { promise, resolve, reject } = Promise.withResolvers<StreamResult>();
  const startedAt = performance.now();
  const body = chatBody({ stream: true, connections: 1, promptBytes: 200, chunks: count, gapMs });
  const call = request(`${gateway.ready.url}/api/v1/chat/completions`, {
    method: "POST",
    agent,
    timeout: streamTimeoutMs,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${dependencies.ready.apiKey}`,
      "x-cache": "no-cache",
    },
  });
  call.once("response", (response) => {
    let text = "";
    let firstByteMs = 0;
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      firstByteMs ||= performance.now() - startedAt;
      text += part;
    });
    response.once("error", reject);
    response.once("end", () => {
      try {
        if (response.statusCode !== 200) throw new Error(`Status ${response.statusCode}: ${text.slice(0, 300)}`);
        if (contentOf(text) !== expectedText(count)) throw new Error("A stream's content is not what was sent");
        const requestId = String(response.headers["x-request-id"]);
        resolve({ requestId, firstByteMs, wholeMs: performance.now() - startedAt });
      } catch (error) {
        reject(error);
      }
    });
  });
  call.once("timeout", () => call.destroy(new Error(`Nothing for ${streamTimeoutMs} ms`)));
  call.once("error", reject);
  call.end(body);
  return promise;
};

const memory = ({ gateway }: Parts): Promise<Memory> => gateway.ask<Memory>("memory");

/** Waits until every idle worker was ended, then for the memory to settle. */
const reaped = async (parts: Parts): Promise<Memory> => {
  const until = performance.now() + reapTimeoutMs;
  while ((await memory(parts)).workers > 0) {
    if (performance.now() > until) throw new Error("Idle workers were not ended");
    await pause(250);
  }
  await pause(settleMs);
  return memory(parts);
};

interface Wave {
  readonly results: readonly StreamResult[];
  readonly peak: Memory;
  readonly after: Memory;
}

const runWave = async (parts: Parts): Promise<Wave> => {
  const agent = new Agent({ keepAlive: true });
  let peak = await memory(parts);
  const watch = setInterval(async () => {
    const now = await memory(parts);
    if (now.rssBytes > peak.rssBytes) peak = now;
  }, 500);
  try {
    const running: Promise<StreamResult>[] = [];
    for (let count = 0; count < streams; count++) {
      const one = stream(parts, agent, chunks);
      // Told together at the end.
      one.catch(() => undefined);
      running.push(one);
      await pause(1_000 / perSecond);
    }
    const ended = await Promise.allSettled(running);
    const failed = ended.filter((result) => result.status === "rejected");
    if (failed.length > 0) throw new Error(`${failed.length} streams failed, the first with ${failed[0]?.reason}`);
    const results = await Promise.all(running);
    clearInterval(watch);
    return { results, peak, after: await reaped(parts) };
  } finally {
    clearInterval(watch);
    agent.destroy();
  }
};

/** Every request has one usage row, settled as `ok` with the provider's own count. */
const checkUsage = async ({ dependencies }: Parts, requestIds: readonly string[]): Promise<void> => {
  const { dynamoDbEndpoint, tableNames, userId } = dependencies.ready;
  const client = localDynamoDbClient(dynamoDbEndpoint);
  const documents = DynamoDBDocumentClient.from(client);
  const days = new Set([0, 1].map((back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10)));
  const rows: Record<string, unknown>[] = [];
  for (const day of days) {
    const { pk } = rowKeys.usageEvent(userId, day, "", 0);
    let start: Record<string, unknown> | undefined;
    do {
      const page = await documents.send(
        new QueryCommand({
          TableName: tableNames.usage,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": pk },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }
  client.destroy();
  for (const requestId of requestIds) {
    const own = rows.filter((row) => row.requestId === requestId);
    const [row] = own;
    const settled = row?.status === "ok" && row.outputTokens === chunks && row.estimated === false;
    if (own.length !== 1 || !settled) {
      throw new Error(`${requestId} has ${own.length} usage rows: ${JSON.stringify(row)}`);
    }
  }
};

const megabytes = ({ rssBytes }: Memory): string => (rssBytes / 1024 / 1024).toFixed(0);
const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

const report = async (warm: Memory, waves: readonly Wave[]): Promise<void> => {
  const rows = waves.map(({ results, peak, after }, index) => [
    `Wave ${index + 1}`,
    String(results.length),
    String(peak.workers),
    seconds(Math.max(...results.map(({ firstByteMs }) => firstByteMs))),
    seconds(Math.max(...results.map(({ wholeMs }) => wholeMs))),
    megabytes(peak),
    megabytes(after),
  ]);
  const text = [
    `${streams} streams of ${seconds(chunks * gapMs)} s each, ${perSecond} started per second, over at most ${maxWorkers} workers; ${megabytes(warm)} MB with one worker after its first request. Memory is that of the whole process: front end, Runtime APIs and all workers.`,
    table(
      [
        "",
        "Complete streams",
        "Peak workers",
        "Longest wait for the first byte, s",
        "Longest stream, s",
        "Peak, MB",
        "After worker shutdown, MB",
      ],
      rows,
    ),
  ].join("\n\n");
  say(`\n${text}`);
  if (!flags.dry) await replaceSection(waveCount > 2 ? "waves" : "load", text);
};

/** Throws when later waves leave more memory behind than earlier ones: the last against the first, or threes of many. */
const checkGrowth = (waves: readonly Wave[]): void => {
  const left = waves.map(({ after }) => after.rssBytes);
  const [early, late] = left.length > 6 ? [left.slice(1, 4), left.slice(-3)] : [left.slice(0, 1), left.slice(-1)];
  if (median(late) > median(early) * growthLimit) {
    throw new Error("Later waves left more memory behind than earlier ones: there is a leak");
  }
};

const main = async (): Promise<void> => {
  const closers: (() => Promise<void>)[] = [];
  try {
    const provider = await BenchProcess.start<ProviderReady>("provider");
    closers.push(() => provider.stop());
    const dependencies = await BenchProcess.start<DependenciesReady>("dependencies");
    closers.push(() => dependencies.stop());
    const gateway = await startGateway(provider.ready, dependencies.ready, { maxWorkers, idleMs });
    closers.push(() => gateway.stop());
    const parts: Parts = { dependencies, gateway };
    const agent = new Agent();
    await stream(parts, agent, 5);
    agent.destroy();
    const warm = await memory(parts);
    const waves: Wave[] = [];
    for (let number = 1; number <= waveCount; number++) {
      say(`Wave ${number} of ${waveCount}`);
      const wave = await runWave(parts);
      await checkUsage(
        parts,
        wave.results.map(({ requestId }) => requestId),
      );
      waves.push(wave);
    }
    await report(warm, waves);
    checkGrowth(waves);
  } finally {
    for (const close of closers.reverse()) await close();
  }
};

await main();
