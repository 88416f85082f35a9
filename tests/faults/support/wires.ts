import type { ServerResponse } from "node:http";
import type { Play } from "#tests/core/support/chat-gateway.ts";

/** The three wire forms that providers of chat speak, in the pieces that a fault cuts apart. */
export interface Wire {
  readonly name: "OpenAI" | "Anthropic" | "Google";
  readonly model: string;
  /** Where the gateway is told the provider's base URL. */
  readonly baseUrlVariable: string;
  /** A whole unstreamed answer. */
  whole(text: string): string;
  /** The frames of a stream up to and with its first content. */
  begin(text: string): string;
  /** One frame with content more. */
  more(text: string): string;
  /** The frames that end a stream. */
  end(): string;
  /** An error in place of a whole answer. */
  errorBody(message: string): string;
  /** An error in place of a frame. */
  errorFrame(message: string): string;
  /** The body of a 429. */
  rateLimited(message: string): string;
}

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

const compatible = (
  facts: Pick<Wire, "name" | "model" | "baseUrlVariable">,
  error: (message: string, status: number) => unknown,
): Wire => {
  const common = { id: "chatcmpl-played", created: 1_700_000_000, model: facts.model };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const chunk = (delta: object, finishReason: string | null = null) => ({
    ...common,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
  return {
    ...facts,
    whole: (text) =>
      JSON.stringify({
        ...common,
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
        usage,
      }),
    begin: (text) => frame(chunk({ role: "assistant", content: "" })) + frame(chunk({ content: text })),
    more: (text) => frame(chunk({ content: text })),
    end: () => `${frame(chunk({}, "stop"))}${frame({ ...chunk({}), choices: [], usage })}data: [DONE]\n\n`,
    errorBody: (message) => JSON.stringify(error(message, 503)),
    errorFrame: (message) => frame(error(message, 503)),
    rateLimited: (message) => JSON.stringify(error(message, 429)),
  };
};

const openAi = compatible(
  { name: "OpenAI", model: "gpt-4o-mini", baseUrlVariable: "OPENAI_BASE_URL" },
  (message, status) => ({
    error: { message, type: status === 429 ? "rate_limit_exceeded" : "server_error", param: null, code: null },
  }),
);

const google = compatible(
  { name: "Google", model: "gemini-2.5-flash", baseUrlVariable: "GOOGLE_BASE_URL" },
  (message, status) => ({
    error: { code: status, message, status: status === 429 ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE" },
  }),
);

const event = <Event extends { readonly type: string }>(value: Event): string =>
  `event: ${value.type}\n${frame(value)}`;

const anthropicModel = "claude-sonnet-4-6";
const anthropicError = (type: string, message: string) => ({ type: "error", error: { type, message } });
const delta = (text: string): string =>
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const anthropicMessage = (content: readonly object[], stopReason: string | null, outputTokens: number) => ({
  id: "msg_played",
  type: "message",
  role: "assistant",
  model: anthropicModel,
  content,
  stop_reason: stopReason,
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: outputTokens },
});

const anthropic: Wire = {
  name: "Anthropic",
  model: anthropicModel,
  baseUrlVariable: "ANTHROPIC_BASE_URL",
  whole: (text) => JSON.stringify(anthropicMessage([{ type: "text", text }], "end_turn", 5)),
  begin: (text) =>
    event({ type: "message_start", message: anthropicMessage([], null, 1) }) +
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }) +
    delta(text),
  more: delta,
  end: () =>
    event({ type: "content_block_stop", index: 0 }) +
    event({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 5 },
    }) +
    event({ type: "message_stop" }),
  errorBody: (message) => JSON.stringify(anthropicError("overloaded_error", message)),
  errorFrame: (message) => event(anthropicError("overloaded_error", message)),
  rateLimited: (message) => JSON.stringify(anthropicError("rate_limit_error", message)),
};

export const wires: readonly Wire[] = [openAi, anthropic, google];

/** Begins an answer with status 200: an event stream, or JSON. */
export const beginAnswer = (response: ServerResponse, streamed: boolean): void => {
  response.writeHead(200, { "content-type": streamed ? "text/event-stream" : "application/json" }).flushHeaders();
};

/** Plays a provider that is well, in whichever of the three forms it is asked. */
export const answering =
  (text = "Hello to you"): Play =>
  (response, { body }) => {
    const { model, stream } = body as { readonly model: string; readonly stream?: boolean };
    const wire = wires.find((candidate) => candidate.model === model) ?? openAi;
    beginAnswer(response, stream === true);
    response.end(stream === true ? wire.begin(text) + wire.end() : wire.whole(text));
  };
