import { randomUUID } from "node:crypto";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { UsageEvent } from "#core/db/usage-events.ts";
import { lambdaContext, proxyEvent } from "#tests/core/support/lambda.ts";
import { useTables } from "#tests/load/use-tables.ts";
import { isQuick, reportGrowth, type Sweep } from "./growth.ts";
import type { DependenciesReady } from "./processes/dependencies.ts";
import { BenchProcess } from "./processes/process.ts";
import type { ProviderReady } from "./processes/provider.ts";

/** The sweeps of `npm run bench -- growth`: functions in this process, over the embedded engine and a fake provider in others. */

const models = { openai: "gpt-5.4-mini", anthropic: "claude-haiku-4-5" } as const;

class Sink extends Writable {
  metadata: { readonly statusCode: number } | undefined;
  text = "";

  override _write(part: Buffer, _encoding: string, done: () => void): void {
    if (this.text.length < 500) this.text += part.toString("utf8");
    done();
  }
}

type Handler = (event: unknown, response: Sink, context: unknown) => Promise<unknown>;

/** One request to a function, as Lambda makes it. */
const call = async (handler: Handler, path: string, key: string, body: string): Promise<void> => {
  const sink = new Sink();
  const headers = { Authorization: `Bearer ${key}`, "X-Cache": "no-cache", "Content-Type": "application/json" };
  await handler(proxyEvent({ method: "POST", path, headers, body }), sink, lambdaContext(60_000));
  if (!sink.writableFinished) await finished(sink);
  if (sink.metadata?.statusCode !== 200) throw new Error(`${path}: ${sink.metadata?.statusCode} ${sink.text}`);
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const sentence = "The quick brown fox jumps over the lazy dog. ".repeat(4);

const turns = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    role: (count - index) % 2 === 1 ? "user" : "assistant",
    content: `${sentence}${index}`,
  }));

const schemaOf = (index: number) => ({
  type: "object",
  properties: {
    path: { type: "string", description: `Where to look, ${index}` },
    limit: { type: "integer", minimum: 1 },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["path"],
});

interface Endpoint {
  readonly name: string;
  readonly path: string;
  readonly handler: Handler;
  readonly body: (messages: readonly object[], tools: number) => object;
}

const toolsOf = (count: number, tool: (name: string, schema: object) => object) =>
  count === 0 ? {} : { tools: Array.from({ length: count }, (_, index) => tool(`look_up_${index}`, schemaOf(index))) };

const description = "Looks something up";

const endpointsOf = async (): Promise<readonly Endpoint[]> => {
  const handlers = {
    chat: (await import("#functions/chat-completions.ts")).handler as unknown as Handler,
    messages: (await import("#functions/messages.ts")).handler as unknown as Handler,
    responses: (await import("#functions/responses.ts")).handler as unknown as Handler,
  };
  const chatTool = (name: string, parameters: object) => ({
    type: "function",
    function: { name, description, parameters },
  });
  const chat = (model: string) => (messages: readonly object[], tools: number) => ({
    ...{ model, messages },
    ...toolsOf(tools, chatTool),
  });
  const messages = (model: string) => (turns: readonly object[], tools: number) => ({
    ...{ model, max_tokens: 100, messages: turns },
    ...toolsOf(tools, (name, input_schema) => ({ name, description, input_schema })),
  });
  const responses = (model: string) => (input: readonly object[], tools: number) => ({
    ...{ model, input },
    ...toolsOf(tools, (name, parameters) => ({ type: "function", name, description, parameters, strict: false })),
  });
  const [chatPath, messagesPath, responsesPath] = ["/api/v1/chat/completions", "/api/v1/messages", "/api/v1/responses"];
  return [
    { name: "chat to OpenAI", path: chatPath, handler: handlers.chat, body: chat(models.openai) },
    { name: "chat to Anthropic", path: chatPath, handler: handlers.chat, body: chat(models.anthropic) },
    { name: "messages, native", path: messagesPath, handler: handlers.messages, body: messages(models.anthropic) },
    { name: "messages, translated", path: messagesPath, handler: handlers.messages, body: messages(models.openai) },
    { name: "responses, native", path: responsesPath, handler: handlers.responses, body: responses(models.openai) },
    {
      ...{ name: "responses, translated", path: responsesPath },
      ...{ handler: handlers.responses, body: responses(models.anthropic) },
    },
  ];
};

const newKey = async (userId: string): Promise<string> => {
  const { createKey } = await import("#core/keys/keys.ts");
  const { createKeySchema } = await import("#core/schemas/keys.ts");
  return (await createKey(userId, createKeySchema.parse({ name: "Growth", rateLimit: 10_000 }))).key;
};

const newUser = async () => {
  const userId = randomUUID();
  return { userId, key: await newKey(userId) };
};

const requestSweeps = async (key: string): Promise<readonly Sweep[]> => {
  const endpoints = await endpointsOf();
  const prepare = (endpoint: Endpoint, messages: number, tools: number) => {
    const body = JSON.stringify(endpoint.body(turns(messages), tools));
    return async () => () => call(endpoint.handler, endpoint.path, key, body);
  };
  return [
    ...endpoints.map((endpoint) => ({
      ...{ name: `history, ${endpoint.name}`, unit: "message", steps: [1, 251, 1_001, 1_999] },
      prepare: (units: number) => prepare(endpoint, units, 0)(),
    })),
    ...endpoints.map((endpoint) => ({
      ...{ name: `tools, ${endpoint.name}`, unit: "tool", steps: [0, 32, 64, 128] },
      prepare: (units: number) => prepare(endpoint, 1, units)(),
    })),
  ];
};

/** Chats and lists of users that have many keys. */
const keySweeps = async (): Promise<readonly Sweep[]> => {
  const [chat] = await endpointsOf();
  if (chat === undefined) throw new Error("There is no endpoint");
  const { listKeys } = await import("#core/keys/keys.ts");
  const { insertProviderKey, listProviderKeys } = await import("#core/db/provider-keys.ts");
  const { maxProviderKeys } = await import("#core/db/query-provider-keys.ts");
  const body = JSON.stringify(chat.body(turns(1), 0));
  const withKeys = async (count: number) => {
    const user = await newUser();
    for (let more = 1; more < count; more++) await newKey(user.userId);
    return user;
  };
  const withProviderKeys = async (count: number) => {
    const user = await newUser();
    for (let index = 0; index < count; index++) {
      await insertProviderKey({
        ...{ id: randomUUID(), userId: user.userId, provider: "minimax", slug: `slug-${index}`, displayName: "Growth" },
        ...{ last4: "abcd", createdAt: new Date().toISOString(), keyVersion: 1, wrappedKey: "x".repeat(240) },
        sealed: { version: 1, nonce: "x".repeat(16), ciphertext: "x".repeat(80), tag: "x".repeat(24) },
      });
    }
    return user;
  };
  const providerKeySteps = [0, 10, 25, maxProviderKeys];
  return [
    {
      ...{ name: "keys of the user, a chat", unit: "key", steps: [1, 25, 50, 100] },
      prepare: async (units) => {
        const { key } = await withKeys(units);
        return () => call(chat.handler, chat.path, key, body);
      },
    },
    {
      ...{ name: "keys of the user, their list", unit: "key", steps: [1, 25, 50, 100] },
      prepare: async (units) => {
        const { userId } = await withKeys(units);
        return () => listKeys(userId);
      },
    },
    {
      ...{ name: "provider keys, a chat", unit: "provider key", steps: providerKeySteps },
      prepare: async (units) => {
        const { key } = await withProviderKeys(units);
        return () => call(chat.handler, chat.path, key, body);
      },
    },
    {
      ...{ name: "provider keys, their list", unit: "provider key", steps: providerKeySteps },
      prepare: async (units) => {
        const { userId } = await withProviderKeys(units);
        return () => listProviderKeys(userId);
      },
    },
  ];
};

/** A cached stream with logprobs as one answer, by kilobytes. */
const frameSweep = async (): Promise<Sweep> => {
  const { replayCompletion } = await import("#core/chat/cached-answer.ts");
  const facts = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 7, model: models.openai };
  const top = [{ token: "word", logprob: -0.1, bytes: [119, 111, 114, 100] }];
  const logprobs = { content: [{ ...top[0], top_logprobs: top }], refusal: null };
  const choice = { index: 0, delta: { content: "word" }, logprobs, finish_reason: null };
  const frame = `data: ${JSON.stringify({ ...facts, choices: [choice] })}\n\n`;
  return {
    ...{ name: "cached frames with logprobs", unit: "KB", steps: [1, 75, 150, 300] },
    prepare: async (units) => {
      const text = frame.repeat(Math.floor((units * 1_024) / frame.length));
      const answer = { format: "frames", model: models.openai, provider: "openai", simulated: false, text } as const;
      return async () => replayCompletion(answer);
    },
  };
};

const days = 10;

/** Over 10 days, 5 models and 2 keys, as `npm run load -- usage`. */
const eventOf = (userId: string, index: number): UsageEvent => ({
  ...{ userId, day: `2026-11-${String(10 + (index % days)).padStart(2, "0")}` },
  ...{ requestId: `req_${String(index).padStart(12, "0")}`, generation: 0, route: "ChatCompletions" },
  ...{ keyId: `key_${Math.floor(index / 50) % 2}`, status: "ok" as const },
  model: ["gpt-4o-mini", "gpt-4.1", "gpt-4o", "claude-sonnet-4-6", "openai/unlisted"][Math.floor(index / 10) % 5] ?? "",
  ...{ provider: "openai" as const, byok: false, streamed: false, cacheHit: false },
  ...{ startedAt: Date.UTC(2026, 10, 10), latencyMs: 900, inputTokens: 1_000, cachedInputTokens: 100 },
  ...{ cacheWriteInputTokens: 0, outputTokens: 500, reasoningTokens: 50, estimated: false },
  ...{ costPicoUsd: 450_000_000n, reservedPicoUsd: 0n, attempts: [] },
});

/**
 * Usage over many events. A day's sums are one row for each kind of key and model, however many events they have, so they are written here
 * batch by batch as the rollup's, without the marks of a million single events.
 */
const eventSweep = async (): Promise<Sweep> => {
  const { toChanges, withTargets } = await import("#core/usage/rollup.ts");
  const { addToRollups } = await import("#core/db/rollups.ts");
  const { summarizeUsage } = await import("#core/usage/summary.ts");
  const batch = 2_000;
  return {
    ...{ name: "usage events, the summary of a month", unit: "event" },
    steps: isQuick ? [100, 1_000, 10_000] : [100, 1_000, 10_000, 100_000, 1_000_000],
    prepare: async (units) => {
      const userId = randomUUID();
      for (let start = 0; start < units; start += batch) {
        const events = Array.from({ length: Math.min(batch, units - start) }, (_, index) =>
          eventOf(userId, start + index),
        );
        const changes = toChanges(await withTargets(events));
        for (let at = 0; at < changes.length; at += 50)
          await addToRollups([], changes.slice(at, at + 50), 1_764_000_000);
      }
      return async () => {
        const query = { from: "2026-11-01", to: "2026-11-30", keyId: undefined };
        const { totalRequests } = await summarizeUsage(userId, query);
        if (totalRequests !== units) throw new Error(`${units} events were summed as ${totalRequests}`);
      };
    },
  };
};

const fighters = [
  ...["gpt-5.4-mini", "claude-haiku-4-5", "gpt-5.4", "claude-sonnet-4-6"],
  ...["gpt-5.4-nano", "claude-opus-4-5", "gpt-5.5", "claude-sonnet-4-5"],
];

/** In the second round each of the models reads what the others said: text that grows with the square of their number. */
const fightSweep = async (key: string): Promise<Sweep> => {
  const handler = (await import("#functions/fight.ts")).handler as unknown as Handler;
  return {
    ...{ name: "models of a fight, two rounds", unit: "model", steps: [2, 4, 6, 8], rounds: 9 },
    prepare: async (units) => {
      const names = fighters.slice(0, units);
      const asked = { message: "Why is the sky blue?", models: names, rounds: 2, stream: true, search: false };
      return () => call(handler, "/api/v1/fight", key, JSON.stringify(asked));
    },
  };
};

const provider = await BenchProcess.start<ProviderReady>("provider");
const dependencies = await BenchProcess.start<DependenciesReady>("dependencies");
try {
  const { dynamoDbEndpoint, tableNames, unkey } = dependencies.ready;
  useTables(dynamoDbEndpoint, tableNames);
  Object.assign(process.env, {
    ...{ UNKEY_URL: unkey.url, UNKEY_API_ID: unkey.apiId, RATE_LIMIT_SCALE: "1000000", MAX_OPEN_REQUESTS: "10000" },
    ...{ OPENAI_BASE_URL: provider.ready.url, ANTHROPIC_BASE_URL: provider.ready.url.replace(/\/v1$/, "") },
    ...{ DAILY_SPEND_CAP_USD: "1000000000", LOG_LEVEL: "ERROR" },
    SST_RESOURCE_UnkeyRootKey: JSON.stringify({ value: unkey.rootKey }),
    SST_RESOURCE_OpenaiApiKey: JSON.stringify({ value: "bench" }),
    SST_RESOURCE_AnthropicApiKey: JSON.stringify({ value: "bench" }),
  });
  await import("#tests/support/setup.ts");
  // What the functions log is no part of a report.
  process.stdout.write = () => true;
  const { key } = await newUser();
  const sweeps = [
    ...(await requestSweeps(key)),
    ...(await keySweeps()),
    await frameSweep(),
    await eventSweep(),
    await fightSweep(key),
  ];
  const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length);
  const chosen = sweeps.filter(({ name }) => only === undefined || name.includes(only));
  if (!(await reportGrowth(chosen, say))) process.exitCode = 1;
} finally {
  await dependencies.stop();
  await provider.stop();
}
process.exit();
