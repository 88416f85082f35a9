import { randomUUID } from "node:crypto";
import type { ChatCompletionChunk, ChatCompletionMessage } from "openai/resources/chat/completions";
import type { AnswerRewriter, Chunk, Completion } from "#core/providers/openai/dialect.ts";
import { isRecord } from "#core/values/is-record.ts";

type Loose = Record<string, unknown>;

const newCallId = (): string => `call_${randomUUID()}`;

const filled = (value: unknown): value is string => typeof value === "string" && value !== "";

const argumentsOf = (definition: Loose): Loose => {
  const given = definition.arguments;
  if (filled(given)) return definition;
  return { ...definition, arguments: isRecord(given) ? JSON.stringify(given) : "{}" };
};

/** A call of a whole answer, with id, type and arguments as OpenAI has them. */
const wholeCall = (call: Loose): Loose => ({
  ...call,
  id: filled(call.id) ? call.id : newCallId(),
  type: "function",
  function: argumentsOf(isRecord(call.function) ? call.function : {}),
});

/**
 * Gemini's answers made OpenAI's: ids for calls without one, the missing `index` of streamed calls, `tool_calls` as the
 * reason where it says `stop`, the reasons of its filters, and an empty message where it sent none. Thought signatures stay
 * on the calls (`extra_content`).
 */
export class GoogleAnswer implements AnswerRewriter {
  // Finish reasons are read by the tap in any case.
  readonly rewrites = /tool_calls"/;
  /** Ids of the calls of each choice, in order of their index. */
  readonly #calls = new Map<number, string[]>();

  chunk(chunk: Chunk): Chunk {
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    let changed = false;
    const rewritten = choices.map((choice) => {
      const other = this.#choice(choice);
      changed ||= other !== choice;
      return other;
    });
    return changed ? { ...chunk, choices: rewritten } : chunk;
  }

  completion(completion: Completion): Completion {
    const choices = (completion.choices ?? []).map((choice) => {
      const message = (choice.message ?? { role: "assistant", content: "", refusal: null }) as ChatCompletionMessage;
      const calls = (message.tool_calls ?? []) as unknown as Loose[];
      const reason = calls.length > 0 && choice.finish_reason === "stop" ? "tool_calls" : choice.finish_reason;
      const content = message.content ?? (calls.length > 0 ? null : "");
      const whole =
        calls.length === 0 ? { ...message, content } : { ...message, content, tool_calls: calls.map(wholeCall) };
      return { ...choice, finish_reason: reason, message: whole as ChatCompletionMessage };
    });
    return { ...completion, choices };
  }

  #choice(choice: ChatCompletionChunk.Choice): ChatCompletionChunk.Choice {
    const choiceIndex = choice.index ?? 0;
    const calls = choice.delta?.tool_calls;
    const delta =
      calls === undefined || calls === null
        ? choice.delta
        : { ...choice.delta, tool_calls: calls.map((call) => this.#call(choiceIndex, call)) };
    const reason = this.#reason(choiceIndex, choice.finish_reason);
    return delta === choice.delta && reason === choice.finish_reason
      ? choice
      : { ...choice, delta, finish_reason: reason };
  }

  #call(
    choiceIndex: number,
    call: ChatCompletionChunk.Choice.Delta.ToolCall,
  ): ChatCompletionChunk.Choice.Delta.ToolCall {
    const known = this.#calls.get(choiceIndex) ?? [];
    this.#calls.set(choiceIndex, known);
    const begins = call.function?.name !== undefined;
    const byId = filled(call.id) ? known.indexOf(call.id) : -1;
    // Every call comes whole in one delta, so one with a name is a new one unless its id or index says otherwise.
    const index = call.index ?? (byId >= 0 ? byId : begins ? known.length : Math.max(0, known.length - 1));
    if (known[index] !== undefined) return { ...call, index };
    const id = filled(call.id) && !known.includes(call.id) ? call.id : newCallId();
    known[index] = id;
    return {
      ...call,
      index,
      id,
      type: "function",
      function: argumentsOf({ ...call.function }),
    };
  }

  #reason(
    choiceIndex: number,
    reason: ChatCompletionChunk.Choice["finish_reason"],
  ): ChatCompletionChunk.Choice["finish_reason"] {
    if (typeof reason !== "string") return reason;
    const said: string = reason;
    if (said.startsWith("content_filter")) return "content_filter";
    return said === "stop" && (this.#calls.get(choiceIndex)?.length ?? 0) > 0 ? "tool_calls" : reason;
  }
}
