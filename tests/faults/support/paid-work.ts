import type { ServerResponse } from "node:http";
import type { FakeProviderRequest } from "#tests/support/fake-provider.ts";
import { beginAnswer, wires } from "./wires.ts";

/** Every kind of work that a provider is paid for, as docs/reference/faults.md names it: how it is asked for, and how a provider answers. */

export type Play = (response: ServerResponse, request: FakeProviderRequest) => void | Promise<void>;

export interface PaidWork {
  /** As in the column "Work" of the table. */
  readonly name: string;
  /** One of several forms of the same work. */
  readonly form?: string;
  readonly path: string;
  /** `text` is what is read or sung, with the mark by which the test knows the provider's calls. */
  body(text: string): object;
  /** Whether the provider is asked for a stream of events. */
  readonly events: boolean;
  /** The whole answer or the started job. `url`: where the provider is. */
  whole(text: string, url: string): Play;
  /** The whole answer without counts. */
  readonly uncounted?: Play;
  /** Begins an answer that an end cuts off. */
  begin?(response: ServerResponse): void;
  /** What a job's status is asked for by. */
  status?(id: string): string;
  /** Answers for a job that ends with a result and without one. */
  readonly job?: { readonly ended: Play; readonly failed: Play };
  /** The providers whose keys pay for it. */
  readonly paidBy: readonly ("openai" | "minimax" | "fal" | "fashn")[];
  /** Tokens that a whole answer states; undefined where nothing is counted in tokens. */
  readonly counts?: { readonly inputTokens: number; readonly outputTokens: number };
}

const answerText = "Hello to all of you";
/** Of an answer whose counts are missing: by its characters. */
export const answerTokens = Math.ceil(answerText.length / 4);

const json =
  (value: unknown): Play =>
  (response) => {
    beginAnswer(response, false);
    response.end(JSON.stringify(value));
  };

const [openAi] = wires;
if (openAi === undefined) throw new Error("There is no wire form");

const withoutUsage = (text: string): string => text.replace(/,"usage":\{[^}]*\}/g, "");

const wholeChat =
  (change: (text: string) => string = (text) => text): Play =>
  (response, { body }) => {
    const { stream } = body as { readonly stream?: boolean };
    beginAnswer(response, stream === true);
    response.end(change(stream === true ? openAi.begin(answerText) + openAi.end() : openAi.whole(answerText)));
  };

const beginChat = (response: ServerResponse): void => {
  beginAnswer(response, true);
  response.write(openAi.begin(answerText));
};

const model = openAi.model;
const asked = (text: string) => ({ model, messages: [{ role: "user", content: text }], retries: 0 });
const counts = { inputTokens: 10, outputTokens: 5 };
const chat = { paidBy: ["openai"], counts, whole: () => wholeChat(), uncounted: wholeChat(withoutUsage) } as const;

const embedding = {
  object: "list",
  model: "text-embedding-3-small",
  data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
};

const song = (extra: object) =>
  json({ data: { audio: "ffe3", status: 2 }, extra_info: extra, base_resp: { status_code: 0, status_msg: "success" } });
const beginSong = (response: ServerResponse): void => {
  beginAnswer(response, false);
  response.write('{"data":{"audio":"ffe3');
};

const searchCall = (query: string, response: ServerResponse): void => {
  const common = { id: "chatcmpl-played", object: "chat.completion.chunk", created: 1, model };
  const made = { name: "web_search", arguments: JSON.stringify({ query }) };
  const frames = [
    {
      choices: [
        {
          index: 0,
          delta: { role: "assistant", tool_calls: [{ index: 0, id: "call_1", type: "function", function: made }] },
        },
      ],
    },
    { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } },
  ];
  beginAnswer(response, true);
  response.end(
    `${frames.map((each) => `data: ${JSON.stringify({ ...common, ...each })}\n\n`).join("")}data: [DONE]\n\n`,
  );
};

/** A model that searches once for what it is asked, and then answers; `search` is what becomes of the search. */
export const searching =
  (search: Play): Play =>
  (response, request) => {
    if (request.path.endsWith("/search")) return search(response, request);
    const { messages } = request.body as {
      readonly messages: readonly { readonly role: string; readonly content: string }[];
    };
    if (messages.some(({ role }) => role === "tool")) return wholeChat()(response, request);
    return searchCall(messages.at(-1)?.content ?? "", response);
  };

export const paidWork: readonly PaidWork[] = [
  {
    ...chat,
    name: "chat",
    form: "streamed",
    path: "/api/v1/chat/completions",
    events: true,
    body: (text) => ({ ...asked(text), stream: true }),
    begin: beginChat,
  },
  { ...chat, name: "chat", form: "whole", path: "/api/v1/chat/completions", events: false, body: asked },
  {
    ...chat,
    name: "chat",
    form: "Messages",
    path: "/api/v1/messages",
    events: true,
    body: (text) => ({ model, max_tokens: 500, stream: true, messages: [{ role: "user", content: text }] }),
    begin: beginChat,
  },
  {
    name: "embeddings",
    path: "/api/v1/embeddings",
    events: false,
    paidBy: ["openai"],
    counts: { inputTokens: 10, outputTokens: 0 },
    body: (text) => ({ model: embedding.model, input: text }),
    whole: () => json({ ...embedding, usage: { prompt_tokens: 10, total_tokens: 10 } }),
    uncounted: json(embedding),
  },
  {
    ...chat,
    name: "vision",
    path: "/api/v1/vision",
    events: true,
    body: (text) => ({
      model: "gpt-5-nano",
      prompt: text,
      image_url:
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    }),
    begin: beginChat,
  },
  {
    ...chat,
    name: "arena",
    path: "/api/v1/battle",
    events: true,
    body: (text) => ({ message: text, models: [model, "gpt-5-nano"] }),
    begin: beginChat,
  },
  {
    name: "images",
    path: "/api/v1/images/generations",
    events: false,
    paidBy: ["openai"],
    body: (text) => ({ model: "gpt-image-2", prompt: text }),
    whole: () =>
      json({
        created: 1,
        data: [{ b64_json: "aGk=" }],
        usage: { input_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 }, output_tokens: 50 },
      }),
  },
  {
    name: "speech",
    path: "/api/v1/media/speech",
    events: false,
    paidBy: ["minimax"],
    body: (text) => ({ text }),
    whole: (text) => song({ usage_characters: text.length }),
    begin: beginSong,
  },
  {
    name: "music",
    path: "/api/v1/media/music",
    events: false,
    paidBy: ["minimax"],
    body: (text) => ({ prompt: text, lyrics: text }),
    whole: () => song({}),
    begin: beginSong,
  },
  {
    name: "video",
    path: "/api/v1/video/generate",
    events: false,
    paidBy: ["fal"],
    body: (text) => ({ model: "kling-v3-standard", prompt: text, duration: 5 }),
    whole: (text, url) => {
      const at = `${url}/requests/${encodeURIComponent(text)}`;
      return json({ request_id: "fal-1", status_url: `${at}/status`, response_url: at });
    },
    status: (id) => `/api/v1/video/status?id=${id}`,
    job: {
      ended: (response, { path }) =>
        void json(path.endsWith("/status") ? { status: "COMPLETED" } : { video: { url: "https://fal.media/a.mp4" } })(
          response,
          { method: "GET", path, headers: {}, body: undefined },
        ),
      failed: (response, { path }) => {
        if (path.endsWith("/status"))
          return json({ status: "COMPLETED" })(response, { method: "GET", path, headers: {}, body: undefined });
        response.writeHead(422, { "content-type": "application/json" }).end('{"detail":[{"msg":"no"}]}');
      },
    },
  },
  {
    name: "fashion",
    path: "/api/v1/fashion/run",
    events: false,
    paidBy: ["fashn"],
    body: (text) => ({
      model_name: "reframe",
      inputs: { image: `https://images.example.com/${encodeURIComponent(text)}.png` },
    }),
    whole: (text) => json({ id: encodeURIComponent(text), error: null }),
    status: (id) => `/api/v1/fashion/status/${id}`,
    job: {
      ended: json({ status: "completed", output: ["https://cdn.fashn.ai/a.png"] }),
      failed: json({ status: "failed", error: { name: "ProcessingError", message: "no" } }),
    },
  },
  {
    ...chat,
    name: "web search",
    path: "/api/v1/battle",
    events: false,
    body: (text) => ({ message: text, models: [model, "gpt-5-nano"], search: true }),
  },
];
