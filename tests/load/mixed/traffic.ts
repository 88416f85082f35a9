import { Agent, request } from "node:http";

/** The kinds of requests of the load test, and what the client itself counts of each answer. */

/** What usage has to show in the end, by the client's own count. */
export interface Count {
  requests: number;
  generations: number;
  errors: number;
  cacheHits: number;
  tokens: number;
}

export const noCount = (): Count => ({ requests: 0, generations: 0, errors: 0, cacheHits: 0, tokens: 0 });

export interface Kind {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: (index: number) => object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  /** What this answer counts for. */
  readonly count: (answer: Answer) => Partial<Count>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const models = ["gpt", "claude", "gemini", "grok", "deepseek", "minimax"] as const;
const modelOf = (index: number): string => models[index % models.length] ?? "gpt";

const ask = (content: string): readonly object[] => [{ role: "user", content }];
const noCache = { "x-cache": "no-cache" } as const;
const chat = "/api/v1/chat/completions";

interface Usage {
  readonly total_tokens: number;
}

const totalTokens = (text: string): number => (JSON.parse(text) as { readonly usage: Usage }).usage.total_tokens;

/** The tokens that a whole stream tells. Throws for one that is cut, or that tells of an error. */
const streamTokens = (text: string): number => {
  const frames = text.split("\n\n").filter((frame) => frame.startsWith("data: "));
  if (frames.at(-1) !== "data: [DONE]") throw new Error(`A stream ended without [DONE]: ${text.slice(-300)}`);
  return totalTokens(frames.at(-2)?.slice("data: ".length) ?? "");
};

const once = { requests: 1, generations: 1 } as const;

/** A stream of some seconds: `seconds` × 10 chunks. */
export const slowStream = (seconds: number): Kind => ({
  name: `a stream of ${seconds} s`,
  method: "POST",
  path: chat,
  headers: noCache,
  body: (index) => ({
    model: modelOf(index),
    stream: true,
    stream_options: { include_usage: true },
    messages: ask(`Tell me of ${index}. [[simulate: chunks=${seconds * 10} chunk-delay-ms=100]]`),
  }),
  count: ({ text }) => ({ ...once, tokens: streamTokens(text) }),
});

/** What the other connections send, in turn. */
export const mixedKinds: readonly Kind[] = [
  {
    name: "a completion",
    method: "POST",
    path: chat,
    headers: noCache,
    body: (index) => ({ model: modelOf(index), messages: ask(`Say ${index}.`) }),
    count: ({ text }) => ({ ...once, tokens: totalTokens(text) }),
  },
  {
    name: "a cached completion",
    method: "POST",
    path: chat,
    body: (index) => ({ model: "gpt", messages: ask(`Say ${index % 50} again.`) }),
    count: ({ text, headers }) =>
      headers["x-cache"] === "HIT" ? { ...once, cacheHits: 1 } : { ...once, tokens: totalTokens(text) },
  },
  {
    name: "a burst of a stream",
    method: "POST",
    path: chat,
    headers: noCache,
    body: (index) => ({
      model: modelOf(index),
      stream: true,
      stream_options: { include_usage: true },
      messages: ask(`Count to ${index}.`),
    }),
    count: ({ text }) => ({ ...once, tokens: streamTokens(text) }),
  },
  {
    name: "tools",
    method: "POST",
    path: chat,
    headers: noCache,
    body: (index) => ({
      model: modelOf(index),
      messages: ask(`What is the weather in ${index}?`),
      tools: [
        {
          type: "function",
          function: {
            name: "weather",
            parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
          },
        },
      ],
    }),
    count: ({ text }) => ({ ...once, tokens: totalTokens(text) }),
  },
  {
    name: "a refusal by the provider",
    method: "POST",
    path: chat,
    headers: noCache,
    status: 400,
    body: () => ({ model: "gpt", messages: ask("[[simulate: status=400]]") }),
    count: () => ({ ...once, errors: 1 }),
  },
  {
    name: "an unknown model",
    method: "POST",
    path: chat,
    status: 400,
    body: () => ({ model: "no-such-model", messages: ask("Hi") }),
    count: () => ({}),
  },
  {
    name: "embeddings",
    method: "POST",
    path: "/api/v1/embeddings",
    body: (index) => ({ model: "text-embedding-3-small", input: `text ${index}` }),
    count: ({ text }) => ({ ...once, tokens: totalTokens(text) }),
  },
  {
    name: "a battle",
    method: "POST",
    path: "/api/v1/battle",
    body: (index) => ({ message: `Which is better, ${index} or ${index + 1}?`, models: ["gpt", "claude"] }),
    count: ({ text }) => {
      const { usage } = (
        JSON.parse(text) as {
          readonly data: { readonly usage: { readonly inputTokens: number; readonly outputTokens: number } };
        }
      ).data;
      return { requests: 1, generations: 2, tokens: usage.inputTokens + usage.outputTokens };
    },
  },
  {
    name: "speech",
    method: "POST",
    path: "/api/v1/media/speech",
    body: (index) => ({ model: "speech-2.6-hd", text: `Number ${index}.` }),
    count: () => once,
  },
  { name: "the models", method: "GET", path: "/api/v1/models", count: () => ({}) },
  { name: "the usage", method: "GET", path: "/api/v1/usage", count: () => ({}) },
  { name: "health", method: "GET", path: "/api/health", count: () => ({}) },
];

const answerTimeoutMs = 120_000;

/** Answers that have begun and not ended. */
export interface Gauge {
  open: number;
}

/** One request. Rejects where it is not answered as its kind has to be. */
export const send = (
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  agent: Agent,
  kind: Kind,
  index: number,
  gauge: Gauge = { open: 0 },
): Promise<Answer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = kind.body === undefined ? undefined : JSON.stringify(kind.body(index));
  const call = request(`${url}${kind.path}`, {
    method: kind.method,
    agent,
    timeout: answerTimeoutMs,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...kind.headers,
    },
  });
  call.once("response", (response) => {
    let text = "";
    gauge.open += 1;
    response.once("close", () => {
      gauge.open -= 1;
    });
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
    });
    response.once("error", reject);
    response.once("end", () => {
      const status = response.statusCode ?? 0;
      if (status === (kind.status ?? 200)) resolve({ status, headers: response.headers, text });
      else reject(new Error(`${kind.name} was answered ${status}: ${text.slice(0, 500)}`));
    });
  });
  call.once("timeout", () => call.destroy(new Error(`${kind.name}: nothing for ${answerTimeoutMs} ms`)));
  call.once("error", reject);
  call.end(body);
  return promise;
};

export const newAgent = (): Agent => new Agent({ keepAlive: true });
