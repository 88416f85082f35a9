import OpenAI from "openai";
import * as z from "zod";
import type { TestCloud } from "#tests/support/cloud.ts";

/** What tests send, and how they read what comes back. */

const errorSchema = z.object({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
  }),
});

export type ErrorEnvelope = z.infer<typeof errorSchema>["error"];

/** The same in Anthropic's dialect. */
const messagesErrorSchema = errorSchema.extend({ type: z.literal("error"), request_id: z.string() });

const envelopes = z.union([errorSchema.strict(), messagesErrorSchema.strict()]);

/** Reads an error body; it must be an envelope of ours, exactly. */
export const errorOf = (body: unknown): ErrorEnvelope => envelopes.parse(body).error;

/** Tests ask the same thing often and want the provider's answer, unless they are about the cache. */
const uncached = { "x-cache": "no-cache" } as const;

/** OpenAI's SDK on the gateway. It does not retry: a test wants to see the first answer. */
export const openAi = (cloud: TestCloud, apiKey = cloud.apiKey): OpenAI =>
  new OpenAI({ apiKey, baseURL: cloud.baseUrl, maxRetries: 0, timeout: 25_000, defaultHeaders: uncached });

export const user = (content: string) => ({ role: "user" as const, content });

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly requestId: string;
  /** The body as JSON. */
  json(): unknown;
  /** The body's error envelope. */
  error(): ErrorEnvelope;
}

/** The warnings of an answer, without the one that says that the model ends. */
export const warningsOf = ({ headers }: Pick<Reply, "headers">): string | undefined =>
  headers
    .get("x-warnings")
    ?.split(", ")
    .filter((warning) => !warning.startsWith("model ("))
    .join(", ");

const toReply = async (response: Response): Promise<Reply> => {
  const text = await response.text();
  const json = (): unknown => JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    text,
    requestId: response.headers.get("x-request-id") ?? "",
    json,
    error: () => errorOf(json()),
  };
};

/** A plain request of any kind. */
export const send = async (url: string, init: RequestInit = {}): Promise<Reply> => toReply(await fetch(url, init));

const chatInit = (apiKey: string, body: unknown, init: RequestInit): RequestInit => ({
  method: "POST",
  ...init,
  headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, ...uncached, ...init.headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** POST /api/v1/chat/completions, read to its end. */
export const chat = (cloud: TestCloud, body: unknown, apiKey = cloud.apiKey, init: RequestInit = {}): Promise<Reply> =>
  send(`${cloud.baseUrl}/chat/completions`, chatInit(apiKey, body, init));

/** POST /api/v1/chat/completions with its body still to be read. */
export const openChat = (
  cloud: TestCloud,
  body: unknown,
  apiKey = cloud.apiKey,
  init: RequestInit = {},
): Promise<Response> => fetch(`${cloud.baseUrl}/chat/completions`, chatInit(apiKey, body, init));

/** A response's body as it arrives: one part for each read. */
export async function* textParts(response: Response): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
}

/** Reads on until the text so far satisfies `enough`. */
export const readUntil = async (parts: AsyncIterator<string>, enough: (text: string) => boolean): Promise<string> => {
  let text = "";
  while (!enough(text)) {
    const next = await parts.next();
    if (next.done === true) throw new Error(`The stream ended before: ${text}`);
    text += next.value;
  }
  return text;
};

/** What is left of a stream. */
export const readRest = async (parts: AsyncIterator<string>): Promise<string> => {
  let text = "";
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) text += next.value;
  return text;
};

/** The data of every event, in order: `[DONE]` as text, the rest as JSON. */
export const frames = (text: string): readonly unknown[] =>
  text
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: "))
    .map((frame): unknown => {
      const data = frame.slice("data: ".length);
      return data === "[DONE]" ? data : JSON.parse(data);
    });

/** Reads a stream of the SDK to its end. */
export const collect = async <Item>(stream: AsyncIterable<Item>): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
};

/** What a promise rejects with; fails when it does not reject with this class. */
export const rejection = async <Failure extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...parameters: never[]) => Failure,
): Promise<Failure> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof kind) return error;
  throw new Error(`Expected ${kind.name}, got ${String(error)}`, { cause: error });
};
