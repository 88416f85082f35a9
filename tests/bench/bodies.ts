import { once } from "node:events";
import { createServer } from "node:http";
import { finished } from "node:stream/promises";
import { ResponseStream } from "#tests/support/setup.ts";
import { machineLoad } from "./machine-load.ts";
import { replaceSection, table } from "./markdown.ts";
import { median } from "./statistics.ts";

/**
 * `npm run bench -- bodies`: CPU of a refusal of a heavy body, and CPU and memory of a heavy body with a valid key, on the
 * function of chat completions in this process. The goals are those of tests/attacks/heavy-bodies.test.ts in time.
 */

const bytes = 4_500_000;
const rounds = 15;
const refusalGoalMs = 3;
const bodyGoalMs = 500;
const memoryGoalMb = 300;

const valid = `ck_${"v".repeat(24)}`;
const unknown = `ck_${"u".repeat(24)}`;

/** Unkey and DynamoDB as far as a refusal asks them. */
const startStandIn = async () => {
  const server = createServer(async (incoming, response) => {
    let text = "";
    for await (const part of incoming) text += String(part);
    const isKnown = text.includes(valid);
    const verdict = isKnown
      ? { valid: true, code: "VALID", keyId: "key_1", identity: { externalId: "user_1" } }
      : { valid: false, code: "NOT_FOUND" };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(incoming.url?.includes("verifyKey") ? JSON.stringify({ data: verdict }) : "{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The stand-in has no port");
  return { server, url: `http://127.0.0.1:${address.port}` };
};

const filled = (part: string): string =>
  `{"model":"gpt","messages":[${part.repeat(Math.floor(bytes / part.length))}0]}`;
const bodies: readonly (readonly [string, string])[] = [
  ["brackets", "[".repeat(bytes)],
  ["empty arrays", filled("[],")],
  ["objects", filled('{"a":1},')],
  ["numbers", filled("1,")],
  ["nulls", filled("null,")],
  [
    "one text, sent to a provider",
    JSON.stringify({ model: "gpt-4o-mini", retries: 0, messages: [{ role: "user", content: "x ".repeat(bytes / 2) }] }),
  ],
];

type Handler = (event: object, response: ResponseStream, context: object) => Promise<unknown>;

interface Cost {
  readonly status: number;
  readonly cpuMs: number;
  readonly grownMb: number;
}

const megabyte = 1024 * 1024;

const call = async (handler: Handler, body: string, headers: Readonly<Record<string, string>>): Promise<Cost> => {
  const sent = { "content-type": "application/json", ...headers };
  const event = {
    httpMethod: "POST",
    path: "/api/v1/chat/completions",
    headers: sent,
    multiValueHeaders: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    pathParameters: null,
    body,
    isBase64Encoded: false,
    requestContext: { path: "/api/v1/chat/completions", stage: "bench", identity: { sourceIp: "203.0.113.7" } },
  };
  const response = new ResponseStream();
  response.resume();
  const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 60_000 };
  const memory = process.memoryUsage().rss;
  const before = process.cpuUsage();
  await handler(event, response, context);
  await finished(response);
  const { user, system } = process.cpuUsage(before);
  return {
    status: response.metadata?.statusCode ?? 0,
    cpuMs: (user + system) / 1_000,
    grownMb: (process.memoryUsage().rss - memory) / megabyte,
  };
};

const measure = async (handler: Handler, body: string, headers: Readonly<Record<string, string>>) => {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await call(handler, body, headers));
  return {
    status: costs[0]?.status ?? 0,
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    mostMb: Math.max(...costs.map(({ grownMb }) => grownMb)),
  };
};

const main = async (): Promise<void> => {
  const { server, url } = await startStandIn();
  Object.assign(process.env, {
    UNKEY_URL: url,
    AWS_ENDPOINT_URL_DYNAMODB: url,
    RATE_LIMIT_SCALE: "1000000",
    SST_RESOURCE_UnkeyRootKey: JSON.stringify({ value: "root" }),
    OPENAI_BASE_URL: url,
    SST_RESOURCE_OpenaiApiKey: JSON.stringify({ value: "bench" }),
    SST_RESOURCE_UsageTable: JSON.stringify({ name: "usage" }),
    SST_RESOURCE_ProviderKeysTable: JSON.stringify({ name: "providerKeys" }),
    SST_RESOURCE_CacheTable: JSON.stringify({ name: "cache" }),
    SST_RESOURCE_KeysTable: JSON.stringify({ name: "keys" }),
    AWS_SECRET_ACCESS_KEY: "bench",
  });
  const { write } = process.stdout;
  // What the function logs is no part of a report.
  process.stdout.write = () => true;
  const { forgetUnknownKeys } = await import("#core/auth/api-key.ts");
  const { handler } = (await import("#functions/chat-completions.ts")) as unknown as { readonly handler: Handler };
  const rows: string[][] = [];
  const small = '{"model":"gpt","messages":[]}';
  const keys: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["without a key", {}],
    ["with an unknown key", { authorization: `Bearer ${unknown}` }],
  ];
  for (const [name, headers] of keys) {
    await measure(handler, small, headers);
    const least = await measure(handler, small, headers);
    const heavy = await measure(handler, bodies[1]?.[1] ?? "", headers);
    forgetUnknownKeys();
    const cpuMs = heavy.cpuMs - least.cpuMs;
    rows.push([
      `4.5 MB ${name}, beyond a small body`,
      String(heavy.status),
      `${cpuMs.toFixed(1)} (< ${refusalGoalMs})`,
      heavy.mostMb.toFixed(0),
    ]);
  }
  for (const [name, body] of bodies) {
    const { status, cpuMs, mostMb } = await measure(handler, body, { authorization: `Bearer ${valid}` });
    rows.push([
      `4.5 MB of ${name} with a valid key`,
      String(status),
      `${cpuMs.toFixed(0)} (< ${bodyGoalMs})`,
      `${mostMb.toFixed(0)} (< ${memoryGoalMb})`,
    ]);
  }
  process.stdout.write = write;
  server.close();
  const text = [
    `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC with Node ${process.version}, medians of ${rounds}; ${machineLoad()}.`,
    table(["Body", "Status", "CPU, ms (goal)", "Most memory that one adds, MB (goal)"], rows),
  ].join("\n\n");
  process.stdout.write(`${text}\n`);
  await replaceSection("bodies", text);
};

await main();
process.exit();
