import { randomUUID } from "node:crypto";
import { type FixtureResponse, LLMock } from "@copilotkit/aimock";
import type { Answer } from "./answer.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** The wire formats that aimock writes for us, by its own paths. */
const paths = {
  chat: "/v1/chat/completions",
  "openrouter-chat": "/api/v1/chat/completions",
  responses: "/v1/responses",
  messages: "/v1/messages",
  embeddings: "/v1/embeddings",
} as const;
export type WireFormat = keyof typeof paths;

/** One server-sent event, with the data still as JSON. */
export interface WireEvent {
  readonly event: string | undefined;
  readonly data: JsonObject | "[DONE]";
}

export interface WireEngine {
  /** The answer as one JSON body. */
  readonly whole: (
    format: WireFormat,
    request: JsonObject,
    answer: Answer | undefined,
    signal: AbortSignal,
  ) => Promise<JsonObject>;
  /** The answer as events, text and arguments each in one piece. */
  readonly events: (
    format: WireFormat,
    request: JsonObject,
    answer: Answer,
    signal: AbortSignal,
  ) => Promise<readonly WireEvent[]>;
  readonly close: () => Promise<void>;
}

const callTimeoutMs = 10_000;
/** Larger than any answer: we cut it into chunks ourselves, between characters and at a scripted count. */
const wholePieceLength = 1_000_000_000;

const fixtureOf = (answer: Answer, withReasoning: boolean): FixtureResponse => ({
  ...(answer.toolCalls.length === 0
    ? { content: answer.text }
    : {
        toolCalls: answer.toolCalls.map(({ name, arguments: text }) => ({ name, arguments: text })),
        ...(answer.text === "" ? {} : { content: answer.text }),
      }),
  ...(withReasoning && answer.reasoningText !== "" ? { reasoning: answer.reasoningText } : {}),
  finishReason: answer.finish,
  usage: { prompt_tokens: answer.usage.input, completion_tokens: answer.usage.output },
});

const parseEvent = (block: string): WireEvent | undefined => {
  let event: string | undefined;
  let data: string | undefined;
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    if (line.startsWith("data: ")) data = line.slice(6);
  }
  if (data === undefined) return undefined;
  return { event, data: data === "[DONE]" ? data : (JSON.parse(data) as JsonObject) };
};

/**
 * Starts aimock on a free port of this machine. It is the wire format's second reader: ids, envelopes and the order of
 * events are its, the words are ours. What it leaves out is added by our front.
 */
export const startWireEngine = async (): Promise<WireEngine> => {
  const fixtures = new Map<string, FixtureResponse>();
  const aimock = new LLMock({
    host: "127.0.0.1",
    port: 0,
    chunkSize: wholePieceLength,
    latency: 0,
    journalMaxEntries: 1,
  });
  const fixtureFor = (context: unknown): FixtureResponse | undefined =>
    typeof context === "string" ? fixtures.get(context) : undefined;
  aimock.on({ predicate: (request) => fixtureFor(request._context) !== undefined }, (request) => {
    const fixture = fixtureFor(request._context);
    if (fixture === undefined) throw new Error("The fixture of a simulated answer is gone.");
    return fixture;
  });
  await aimock.start();

  const call = async (
    format: WireFormat,
    request: JsonObject,
    answer: Answer | undefined,
    signal: AbortSignal,
  ): Promise<string> => {
    const context = randomUUID();
    if (answer !== undefined) fixtures.set(context, fixtureOf(answer, format !== "chat"));
    try {
      const response = await fetch(`${aimock.url}${paths[format]}`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-aimock-context": context },
        body: JSON.stringify(request),
        signal: AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`aimock answered ${response.status} on ${paths[format]}: ${text}`);
      return text;
    } finally {
      fixtures.delete(context);
    }
  };

  return {
    whole: async (format, request, answer, signal) => {
      const body: unknown = JSON.parse(await call(format, { ...request, stream: false }, answer, signal));
      if (!isJsonObject(body)) throw new Error(`aimock's body on ${paths[format]} is no object.`);
      return body;
    },
    events: async (format, request, answer, signal) => {
      const text = await call(format, { ...request, stream: true }, answer, signal);
      return text
        .split("\n\n")
        .map(parseEvent)
        .filter((event) => event !== undefined);
    },
    close: () => aimock.stop(),
  };
};
