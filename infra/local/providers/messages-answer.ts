import type { Answer, AnswerUsage } from "./answer.ts";
import { alwaysThinks } from "./anthropic-models.ts";
import { type JsonObject, objectOf, objectsOf, stringOf } from "./json.ts";
import { sign } from "./signature.ts";
import type { StreamPart } from "./stream-part.ts";
import { piecesOf } from "./text-pieces.ts";
import type { WireEvent } from "./wire-engine.ts";

export interface MessagesOptions {
  readonly request: JsonObject;
  readonly answer: Answer;
  /** A scripted number of content chunks a block. */
  readonly chunks: number | undefined;
}

const stopReasons: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
};

const endOf = ({ finish, refused, stopSequence, text }: Answer): JsonObject => {
  const stopReason = refused ? "refusal" : (stopReasons[finish] ?? finish);
  return {
    stop_reason: stopReason,
    stop_sequence: stopSequence ?? null,
    stop_details:
      stopReason === "refusal" ? { type: "refusal", category: null, explanation: refused ? text : null } : null,
  };
};

const inputUsageOf = ({ input, cached, cacheWrite }: AnswerUsage): JsonObject => ({
  // Unlike OpenAI's, these three are disjoint.
  input_tokens: input - cached - cacheWrite,
  cache_creation_input_tokens: cacheWrite,
  cache_read_input_tokens: cached,
});

const outputUsageOf = ({ output, reasoning }: AnswerUsage): JsonObject => ({
  output_tokens: output,
  output_tokens_details: { thinking_tokens: reasoning },
  server_tool_use: null,
});

const usageOf = (usage: AnswerUsage): JsonObject => ({
  ...inputUsageOf(usage),
  cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
  ...outputUsageOf(usage),
  service_tier: "standard",
  inference_geo: "not_available",
  speed: "standard",
});

/** The thoughts that are shown. Newer models show none unless asked, but always sign. */
const shownThoughts = ({ request, answer }: MessagesOptions): string => {
  const display =
    objectOf(request.thinking).display ?? (alwaysThinks(stringOf(request.model)) ? "omitted" : "summarized");
  return display === "omitted" ? "" : answer.reasoningText;
};

const blockOf = (block: JsonObject, options: MessagesOptions): JsonObject => {
  if (block.type === "text") return { citations: null, ...block };
  if (block.type === "tool_use") return { caller: { type: "direct" }, ...block };
  const thinking = shownThoughts(options);
  return { type: "thinking", thinking, signature: sign(thinking) };
};

/** Completes aimock's Messages body. */
export const messagesBody = (body: JsonObject, options: MessagesOptions): JsonObject => ({
  ...body,
  content: objectsOf(body.content).map((block) => blockOf(block, options)),
  ...endOf(options.answer),
  container: null,
  diagnostics: null,
  usage: usageOf(options.answer.usage),
});

const startedBlock = (block: JsonObject): JsonObject => {
  if (block.type === "text") return { citations: null, ...block };
  return block.type === "tool_use" ? { caller: { type: "direct" }, ...block } : block;
};

/** The deltas that one delta of aimock, a whole block's content, becomes. */
const deltasOf = (delta: JsonObject, options: MessagesOptions): readonly JsonObject[] => {
  const { chunks } = options;
  switch (delta.type) {
    case "text_delta":
      return piecesOf(stringOf(delta.text), chunks).map((text) => ({ ...delta, text }));
    case "input_json_delta": {
      const json = stringOf(delta.partial_json);
      // The API begins with an empty piece, and a call without arguments has only that one.
      return ["", ...(json === "{}" ? [] : piecesOf(json, chunks))].map((partial_json) => ({ ...delta, partial_json }));
    }
    case "thinking_delta":
      return piecesOf(shownThoughts(options), chunks).map((thinking) => ({ ...delta, thinking }));
    case "signature_delta":
      return [{ ...delta, signature: sign(shownThoughts(options)) }];
    default:
      return [delta];
  }
};

/** Cuts aimock's Messages events into many and completes them. */
export const messagesParts = (events: readonly WireEvent[], options: MessagesOptions): readonly StreamPart[] => {
  const { usage } = options.answer;
  let pinged = false;
  return events.flatMap(({ event, data }): readonly StreamPart[] => {
    if (data === "[DONE]") return [];
    switch (data.type) {
      case "message_start": {
        const begun = { ...usageOf({ ...usage, output: 1, reasoning: 0 }), output_tokens_details: null };
        const message = {
          ...objectOf(data.message),
          container: null,
          diagnostics: null,
          stop_details: null,
          usage: begun,
        };
        return [{ event, data: { ...data, message }, kind: "structure" }];
      }
      case "content_block_start": {
        const part: StreamPart = {
          event,
          data: { ...data, content_block: startedBlock(objectOf(data.content_block)) },
          kind: "structure",
        };
        if (pinged) return [part];
        pinged = true;
        return [part, { event: "ping", data: { type: "ping" }, kind: "structure" }];
      }
      case "content_block_delta":
        return deltasOf(objectOf(data.delta), options).map((delta) => ({
          event,
          data: { ...data, delta },
          kind: delta.type === "signature_delta" || delta.partial_json === "" ? "structure" : "content",
        }));
      case "message_delta":
        return [
          {
            event,
            data: {
              ...data,
              delta: { container: null, ...endOf(options.answer) },
              usage: { ...inputUsageOf(usage), ...outputUsageOf(usage) },
            },
            kind: "end",
          },
        ];
      case "message_stop":
        return [{ event, data, kind: "end" }];
      default:
        return [{ event, data, kind: "structure" }];
    }
  });
};
