import { ApiError, openStream, request } from "./request.ts";

export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  /** `arguments` is JSON as the model wrote it, which may be broken. */
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

export type ChatMessage =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: string | readonly ContentPart[] }
  | { readonly role: "assistant"; readonly content: string | null; readonly tool_calls?: readonly ToolCall[] }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly tools?: readonly unknown[];
  readonly stream: true;
  readonly stream_options: { readonly include_usage: true };
}

export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
}

/** What a stream told beside its text. */
export interface ChatFacts {
  readonly requestId: string | undefined;
  readonly model: string | undefined;
  readonly provider: string | undefined;
  readonly cache: string | undefined;
}

export type ChatEvent =
  | { readonly type: "opened"; readonly facts: ChatFacts }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool"; readonly delta: ToolCallDelta }
  | { readonly type: "finished"; readonly reason: string }
  | { readonly type: "usage"; readonly usage: ChatUsage };

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly tool_calls?: readonly ToolCallDelta[] | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: ChatUsage | null;
  readonly error?: { readonly message?: string; readonly code?: string };
}

/** The data of each frame of a server-sent stream; comments and other fields are left out. */
async function* dataLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trimStart();
    }
  } finally {
    await reader.cancel();
  }
}

const factsOf = ({ headers }: Response): ChatFacts => ({
  requestId: headers.get("x-request-id") ?? undefined,
  model: headers.get("x-model-used") ?? undefined,
  provider: headers.get("x-provider-used") ?? undefined,
  cache: headers.get("x-cache") ?? undefined,
});

/** Streams a chat. Throws an `ApiError` for a refusal, an error within the stream, and a stream that broke off. */
export async function* streamChat(apiKey: string, body: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const response = await openStream("v1/chat/completions", apiKey, body, signal);
  const facts = factsOf(response);
  const about = facts.requestId === undefined ? {} : { requestId: facts.requestId };
  yield { type: "opened", facts };
  for await (const line of dataLines(response.body)) {
    if (line === "[DONE]") return;
    const chunk = JSON.parse(line) as Chunk;
    if (chunk.error !== undefined) {
      throw new ApiError(chunk.error.message ?? "The answer ended unexpectedly.", {
        ...about,
        code: chunk.error.code ?? "UNKNOWN",
      });
    }
    const choice = chunk.choices?.[0];
    const text = choice?.delta?.content;
    if (typeof text === "string" && text !== "") yield { type: "text", text };
    for (const delta of choice?.delta?.tool_calls ?? []) yield { type: "tool", delta };
    if (typeof choice?.finish_reason === "string") yield { type: "finished", reason: choice.finish_reason };
    if (chunk.usage !== undefined && chunk.usage !== null) yield { type: "usage", usage: chunk.usage };
  }
  throw new ApiError("The answer ended unexpectedly.", about);
}

/** Stops a running request at the gateway: closing the connection alone does not reach a Lambda. */
export const cancelRequest = async (apiKey: string, requestId: string): Promise<void> => {
  await request(`v1/requests/${encodeURIComponent(requestId)}/cancel`, { method: "POST", apiKey });
};
