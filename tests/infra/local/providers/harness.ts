import { afterAll, beforeAll } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { type SimulatedProviders, startSimulatedProviders } from "#infra/local/providers/simulated-providers.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Harness {
  readonly providers: () => SimulatedProviders;
  /** Posts JSON with a key that is taken; a path begins with the provider's name. */
  readonly post: (
    url: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ) => Promise<Response>;
  /** The same, read to its end. */
  readonly reply: (url: string, body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Reply>;
}

/** Simulated providers without delay, for one test file. */
export const useProviders = (): Harness => {
  let running: SimulatedProviders | undefined;
  beforeAll(async () => {
    running = await startSimulatedProviders({ chunkDelayMs: 0 });
  });
  afterAll(async () => {
    await running?.close();
  });
  const providers = (): SimulatedProviders => {
    if (running === undefined) throw new Error("The simulated providers have not started.");
    return running;
  };
  const post: Harness["post"] = (url, body, headers = {}, signal = AbortSignal.timeout(10_000)) =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer a-test-key",
        "anthropic-version": "2023-06-01",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal,
    });
  return {
    providers,
    post,
    reply: async (url, body, headers) => {
      const response = await post(url, body, headers);
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
  };
};

/** The stand-in for a provider. A custom one is any server: OpenRouter's stand-in, which ignores what it does not know. */
export const baseUrlOf = ({ baseUrls }: SimulatedProviders, provider: ChatProviderId): string =>
  baseUrls[provider === "custom" ? "openrouter" : provider];

export const user = (content: string) => [{ role: "user" as const, content }];

/** The JSON of every `data:` line of an event stream but the end mark. */
export const eventsIn = (text: string): readonly unknown[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:") && !line.includes("[DONE]"))
    .map((line): unknown => JSON.parse(line.slice("data:".length)));

export const weatherSchema = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer", minimum: 2 }, unit: { type: "string" } },
  required: ["city", "days"],
} as const;

/** Reads a stream to its end. */
export const collect = async <Item>(stream: AsyncIterable<Item>): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of stream) items.push(item);
  return items;
};
