import { Agent, type ServerResponse } from "node:http";
import * as zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type CustomAccess, ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import { watched } from "#tests/support/fuzz-watch.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { callProvider, startUpstream, type Upstream } from "../support.ts";
import { type Said, said, toJson, toStream, type Wire, wire } from "./answer.ts";
import { converseEvents, converseWhole, toEventStream } from "./converse.ts";
import { cutShort, mutated, mutations } from "./mutation.ts";
import {
  anthropicEvents,
  anthropicWhole,
  type NativeManner,
  nativeManner,
  responsesEvents,
  responsesWhole,
} from "./native.ts";
import { chunksOf, type Manner, manner, tellsUsage, wholeOf } from "./openai-shaped.ts";
import { readAsClient } from "./read-as-client.ts";

/**
 * Providers that answer in every way: OpenAI's SDK reads from the gateway what the model said, or is told what was wrong. A
 * counterexample of `npm run fuzz` becomes a named test (contract-stream.test.ts, tool-calls.test.ts, answer-body.test.ts).
 */

let upstream: Upstream;
let answer: (to: ServerResponse) => void | Promise<void>;
beforeAll(async () => {
  upstream = await startUpstream((to) => answer(to));
});
afterAll(() => upstream.close());

const packers = {
  none: (body: string | Buffer) => Buffer.from(body as string),
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const;

const send = async (to: ServerResponse, body: string | Buffer, { label, packing, writes }: Wire): Promise<void> => {
  const bytes = packers[packing](body);
  const headers = {
    ...(label === undefined ? {} : { "content-type": label }),
    ...(packing === "none" ? {} : { "content-encoding": packing }),
  };
  to.writeHead(200, headers);
  // Small writes of long answers would take the test's time and find no more.
  const scale = Math.max(1, Math.ceil(bytes.length / 2_000));
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = (writes[turn % writes.length] ?? 1) * scale;
    to.write(bytes.subarray(at, at + length));
    if (turn % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
    at += length;
  }
  to.end();
};

interface Adapter {
  readonly provider: ChatProviderId;
  readonly model: string;
  readonly events: (answer: Said, manner: Manner & NativeManner) => unknown[];
  readonly whole: (answer: Said, manner: Manner & NativeManner) => unknown;
  /** Whether a usage is among what is sent. */
  readonly tells: (manner: Manner & NativeManner, streamed: boolean, answer: Said) => boolean;
  readonly custom?: CustomAccess;
  /** Events in binary frames, which are never compressed, and come from an operation of their own. */
  readonly binary?: true;
}

const openAiShaped = { events: chunksOf, whole: wholeOf, tells: tellsUsage };
const anthropicShaped = { events: anthropicEvents, whole: anthropicWhole, tells: () => true };
const access = { authHeader: "authorization", apiVersion: undefined, agent: new Agent() } as const;
const adapters: Readonly<Record<string, Adapter>> = {
  openai: { provider: "openai", model: "gpt-5.2", ...openAiShaped },
  google: { provider: "google", model: "gemini-3.5-flash", ...openAiShaped },
  "x-ai": { provider: "x-ai", model: "grok-4.3", ...openAiShaped },
  openrouter: { provider: "openrouter", model: "deepseek/deepseek-v3.2", ...openAiShaped },
  minimax: { provider: "minimax", model: "MiniMax-M3", ...openAiShaped },
  anthropic: { provider: "anthropic", model: "claude-sonnet-5", ...anthropicShaped },
  responses: {
    provider: "openai",
    model: "gpt-5.3-codex",
    events: responsesEvents,
    whole: responsesWhole,
    tells: () => true,
  },
  bedrock: {
    provider: "bedrock",
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    events: converseEvents,
    whole: converseWhole,
    tells: ({ lastEvent }, streamed) => lastEvent || !streamed,
    binary: true,
  },
  "custom, as OpenAI": {
    provider: "custom",
    model: "mine/m",
    ...openAiShaped,
    custom: { protocol: "openai", ...access },
  },
  "custom, as Anthropic": {
    provider: "custom",
    model: "mine/m",
    ...anthropicShaped,
    custom: { protocol: "anthropic", ...access },
  },
};

const case_ = fc.record({
  answer: said,
  manner: fc.tuple(manner, nativeManner).map(([own, native]) => ({ ...own, ...native })),
  wire,
  asked: fc.boolean(),
  streamed: fc.boolean(),
});

const ask = async ({ provider, model, custom }: Adapter, stream: boolean) => {
  const isAnthropic = provider === "anthropic" || custom?.protocol === "anthropic";
  const baseUrl = isAnthropic ? upstream.baseUrl.replace("/v1", "") : upstream.baseUrl;
  const reply = await callProvider({ stream }, { provider, model, baseUrl, custom });
  return { completion: await readAsClient(reply), outcome: reply.outcome };
};

const expectedEnd = ({ end, calls }: Said): string => (end === "stop" && calls.length > 0 ? "tool_calls" : end);

const expectSaid = (
  { completion, outcome }: { completion: Awaited<ReturnType<typeof readAsClient>>; outcome: ProviderOutcome },
  answered: Said,
  told: boolean,
): void => {
  const [choice] = completion.choices;
  expect(choice?.message.content ?? "").toBe(answered.text);
  const calls = (choice?.message.tool_calls ?? []).map((call) =>
    call.type === "function"
      ? { name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }
      : call,
  );
  expect(calls).toEqual(answered.calls.map(({ name, input }) => ({ name, input })));
  expect(new Set((choice?.message.tool_calls ?? []).map(({ id }) => id)).size).toBe(calls.length);
  expect(choice?.finish_reason).toBe(expectedEnd(answered));
  if (told)
    expect(outcome.usage).toMatchObject({ inputTokens: answered.usage.input, outputTokens: answered.usage.output });
};

type Changes = Parameters<typeof cutShort>[1];
type Case = typeof case_ extends fc.Arbitrary<infer Value> ? Value : never;

/** What a provider sends, as an answer and as bytes. */
const serve = (
  adapter: Adapter,
  { answer: answered, manner: own, wire: wired, streamed }: Case,
  changes: Changes,
): void => {
  const said = streamed ? adapter.events(answered, own) : adapter.whole(answered, own);
  const changed = mutated(said, changes);
  const isBinary = streamed && adapter.binary === true;
  const body = !streamed
    ? toJson(changed, wired.spaced)
    : isBinary
      ? toEventStream(changed as readonly unknown[])
      : toStream(changed as readonly unknown[], wired);
  answer = (to) => send(to, cutShort<string | Buffer>(body, changes), isBinary ? { ...wired, packing: "none" } : wired);
};

describe.each(Object.entries(adapters))("%s", (_name, adapter) => {
  test(
    "what a provider says in its own manner is what OpenAI's SDK reads",
    async () => {
      await fc.assert(
        fc.asyncProperty(case_, (given) =>
          watched(given, async () => {
            const { answer: answered, manner: own, asked } = given;
            const streamed = adapter.binary === true ? asked : given.streamed;
            serve(adapter, { ...given, streamed }, []);
            expectSaid(await ask(adapter, asked), answered, adapter.tells(own, streamed, answered));
          }),
        ),
        { numRuns: runs(60) },
      );
    },
    longestMs(60_000),
  );

  test(
    "what it garbles is valid all the same, or an error that says what is wrong",
    async () => {
      await fc.assert(
        fc.asyncProperty(case_, mutations, (given, changes) =>
          watched([given, changes], async () => {
            serve(adapter, given, changes);
            try {
              await ask(adapter, given.asked);
            } catch (error) {
              if (!(error instanceof ProviderFailure)) throw error;
              expect(error.message).toMatch(/\w/);
            }
          }),
        ),
        { numRuns: runs(100) },
      );
    },
    longestMs(60_000),
  );
});
