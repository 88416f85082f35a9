import type { ChatCompletionChunk, ChatCompletionMessage } from "openai/resources/chat/completions";
import type { AnswerRewriter, Chunk, Completion } from "#core/providers/openai/dialect.ts";
import { isRecord } from "#core/values/records.ts";
import { type Split, ThinkSplitter } from "./think-splitter.ts";

type Delta = ChatCompletionChunk.Choice["delta"] & { reasoning_content?: string | null; reasoning_details?: unknown };

/** MiniMax's own fields beside OpenAI's. */
const ownFields = [
  "base_resp",
  "input_sensitive",
  "output_sensitive",
  "input_sensitive_type",
  "output_sensitive_type",
  "output_sensitive_int",
];

const withoutOwn = <Answer extends object>(answer: Answer): Answer =>
  ownFields.some((name) => name in answer)
    ? (Object.fromEntries(Object.entries(answer).filter(([name]) => !ownFields.includes(name))) as Answer)
    : answer;

const isFiltered = (answer: object): boolean =>
  ("output_sensitive" in answer && answer.output_sensitive === true) ||
  ("input_sensitive" in answer && answer.input_sensitive === true);

const thoughtOf = (details: unknown): string =>
  (Array.isArray(details) ? details.filter(isRecord) : [])
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");

/** Thoughts as `reasoning_content`, which `reasoning_details` alone may hold. */
const reasoningOf = (delta: { reasoning_content?: unknown; reasoning_details?: unknown }): string =>
  typeof delta.reasoning_content === "string" && delta.reasoning_content !== ""
    ? delta.reasoning_content
    : thoughtOf(delta.reasoning_details);

const joined = (first: Split, second: Split): Split => ({
  thought: first.thought + second.thought,
  text: first.text + second.text,
});

/**
 * MiniMax's answers made OpenAI's: its own fields taken off, thoughts always in `reasoning_content` and never in the text,
 * and `content_filter` where its filter cut the answer.
 */
export class MinimaxAnswer implements AnswerRewriter {
  readonly #splitters = new Map<number, ThinkSplitter>();

  chunk(chunk: Chunk): Chunk {
    const filtered = isFiltered(chunk);
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    let changed = false;
    const rewritten = choices.map((choice) => {
      const other = this.#choice(choice, filtered);
      changed ||= other !== choice;
      return other;
    });
    const cleaned = withoutOwn(chunk);
    return changed ? { ...cleaned, choices: rewritten } : cleaned;
  }

  completion(completion: Completion): Completion {
    const filtered = isFiltered(completion);
    const choices = (completion.choices ?? []).map((choice) => {
      const message = choice.message as ChatCompletionMessage & {
        reasoning_content?: unknown;
        reasoning_details?: unknown;
      };
      const splitter = new ThinkSplitter();
      const { thought, text } = joined(splitter.push(message.content ?? ""), splitter.end());
      const reasoning = reasoningOf(message) + thought;
      const content = text === "" && (message.tool_calls ?? []).length > 0 ? null : text;
      return {
        ...choice,
        finish_reason: filtered ? ("content_filter" as const) : choice.finish_reason,
        message: { ...message, content, ...(reasoning === "" ? {} : { reasoning_content: reasoning }) },
      };
    });
    return { ...withoutOwn(completion), choices };
  }

  #choice(choice: ChatCompletionChunk.Choice, filtered: boolean): ChatCompletionChunk.Choice {
    const ends = typeof choice.finish_reason === "string" && (choice.finish_reason as string) !== "";
    const delta = this.#delta(choice.index ?? 0, choice.delta, ends);
    const reason = ends && filtered ? "content_filter" : choice.finish_reason;
    return delta === choice.delta && reason === choice.finish_reason
      ? choice
      : { ...choice, delta, finish_reason: reason };
  }

  #delta(choiceIndex: number, delta: Delta | undefined, ends: boolean): Delta {
    const given: Delta = delta ?? {};
    const splitter = this.#splitters.get(choiceIndex) ?? new ThinkSplitter();
    this.#splitters.set(choiceIndex, splitter);
    const said = typeof given.content === "string" ? given.content : "";
    const pushed = said === "" ? { thought: "", text: "" } : splitter.push(said);
    const { thought, text } = ends ? joined(pushed, splitter.end()) : pushed;
    const reasoning = reasoningOf(given) + thought;
    if (text === said && reasoning === (given.reasoning_content ?? "")) return given;
    return {
      ...given,
      ...(text === said ? {} : { content: text }),
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    };
  }
}
