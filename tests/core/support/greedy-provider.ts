import type { ServerResponse } from "node:http";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { costPicoUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { type FakeProviderRequest, sse } from "#tests/support/fake-provider.ts";
import { fc } from "#tests/support/property.ts";

/**
 * A provider that always makes the most of a request: all of the output that it allows, most of it unseen, and what it
 * predicted on top. The true cost is counted by a tokenizer that is not ours.
 */

/** What the provider does with a request. `hangs` and `cuts` bill it all the same. */
type Fate = "answers" | "hangs" | "cuts" | "refuses" | "is down";

export interface AskedBody {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly system?: unknown;
  readonly tools?: unknown;
  readonly response_format?: unknown;
  readonly prediction?: { readonly content?: unknown };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly n?: number;
  readonly stream?: boolean;
  /** OpenRouter's choice of a host. */
  readonly provider?: { readonly max_price?: { readonly prompt: number; readonly completion: number } };
}

/** A host of OpenRouter takes what it may, and this many times the list price where nothing is said. */
const dearestHost = 4n;

/** The cost at the dearest host that OpenRouter may choose, dollars to the pico-dollar. */
const costAtHost = (body: AskedBody, listCost: bigint, inputTokens: number, outputTokens: number): bigint => {
  const most = body.provider?.max_price;
  if (most === undefined) return listCost * dearestHost;
  return BigInt(Math.floor((inputTokens * most.prompt + outputTokens * most.completion) * 1_000_000));
};

const textsOf = (value: unknown): string => {
  if (typeof value === "string") return `${value}\n`;
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value).map(textsOf).join("");
};
export const counted = (text: string): number =>
  text === "" ? 0 : encode(text, { disallowedSpecial: new Set() }).length;

/** The most that a body lets its provider bill. */
const mostOf = (body: AskedBody) => {
  const { catalog } = resolveModel(body.model);
  if (catalog === undefined) throw new Error(`${body.model} has no price`);
  const said = textsOf(body.messages) + textsOf(body.system);
  const schemas = [body.tools, body.response_format].filter((part) => part !== undefined);
  const inputTokens =
    counted(said) + 4 * body.messages.length + counted(schemas.map((part) => JSON.stringify(part)).join(""));
  const limit = body.max_completion_tokens ?? body.max_tokens ?? catalog.maxOutputTokens;
  const predicted = counted(textsOf(body.prediction?.content));
  const outputTokens = (Math.min(limit, catalog.maxOutputTokens) + predicted) * (body.n ?? 1);
  const usage = { ...noTokens, inputTokens, cacheWriteInputTokens: inputTokens, outputTokens };
  const listCost = costPicoUsd(catalog, usage) ?? 0n;
  const floats = catalog.provider === "openrouter";
  const cost = floats ? costAtHost(body, listCost, inputTokens, outputTokens) : listCost;
  return { inputTokens, outputTokens, cost, reported: floats ? { cost: Number(cost) / 1e12 } : {} };
};

const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-9",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});

const answerAsOpenAi = (response: ServerResponse, body: AskedBody, cuts: boolean): void => {
  const { inputTokens, outputTokens, reported } = mostOf(body);
  const usage = {
    ...reported,
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cache_write_tokens: inputTokens },
  };
  if (body.stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const first = `data: ${JSON.stringify(chunk({ role: "assistant", content: "Hello" }))}\n\n`;
    if (cuts) {
      response.write(first, () => response.destroy());
      return;
    }
    response.write(first);
    for (const part of [chunk({}, "length"), { ...chunk({}), choices: [], usage }]) {
      response.write(`data: ${JSON.stringify(part)}\n\n`);
    }
    response.end("data: [DONE]\n\n");
    return;
  }
  const choices = Array.from({ length: body.n ?? 1 }, (_, index) => ({
    index,
    message: { role: "assistant", content: "Hello", refusal: null },
    finish_reason: "length",
    logprobs: null,
  }));
  const text = JSON.stringify({
    id: "chatcmpl-9",
    object: "chat.completion",
    created: 1,
    model: body.model,
    choices,
    usage,
  });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  if (cuts) response.write(text.slice(0, 40), () => response.destroy());
  else response.end(text);
};

export const answerAsAnthropic = (response: ServerResponse, body: AskedBody, cuts: boolean): void => {
  const { inputTokens, outputTokens } = mostOf(body);
  const counts = { input_tokens: 0, cache_creation_input_tokens: inputTokens };
  const message = { id: "msg_1", type: "message", role: "assistant", model: body.model };
  if (body.stream === true) {
    const events = [
      { type: "message_start", message: { ...message, content: [], usage: { ...counts, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
    ];
    const ends = [
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: outputTokens } },
      { type: "message_stop" },
    ];
    const frame = (event: { readonly type: string }): string =>
      `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    if (cuts) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events.map(frame).join(""), () => response.destroy());
    } else sse(response, [...events, ...ends].map(frame));
    return;
  }
  const text = JSON.stringify({
    ...message,
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "max_tokens",
    usage: { ...counts, output_tokens: outputTokens },
  });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  if (cuts) response.write(text.slice(0, 40), () => response.destroy());
  else response.end(text);
};

export const words = "Why is the sky blue, and what does that say about light? ";
const texts = fc
  .tuple(
    fc.constantFrom(
      words,
      "天空为什么是蓝色的？这说明了光的什么？",
      "if (left < right) return { ...left, value: 42 };\n",
      "aGVsbG8gd29ybGQhIQ",
    ),
    fc.constantFrom(1, 3, 40, 1_500),
  )
  .map(([text, times]) => text.repeat(times));

/** Of OpenRouter, with the highest price. */
export const floating = "moonshotai/kimi-k3";
const models = ["gpt-4o", "gpt-5.2", "claude-fable-5-1", "claude-sonnet-4-6", "grok-4.6", floating] as const;
export const schema = { type: "object", properties: { answer: { type: "string", description: words.repeat(30) } } };

export interface GreedyRequest {
  readonly fate: Fate;
  readonly body: Readonly<Record<string, unknown>>;
}

export const greedyRequests: fc.Arbitrary<GreedyRequest> = fc
  .record({
    fate: fc.constantFrom<Fate>("answers", "answers", "answers", "answers", "cuts", "hangs", "refuses", "is down"),
    model: fc.constantFrom(...models),
    fallback: fc.constantFrom<readonly (typeof models)[number][]>([], [], ["claude-fable-5-1"], ["gpt-5.2", "gpt-4o"]),
    content: texts,
    stream: fc.boolean(),
    max: fc.constantFrom(undefined, undefined, 100, 4_000, 32_000, 200_000),
    n: fc.constantFrom(1, 1, 1, 4),
    retries: fc.constantFrom(0, 2),
    tools: fc.boolean(),
    predicts: fc.boolean(),
  })
  .map(({ fate, model, fallback, content, stream, max, n, retries, tools, predicts }) => ({
    fate,
    body: {
      model,
      messages: [
        { role: "system", content: `Answer well. [[${fate}]]` },
        { role: "user", content },
      ],
      stream,
      retries,
      ...(fallback.length === 0 ? {} : { fallback }),
      ...(max === undefined ? {} : { max_tokens: max }),
      ...(n === 1 || model.startsWith("claude") || fallback.includes("claude-fable-5-1") ? {} : { n }),
      ...(tools ? { tools: [{ type: "function", function: { name: "answer", parameters: schema } }] } : {}),
      ...(predicts && model === "gpt-4o" && fallback.length === 0 ? { prediction: { type: "content", content } } : {}),
      ...(fate === "hangs" ? { timeout: 400 } : {}),
    },
  }));

const fateOf = (body: AskedBody): Fate =>
  (/\[\[(.+?)\]\]/.exec(textsOf(body.messages) + textsOf(body.system))?.[1] ?? "answers") as Fate;

/** Answers a request as its fate says. `bill` hears the true cost, whoever waits for the answer. */
export const playGreedily = (
  response: ServerResponse,
  { body, path }: FakeProviderRequest,
  bill: (picoUsd: bigint) => void,
): void => {
  const asked = body as AskedBody;
  const fate = fateOf(asked);
  if (fate === "refuses" || fate === "is down") {
    response.writeHead(fate === "refuses" ? 429 : 503, { "content-type": "application/json", "retry-after-ms": "0" });
    response.end('{"error":{"message":"no"}}');
    return;
  }
  bill(mostOf(asked).cost);
  if (fate === "hangs") return;
  if (path.endsWith("/messages")) answerAsAnthropic(response, asked, fate === "cuts");
  else answerAsOpenAi(response, asked, fate === "cuts");
};
