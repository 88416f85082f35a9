import type { Answer } from "./answer.ts";
import { type ChatDialect, chatUsageOf } from "./chat-usage.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, stringOf } from "./json.ts";
import { sign } from "./signature.ts";
import type { StreamPart } from "./stream-part.ts";
import { piecesOf } from "./text-pieces.ts";
import type { WireEvent } from "./wire-engine.ts";

/** What a thought signature of Gemini is made of here: the caller cannot tell, and need not. */
export const geminiThought = "simulated thought of Gemini";

export interface ChatOptions {
  readonly dialect: ChatDialect;
  readonly request: JsonObject;
  readonly answer: Answer;
  /** A scripted number of content chunks. */
  readonly chunks: number | undefined;
  readonly noUsage: boolean;
}

/** The answer as this dialect gives it to the wire: MiniMax thinks aloud, and only OpenAI has a field for refusals. */
export const inDialect = (dialect: ChatDialect, request: JsonObject, answer: Answer): Answer => {
  const finish = answer.finish === "stop_sequence" ? "stop" : answer.finish;
  if (dialect !== "openai" && answer.refused) return { ...answer, finish: "content_filter" };
  if (dialect === "minimax" && answer.reasoningText !== "" && request.reasoning_split !== true)
    return { ...answer, finish, text: `<think>\n${answer.reasoningText}\n</think>\n\n${answer.text}` };
  return { ...answer, finish };
};

const envelopeOf = ({ dialect, request }: ChatOptions): JsonObject =>
  dialect === "openai"
    ? { service_tier: "default", system_fingerprint: "fp_simulated" }
    : dialect === "minimax"
      ? { base_resp: { status_code: 0, status_msg: "" }, input_sensitive: false, output_sensitive: false }
      : dialect === "x-ai"
        ? { system_fingerprint: `fp_${stringOf(request.model)}` }
        : {};

const reasoningOf = (dialect: ChatDialect, request: JsonObject, text: string): JsonObject => {
  if (text === "") return {};
  if (dialect === "openrouter")
    return { reasoning: text, reasoning_details: [{ type: "reasoning.text", text, format: "unknown", index: 0 }] };
  return dialect === "minimax" && request.reasoning_split === true
    ? {
        reasoning_content: text,
        reasoning_details: [{ type: "reasoning.text", text, format: "MiniMax-response-v1", index: 0 }],
      }
    : {};
};

const countOf = ({ dialect, request }: ChatOptions): number =>
  dialect === "openai" || dialect === "openrouter" ? (numberOf(request.n) ?? 1) : 1;

const usageOf = (options: ChatOptions): JsonObject => {
  const { usage } = options.answer;
  return chatUsageOf(options.dialect, { ...usage, output: usage.output * countOf(options) });
};

const signed = (call: JsonObject, first: boolean, { dialect, request }: ChatOptions): JsonObject =>
  dialect === "google" && first && /^gemini-[3-9]/.test(stringOf(request.model))
    ? { ...call, extra_content: { google: { thought_signature: sign(geminiThought) } } }
    : call;

/** A call as OpenAI has it where its tool is a custom one. */
const inForm = (call: JsonObject, place: number, { answer }: ChatOptions): JsonObject => {
  if (answer.toolCalls[place]?.custom !== true) return call;
  const { function: body, type, ...rest } = call;
  const { name, arguments: input } = objectOf(body);
  return {
    ...rest,
    ...(type === undefined ? {} : { type: "custom" }),
    custom: { ...(name === undefined ? {} : { name }), input },
  };
};

const messageOf = (message: JsonObject, options: ChatOptions): JsonObject => {
  const { answer, dialect, request } = options;
  const { reasoning_content: _, reasoning: __, ...plain } = message;
  const calls = objectsOf(message.tool_calls).map((call, index) =>
    signed(inForm(call, index, options), index === 0, options),
  );
  return {
    ...plain,
    ...(answer.refused && dialect === "openai" ? { content: null, refusal: answer.text } : {}),
    ...(dialect === "openai" ? { annotations: [] } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...reasoningOf(dialect, request, answer.reasoningText),
  };
};

/** Completes aimock's Chat Completions body in the dialect of the provider. */
export const chatBody = (body: JsonObject, options: ChatOptions): JsonObject => {
  const [choice] = objectsOf(body.choices);
  const { usage: _, ...envelope } = body;
  return {
    ...envelope,
    ...envelopeOf(options),
    choices: Array.from({ length: countOf(options) }, (__, index) => ({
      ...choice,
      index,
      message: messageOf(objectOf(choice?.message), options),
    })),
    ...(options.noUsage ? {} : { usage: usageOf(options) }),
  };
};

/** The deltas that one delta of aimock, whole text or whole arguments, becomes. */
const deltasOf = (delta: JsonObject, options: ChatOptions): readonly JsonObject[] => {
  const { answer, dialect, request, chunks } = options;
  const [call] = objectsOf(delta.tool_calls);
  if (call !== undefined) {
    const callArguments = stringOf(objectOf(call.function).arguments);
    if (dialect === "google") {
      // Google sends a call in one delta, without its index.
      const planned = answer.toolCalls[numberOf(call.index) ?? 0];
      if (call.id === undefined || planned === undefined) return [];
      const { index, ...rest } = call;
      return [{ ...delta, tool_calls: [signed({ ...rest, function: planned }, index === 0, options)] }];
    }
    const place = numberOf(call.index) ?? 0;
    const pieces = callArguments === "" ? [""] : piecesOf(callArguments, chunks);
    return pieces.map((piece) => ({
      ...delta,
      tool_calls: [inForm({ ...call, function: { ...objectOf(call.function), arguments: piece } }, place, options)],
    }));
  }
  const reasoning = stringOf(delta.reasoning_content) || stringOf(delta.reasoning);
  if (reasoning !== "") return piecesOf(reasoning, chunks).map((piece) => reasoningOf(dialect, request, piece));
  const text = stringOf(delta.content);
  if (text === "") return [delta];
  const refused = answer.refused && dialect === "openai";
  return piecesOf(text, chunks).map((piece) => (refused ? { refusal: piece } : { ...delta, content: piece }));
};

const kindOf = (choice: JsonObject | undefined, delta: JsonObject): StreamPart["kind"] => {
  if (choice === undefined || (choice.finish_reason ?? null) !== null) return "end";
  const carries = ["content", "refusal", "reasoning", "reasoning_content"].some((name) => stringOf(delta[name]) !== "");
  return carries || objectsOf(delta.tool_calls).length > 0 ? "content" : "structure";
};

/** When usage is told: OpenAI's way only if asked, Google's on every chunk, OpenRouter's always at the end. */
const usagePlace = ({ dialect, request, noUsage }: ChatOptions): "never" | "last" | "every" => {
  if (noUsage) return "never";
  if (dialect === "openrouter") return "last";
  if (objectOf(request.stream_options).include_usage !== true) return "never";
  return dialect === "google" ? "every" : "last";
};

const obfuscationOf = ({ dialect, request }: ChatOptions): JsonObject =>
  dialect === "openai" && objectOf(request.stream_options).include_obfuscation !== false
    ? { obfuscation: "simulated" }
    : {};

/** Cuts aimock's chunks into many and completes them in the dialect of the provider. */
export const chatParts = (events: readonly WireEvent[], options: ChatOptions): readonly StreamPart[] => {
  const place = usagePlace(options);
  const { dialect } = options;
  const nullUsage = place === "last" && dialect !== "openrouter" ? { usage: null } : {};
  const parts: StreamPart[] = [];
  let envelope: JsonObject = {};
  const thinksApart =
    dialect === "minimax" && options.request.reasoning_split === true && options.answer.reasoningText !== "";
  for (const { data } of events) {
    if (data === "[DONE]") continue;
    const { usage: _, choices, ...rest } = data;
    const [choice] = objectsOf(choices);
    if (choice === undefined) continue;
    envelope = { ...rest, ...envelopeOf(options) };
    const deltas = [...deltasOf(objectOf(choice.delta), options)];
    if (thinksApart && parts.length === 0)
      deltas.push(
        ...piecesOf(options.answer.reasoningText).map((piece) => reasoningOf(dialect, options.request, piece)),
      );
    const googleStops = dialect === "google" && choice.finish_reason === "tool_calls";
    for (const delta of deltas)
      for (let index = 0; index < countOf(options); index += 1)
        parts.push({
          data: {
            ...envelope,
            choices: [{ ...choice, index, delta, ...(googleStops ? { finish_reason: "stop" } : {}) }],
            ...nullUsage,
            ...(place === "every" ? { usage: usageOf(options) } : {}),
            ...obfuscationOf(options),
          },
          kind: kindOf(choice, delta),
        });
  }
  if (place === "last")
    parts.push({ data: { ...envelope, choices: [], usage: usageOf(options), ...obfuscationOf(options) }, kind: "end" });
  return [...parts, { data: "[DONE]", kind: "end" }];
};
