import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, type PlainItem } from "#core/db/table.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { forgetTargets } from "#core/routing/target-stats.ts";
import { handler } from "#functions/chat-completions.ts";
import { type StandIns, unkeyOperation, useStandIns } from "#tests/accounts/support/stand-ins.ts";
import { type FakeProvider, type FakeProviderRequest, sse, startFakeProvider } from "#tests/support/fake-provider.ts";
import { type Answer, callStream, type OpenCall, openStream } from "./lambda.ts";

/** The function of chat completions in this process, on real parts behind relays, with a provider that a test plays. */

export interface Caller {
  readonly key: string;
  readonly keyId: string;
  readonly userId: string;
}

export type Play = (response: ServerResponse, request: FakeProviderRequest) => void | Promise<void>;

export interface ChatGateway extends StandIns {
  /** Plays OpenAI, Anthropic, xAI and OpenRouter. Its requests are forgotten before each test. */
  readonly provider: FakeProvider;
  /** What the provider does with each request. */
  play: Play;
  /** How often the provider was asked. */
  readonly asked: number;
  createCaller(userId?: string): Promise<Caller>;
  /** POST /api/v1/chat/completions, read to its end and settled. */
  ask(caller: Caller, body: object, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The same with reading left to the test, in a function that has so much time left, ms. */
  open(caller: Caller, body: object, headers?: Readonly<Record<string, string>>, remainingMs?: number): OpenCall;
  /** The usage event of an answered request. */
  usage(caller: Caller, answer: Answer): Promise<PlainItem>;
}

export const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
export const userMessage = (content: string) => ({ role: "user" as const, content });

interface Text {
  readonly text?: string;
  readonly finish?: string;
}

const chunk = (delta: object, finishReason: string | null = null) => ({
  id: "chatcmpl-played",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "gpt-5.2-2025",
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
});

export const completionOf = ({ text = "Hello to you", finish = "stop" }: Text = {}) => ({
  id: "chatcmpl-played",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "gpt-5.2-2025",
  choices: [
    { index: 0, message: { role: "assistant", content: text, refusal: null }, logprobs: null, finish_reason: finish },
  ],
  usage,
});

const call = { index: 0, id: "call_1", type: "function", function: { name: "look", arguments: "{}" } };

/** Plays a model that says one text, in one word a frame where a stream was asked for. */
export const saying =
  (options: Text = {}): Play =>
  (response, { body }) => {
    if ((body as { stream?: boolean }).stream !== true) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(completionOf(options)));
      return;
    }
    const words = (options.text ?? "Hello to you").split(/(?<= )/);
    sse(response, [
      chunk({ role: "assistant", content: "" }),
      ...words.map((content) => chunk({ content })),
      // The reason holds only for an answer that has a call.
      ...(options.finish === "tool_calls" ? [chunk({ tool_calls: [call] })] : []),
      chunk({}, options.finish ?? "stop"),
      { ...chunk({}), choices: [], usage },
      "data: [DONE]\n\n",
    ]);
  };

/** Plays a provider that fails with a status. */
export const failing =
  (status: number): Play =>
  (response) => {
    const error = { message: `status ${status}`, type: "some_error", code: null };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
  };

/** What an answer says, streamed or not. */
export const textOf = ({ text }: Pick<Answer, "text">): string => {
  if (!text.startsWith("data:")) {
    const body = JSON.parse(text) as {
      readonly choices: readonly { readonly message: { readonly content: string } }[];
    };
    return body.choices[0]?.message.content ?? "";
  }
  return dataOf(text)
    .map((frame) => (frame as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "")
    .join("");
};

/** The JSON of each frame of a stream; the end mark is left out. */
export const dataOf = (text: string): readonly unknown[] =>
  text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame): unknown => JSON.parse(frame.slice("data: ".length)));

/** All of it, for the tests of a file. Call it in a `describe` that is skipped where there are no tables. */
export const useChatGateway = (options: Parameters<typeof useStandIns>[0] = {}): (() => ChatGateway) => {
  const standIns = useStandIns(options);
  let provider: FakeProvider;
  let play: Play = saying();
  let before = 0;
  beforeAll(async () => {
    provider = await startFakeProvider((request, response) => play(response, request));
    for (const name of ["OPENAI", "ANTHROPIC", "XAI", "OPENROUTER"]) process.env[`${name}_BASE_URL`] = provider.url;
    for (const name of ["OpenaiApiKey", "AnthropicApiKey", "XaiApiKey", "OpenrouterApiKey"]) {
      process.env[`SST_RESOURCE_${name}`] = JSON.stringify({ value: "sk-platform" });
    }
    process.env.RATE_LIMIT_SCALE = "1000";
    process.env.MAX_OPEN_REQUESTS = "100";
  });
  beforeEach(() => {
    play = saying();
    before = provider.requests.length;
    forgetTargets();
    forgetDataKeys();
  });
  afterAll(() => provider.close());

  const eventOptions = ({ key }: Caller, body: object, headers: Readonly<Record<string, string>> = {}) => ({
    method: "POST",
    path: "/api/v1/chat/completions",
    headers: { Authorization: `Bearer ${key}`, ...headers },
    body: { model: "gpt", messages: [userMessage("Hello")], retries: 0, ...body },
  });

  return () => ({
    ...standIns(),
    provider,
    set play(next: Play) {
      play = next;
    },
    get play() {
      return play;
    },
    get asked() {
      return provider.requests.length - before;
    },
    createCaller: async (userId = randomUUID()) => {
      const { key, keyId } = await unkeyOperation<{ key: string; keyId: string }>(standIns().unkey, "keys.createKey", {
        apiId: process.env.UNKEY_API_ID,
        prefix: "ck",
        name: "A test's key",
        externalId: userId,
      });
      return { key, keyId, userId };
    },
    ask: (caller, body, headers) => callStream(handler, eventOptions(caller, body, headers)),
    open: (caller, body, headers, remainingMs) => openStream(handler, eventOptions(caller, body, headers), remainingMs),
    usage: async ({ userId }, { headers }) => {
      const day = utcDay(Date.now());
      return (await getItem("usage", rowKeys.usageEvent(userId, day, headers["x-request-id"] ?? "", 0))) ?? {};
    },
  });
};
